from __future__ import annotations

from pathlib import Path

import pytest

from server.errors import DissectionError
from server.files import write_json
from server.results.context import load_context


def test_a_context_table_of_another_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DissectionError, match="missing"):
        load_context(tmp_path)
    write_json(tmp_path / "context.json", {"schema": 9, "concepts": [], "draw": {}})
    with pytest.raises(DissectionError, match="schema 9"):
        load_context(tmp_path)
    write_json(tmp_path / "context.json", {"schema": 1, "concepts": ["a"], "draw": {"a": {}}})
    assert load_context(tmp_path) == {"concepts": ["a"], "draw": {"a": {}}}


GAIN = {"pictures": 8, "before": 0.0, "drawn": 0.4}


@pytest.mark.parametrize(
    "members",
    [
        {"concepts": "tree"},
        {"concepts": [1]},
        {"draw": []},
        {"draw": {"tree": []}},
        {"draw": {"tree": {"door": 0.4}}},
        {"draw": {"tree": {"door": {}}}},
        {"draw": {"tree": {"door": {**GAIN, "drawn": "much"}}}},
        {"draw": {"tree": {"door": {**GAIN, "drawn": 10**400}}}},
        {"draw": {"tree": {"door": {**GAIN, "pictures": 0}}}},
    ],
)
def test_a_context_table_of_other_kinds_is_refused(tmp_path: Path, members: dict[str, object]) -> None:
    write_json(tmp_path / "context.json", {"schema": 1, "concepts": ["tree"], "draw": {}, **members})
    with pytest.raises(DissectionError, match="context table"):
        load_context(tmp_path)
