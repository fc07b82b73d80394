from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.errors import DissectionError
from server.model.catalog import Catalog
from server.results.context import load_context
from server.results.dissection import load_dissection
from server.results.names import load_names, renamed
from server.results.units import load_units
from tests.helpers.tiny import write_context, write_model, write_units


def write_names(folder: Path, names: object) -> None:
    (folder / "names.json").write_text(json.dumps(names))


def test_without_a_file_there_are_no_names(tmp_path: Path) -> None:
    assert load_names(tmp_path) == {}


def test_a_document_is_renamed_in_values_and_keys() -> None:
    document = {"tree": [{"concept": "tree", "level": 1.5, "on": None}, ["door"]]}
    assert renamed(document, {"tree": "oak"}) == {"oak": [{"concept": "oak", "level": 1.5, "on": None}, ["door"]]}


def test_everything_that_is_loaded_goes_by_the_new_names(tmp_path: Path) -> None:
    write_model(tmp_path)
    results = tmp_path / "dissect_results" / "village"
    write_units(results)
    write_context(results)
    write_names(results, {"tree": "oak", "gate": "portal"})
    assert load_dissection(results).concepts == ("oak", "door", "sky")
    assert load_units(results, "layer4").concepts == ("oak", "door")
    table = load_context(results)
    assert table["concepts"] == ["oak", "door"]
    assert set(table["draw"]) == set(table["draw"]["oak"]) == {"oak", "door"}
    model = Catalog(tmp_path / "models", tmp_path / "dissect_results").get("village")
    assert model.segmenter is not None
    assert model.segmenter.concepts == ("sky", "oak", "door")


@pytest.mark.parametrize("names", [[], {"tree": 5}, {"tree": ""}, {"tree": "a", "door": "a"}, {"tree": "a" * 65}])
def test_damaged_names_are_told_in_one_line(tmp_path: Path, names: object) -> None:
    write_names(tmp_path, names)
    with pytest.raises(DissectionError, match=r"names\.json holds no names of concepts") as caught:
        load_names(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_name_that_another_concept_has_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path)
    results = tmp_path / "dissect_results" / "village"
    write_names(results, {"tree": "door"})
    with pytest.raises(DissectionError, match="stands twice"):
        load_dissection(results)
