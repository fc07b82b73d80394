"""The README's list of commands: every line is one that the command takes, and the quick ones do what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from server.cli import COMMANDS, _parse, main
from server.lab.compare import run

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
LINES = re.findall(r"^    unitbrush (.*?)(?: +#.*)?$", README, re.MULTILINE)
QUICK = ("paint --seed", "variations", "proposals", "translate ", "compare picture.png")


def test_every_command_is_listed_and_takes_what_the_list_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mask.png", "photo.jpg"):
        Image.new("L", (4, 4)).save(name)
    given = [shlex.split(line.split(" >")[0]) for line in LINES]
    for arguments in given:
        assert _parse(arguments).command.__name__ == f"server.commands.{arguments[0]}"
    assert {arguments[0] for arguments in given} == set(COMMANDS)


@pytest.mark.usefixtures("shipped")
def test_the_quick_ones_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "measure", lambda *given, **options: SimpleNamespace(median_ms=1.5))
    monkeypatch.chdir(tmp_path)
    quick = [line for line in LINES if line.startswith(QUICK)]
    assert len(quick) == len(QUICK) + 1  # `paint --seed` twice
    for line in quick:
        assert main(shlex.split(line)) == 0, line
