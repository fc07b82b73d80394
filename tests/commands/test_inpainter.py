from __future__ import annotations

from pathlib import Path

import pytest

from server.cli import main
from server.files import INPAINTER
from tests.helpers.tiny import write_model


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_model(tmp_path)
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("UNITBRUSH_RESULTS_DIR", str(tmp_path / "dissect_results"))
    return tmp_path


def test_an_inpainter_is_trained_and_measured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--steps", "3", "--batch", "1", "--measured", "2", "--threads", "1", "--device", "cpu"]
    assert main(["inpainter", "village", *few]) == 0
    told = capsys.readouterr()
    assert "3/3" in told.err
    assert "| the inpainter |" in told.out
    card = (folder / "models" / "village" / "inpainter.md").read_text()
    assert "3 steps of 2 parts" in card
    assert told.out.strip() in card
    assert (folder / "models" / "village" / INPAINTER).is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["village", "--steps", "0"], "whole numbers above 0"),
        (["village", "--batch", "0"], "whole numbers above 0"),
        (["village", "--threads", "0"], "--threads is 0"),
        (["village", "--device", "tpu"], "not auto, cpu or cuda"),
        (["nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_line(
    folder: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inpainter", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
