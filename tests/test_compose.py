"""compose.yaml as far as it can be looked at without Docker: what it sets is there, and only this machine gets in."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from server.settings import Settings

REPOSITORY = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())


def test_what_it_sets_are_settings() -> None:
    names = [name.removeprefix("UNITBRUSH_").lower() for name in COMPOSE["services"]["server"]["environment"]]
    assert "database" in names
    assert set(names) <= set(Settings.model_fields)


def test_only_this_machine_gets_in_and_only_by_the_proxy() -> None:
    ports = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}
    assert ports == {"proxy": ["127.0.0.1:${PORT:-8000}:8000"]}


def test_names_that_go_together_do() -> None:
    (mounted,) = COMPOSE["services"]["proxy"]["configs"]
    proxy = COMPOSE["configs"][mounted["source"]]["content"]
    assert "$" not in proxy, "Docker would put a variable there"
    (server,) = re.findall(r"server-template server \d+ (\w+):8000", proxy)
    assert COMPOSE["services"][server]["build"] == "."
    assert "postgres" in re.findall(r"pip install .*'\.\[(\w+)\]'", (REPOSITORY / "Dockerfile").read_text())
