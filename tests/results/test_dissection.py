"""A stored dissection survives the round trip, and a damaged one is refused in one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from server.errors import DissectionError
from server.lab.dissect.report.dissection import save_dissection
from server.results.brush import Brush, Dissection, RankedUnit, Removing
from server.results.dissection import load_dissection

UNITS = tuple(RankedUnit(u, 0.25, None, -1.5 * u, 0.5) for u in (4, 0, 9))
TREE = Brush("tree", "layer4", UNITS, 2, 0.4, 0.3, True, "contrast")
DOME = Brush("dome", "layer6", (RankedUnit(1, None, 0.125, 2.0),), 1, 0.6, None, True)
DISSECTION = Dissection("village", (TREE, replace(TREE, layer="layer6", best=False), DOME), "measured here")


def test_the_round_trip(tmp_path: Path) -> None:
    save_dissection(tmp_path / "village", DISSECTION)
    assert load_dissection(tmp_path / "village") == DISSECTION
    assert [f.name for f in (tmp_path / "village").iterdir()] == ["dissection.json"]


def test_the_painting_order_of_concepts() -> None:
    unmeasured = replace(DOME, concept="fog", draw_effect=None)
    dissection = replace(DISSECTION, brushes=(unmeasured, *DISSECTION.brushes))
    assert dissection.concepts == ("dome", "tree", "fog")


def test_the_edit_layer_is_where_most_concepts_paint_best() -> None:
    assert replace(DISSECTION, brushes=(TREE, DOME, replace(DOME, concept="door"))).edit_layer == "layer6"
    assert Dissection("village", (TREE,)).edit_layer == "layer4"


def test_brushes_by_concept_and_layer() -> None:
    assert DISSECTION.brush("tree") is TREE
    assert DISSECTION.brush("tree", "layer6") == replace(TREE, layer="layer6", best=False)
    assert DISSECTION.brush("tree", "layer2") is None
    assert DISSECTION.brush("fog") is None


def test_twenty_units_where_none_were_recommended(tmp_path: Path) -> None:
    many = replace(TREE, units=tuple(RankedUnit(u, None, None, 1.0) for u in range(30)))
    save_dissection(tmp_path, Dissection("village", (many, DOME)))
    document = json.loads((tmp_path / "dissection.json").read_text())
    for brush in document["brushes"]:
        del brush["recommended_units"]
    (tmp_path / "dissection.json").write_text(json.dumps(document))
    assert [b.recommended_units for b in load_dissection(tmp_path).brushes] == [20, 1]


def test_removing_may_go_by_other_units_at_another_layer(tmp_path: Path) -> None:
    here = replace(TREE, removing=Removing((2, 0, 1), 2, False, "causal removing"))
    there = replace(TREE, layer="layer6", best=False, removing=Removing((1, 0), 1, True))
    dissection = Dissection("village", (here, there, DOME))
    save_dissection(tmp_path, dissection)
    assert load_dissection(tmp_path) == dissection
    assert dissection.brush("tree") == here
    assert dissection.brush("tree", op="remove") == there
    assert dissection.brush("tree", "layer4", "remove") == here
    assert dissection.brush("dome", op="remove") == DOME
    assert here.ranked("remove") == ((2, 0, 1), 2)
    assert DOME.ranked("remove") == DOME.ranked("draw")


def test_weak_brushes_come_last(tmp_path: Path) -> None:
    dissection = Dissection("village", (replace(TREE, weak=("removing",)), DOME))
    save_dissection(tmp_path, dissection)
    assert load_dissection(tmp_path).concepts == ("dome", "tree")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("remove", 5),
        ("remove", {"best": True, "recommended_units": 1, "units": "01"}),
        ("remove", {"best": True, "recommended_units": 1, "units": [0.5]}),
        ("remove", {"best": True, "units": [0]}),
        ("weak", "drawing"),
        ("weak", [3]),
    ],
)
def test_damaged_removing_and_weak_are_refused(tmp_path: Path, name: str, value: object) -> None:
    save_dissection(tmp_path, DISSECTION)
    document = json.loads((tmp_path / "dissection.json").read_text())
    document["brushes"][0][name] = value
    (tmp_path / "dissection.json").write_text(json.dumps(document))
    with pytest.raises(DissectionError, match="holds no dissection"):
        load_dissection(tmp_path)


def broken(**changed: Any) -> Dissection:
    return replace(DISSECTION, brushes=(replace(TREE, **changed), DOME))


@pytest.mark.parametrize(
    "dissection",
    [
        Dissection("village", ()),
        broken(units=()),
        broken(units=(UNITS[0], UNITS[0])),
        broken(units=(replace(UNITS[0], unit=-1), UNITS[1])),
        broken(units=(replace(UNITS[0], level=float("nan")), UNITS[1])),
        broken(recommended_units=0),
        broken(recommended_units=4),
        broken(best=False),
        broken(draw_effect=float("inf")),
        broken(removing=Removing((0, 0), 1, True)),
        broken(removing=Removing((), 1, True)),
        broken(removing=Removing((0, 1), 3, True)),
        broken(removing=Removing((0, 1), 1, False)),  # no layer to remove at by default
        replace(DISSECTION, brushes=(TREE, TREE)),
        replace(DISSECTION, brushes=(TREE, replace(TREE, layer="layer6"))),
    ],
)
def test_what_no_painter_could_use_is_not_saved(tmp_path: Path, dissection: Dissection) -> None:
    with pytest.raises(DissectionError):
        save_dissection(tmp_path / "village", dissection)
    assert not (tmp_path / "village").exists()


def change(document: dict[str, Any], path: str, value: Any) -> None:
    *steps, last = (int(s) if s.isdigit() else s for s in path.split("."))
    at: Any = document
    for step in steps:
        at = at[step]
    if value == "absent":
        del at[last]
    else:
        at[last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema", 2),
        ("schema", "absent"),
        ("model", "absent"),
        ("brushes", "absent"),
        ("brushes", {}),
        ("brushes", 5),
        ("brushes.0", "tree"),
        ("brushes.0.concept", 5),
        ("brushes.0.concept", ""),
        ("brushes.0.layer", None),
        ("brushes.0.best", "absent"),
        ("brushes.0.best", "yes"),
        ("brushes.0.units", {}),
        ("brushes.0.units.0", 4),
        ("brushes.0.units.0.unit", 1.5),
        ("brushes.0.units.0.unit", True),
        ("brushes.0.units.0.level", None),
        ("brushes.0.units.0.level", "7"),
        ("brushes.0.units.0.iou", "absent"),
        ("brushes.0.recommended_units", 99),
        ("brushes.0.draw_effect", "much"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, path: str, value: Any) -> None:
    save_dissection(tmp_path, DISSECTION)
    document = json.loads((tmp_path / "dissection.json").read_text())
    change(document, path, value)
    (tmp_path / "dissection.json").write_text(json.dumps(document))
    with pytest.raises(DissectionError) as error:
        load_dissection(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": NaN}', "[" * 100_000, "\x00", "é"])
def test_what_is_no_json_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "dissection.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DissectionError) as error:
        load_dissection(tmp_path)
    assert "\n" not in str(error.value)


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DissectionError, match="unitbrush dissect"):
        load_dissection(tmp_path / "village")


def test_the_shipped_church_brushes_load() -> None:
    dissection = load_dissection(Path(__file__).parents[2] / "dissect_results" / "church")
    assert dissection.concepts == ("tree", "grass", "door", "sky", "cloud", "brick", "dome", "window")
    assert "ICLR 2019" in dissection.source
    assert dissection.edit_layer == "layer4"
    for brush in dissection.brushes:
        assert len(brush.units) == 30
        assert brush.recommended_units == 20
        assert brush.draw_effect is None
    tree = dissection.brush("tree")
    assert tree is not None
    assert [(u.unit, u.level, u.score) for u in tree.units[:2]] == [(119, 8.02, 1.0), (125, 10.3, 1.0)]
