from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.errors import DissectionError
from server.results.artifacts import load_artifacts
from tests.helpers.tiny import write_artifacts


def test_units_come_by_their_layer(tmp_path: Path) -> None:
    assert load_artifacts(tmp_path) == ()
    write_artifacts(tmp_path, "layer6", 7, 3, 7)
    assert load_artifacts(tmp_path) == (("layer6", (7, 3)),)
    write_artifacts(tmp_path, "layer6")
    assert load_artifacts(tmp_path) == ()


def test_several_layers_may_hold_some_and_a_file_may_name_one_for_all(tmp_path: Path) -> None:
    units = [{"layer": "layer6", "unit": 7}, {"layer": "layer2", "unit": 5}, {"layer": "layer6", "unit": 1}]
    (tmp_path / "artifacts.json").write_text(json.dumps({"schema": 1, "units": units}))
    assert load_artifacts(tmp_path) == (("layer6", (7, 1)), ("layer2", (5,)))
    (tmp_path / "artifacts.json").write_text(json.dumps({"schema": 1, "layer": "layer4", "units": [{"unit": 2}]}))
    assert load_artifacts(tmp_path) == (("layer4", (2,)),)


def test_units_of_several_layers_and_files_of_one(tmp_path: Path) -> None:
    units = [{"layer": "layer6", "unit": 7}, {"layer": "layer2", "unit": 1}, {"layer": "layer6", "unit": 3}]
    (tmp_path / "artifacts.json").write_text(json.dumps({"schema": 1, "units": units, "together": None}))
    assert load_artifacts(tmp_path) == (("layer6", (7, 3)), ("layer2", (1,)))
    (tmp_path / "artifacts.json").write_text(json.dumps({"schema": 1, "layer": "layer4", "units": [{"unit": 5}]}))
    assert load_artifacts(tmp_path) == (("layer4", (5,)),)


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"schema": 2, "layer": "layer6", "units": []},
        {"schema": 1, "layer": "layer6"},
        {"schema": 1, "units": [{"unit": 3}]},
        {"schema": 1, "units": [{"unit": 3, "layer": 6}]},
        {"schema": 1, "layer": "layer6", "units": [3]},
        {"schema": 1, "layer": "layer6", "units": [{"unit": -1}]},
        {"schema": 1, "layer": "layer6", "units": [{"unit": True}]},
        {"schema": 1, "layer": "layer6", "units": [{"unit": "3"}]},
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path: Path, document: object) -> None:
    (tmp_path / "artifacts.json").write_text(json.dumps(document))
    with pytest.raises(DissectionError, match=r"artifacts\.json") as caught:
        load_artifacts(tmp_path)
    assert "\n" not in str(caught.value)
