"""compose.yaml as far as it can be looked at without Docker: what it sets is there, and only this machine gets in."""

from __future__ import annotations

import re
from pathlib import Path

from server.settings import Settings

REPOSITORY = Path(__file__).parents[1]
COMPOSE = (REPOSITORY / "compose.yaml").read_text()


def test_what_it_sets_are_settings() -> None:
    names = re.findall(r"^ +UNITBRUSH_(\w+):", COMPOSE, re.M)
    assert "DATABASE" in names
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_only_this_machine_gets_in_and_only_by_the_proxy() -> None:
    ports = re.findall(r"^ +ports:\n((?: +(?:#|-).*\n)+)", COMPOSE, re.M)
    assert len(ports) == 1
    assert re.findall(r"- (.*)", ports[0]) == ['"127.0.0.1:${PORT:-8000}:8000"']


def test_files_and_names_that_go_together_do() -> None:
    (mounted,) = re.findall(r"- \./(\S+?\.cfg):", COMPOSE)
    proxy = (REPOSITORY / mounted).read_text()
    (server,) = re.findall(r"server-template server \d+ (\w+):8000", proxy)
    assert re.search(rf"^  {server}:\n    build: \.", COMPOSE, re.M)
    assert "postgres" in re.findall(r"pip install .*'\.\[(\w+)\]'", (REPOSITORY / "Dockerfile").read_text())
