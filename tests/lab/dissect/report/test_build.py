from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from server.lab.dissect.report.build import COLUMNS, REGIONS, TILE, Pictures, build_report
from server.lab.dissect.units.regions import REGION
from server.lab.dissect.units.samples import Samples
from server.model.generator import Layer
from server.results.names import Names

CONCEPTS = ("tree", "door", "sky")
MEASURED: dict[str, Any] = {
    "brushes": [],
    "judged": [],
    "judgedApart": True,
    "context": {},
    "artifacts": {},
    "statistics": {},
}


def build(folder: Path, names: Names | None = None, size: tuple[int, int] = (16, 16)) -> dict[str, Any]:
    """A report of 5 units and 30 samples, of the seeds 100 on, all of them trees; returns its data."""
    images = np.arange(30, dtype=np.uint8)[:, None, None, None] * np.full((30, *size, 3), 8, np.uint8)
    iou = np.array([[0.3, 0, 0.3], [0.02, 0.2, 0], [0, 0, 0.04], [0.5, 0.4, 0.06], [0, 0, 0]], np.float32)
    chance = np.array([[0.1, 0, 0.2]] * 5, np.float32)
    held = {
        "iou": iou,
        "iou_fixed": iou / 2,
        "chance": chance,
        "strongest": np.array([[100, 129], [100, 101], [129, 128], [105, 106], [100, 129]]),
        "regions": np.full((5, 2, REGION**2 // 8), 7, np.uint8),
    }
    samples = Samples(100, CONCEPTS, images, np.zeros((30, *size), np.uint8))
    shown = Pictures(samples, {"layer4-3": np.zeros((2, 6, *size, 3), np.uint8)})
    layers = [Layer("layer4", 5, 8, 8)]
    build_report(folder, "village", layers, CONCEPTS, {"layer4": held}, shown, MEASURED, names or {})
    text = (folder / "data.js").read_text()
    document: dict[str, Any] = json.loads(text.removeprefix("var DISSECTION = ").removesuffix(";\n"))
    return document


def test_units_list_the_concepts_they_match_above_chance(tmp_path: Path) -> None:
    (layer,) = build(tmp_path / "report")["layers"]
    listed = [[(m[0], m[1]) for m in unit[0]] for unit in layer["units"]]
    assert listed == [[(0, 0.3)], [(1, 0.2)], [], [(0, 0.5), (1, 0.4)], []]
    assert layer["matching"] == [2, 1, 0]
    assert (layer["name"], layer["size"]) == ("layer4", [8, 8])
    assert base64.b64decode(layer["units"][0][2]) == bytes([7]) * (2 * REGION**2 // 8)


def test_pictures_lie_in_the_sheets_where_the_data_says(tmp_path: Path) -> None:
    data = build(tmp_path / "report")
    assert data["seeds"] == [100, 101, 105, 106, 128, 129]
    (layer,) = data["layers"]
    assert [data["seeds"][t] for t in layer["units"][0][1]] == [100, 129]
    sheet = Image.open(tmp_path / "report" / data["sheets"][0])
    assert sheet.width == COLUMNS * TILE
    for tile, seed in enumerate(data["seeds"]):
        x, y = tile % COLUMNS * TILE, tile // COLUMNS * TILE
        shown = np.asarray(sheet.crop((x, y, x + TILE, y + TILE))).mean()
        assert shown == pytest.approx((seed - 100) * 8, abs=6)


def test_tiles_have_the_shape_of_the_pictures(tmp_path: Path) -> None:
    data = build(tmp_path / "report", size=(12, 20))
    assert data["tile"] == [TILE, 58]
    assert Image.open(tmp_path / "report" / data["sheets"][0]).size == (COLUMNS * TILE, 58)
    assert Image.open(tmp_path / "report" / REGIONS).width == 10 * TILE
    assert Image.open(tmp_path / "report" / data["strips"]["layer4-3"]).size == (6 * 20, 2 * 12)


def test_pictures_of_artifacts_stand_before_above_after(tmp_path: Path) -> None:
    data = build(tmp_path / "report")
    assert data["strips"] == {"layer4-3": "artifacts-layer4-3.webp"}
    assert Image.open(tmp_path / "report" / data["strips"]["layer4-3"]).size == (6 * 16, 2 * 16)


def test_a_new_report_replaces_the_old_one_whole(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "old.txt").write_text("old")
    build(folder)
    names = {p.name for p in folder.iterdir()}
    assert "old.txt" not in names
    assert {"index.html", "report.css", "report.js", "data.js"} <= names
    assert [p.name for p in tmp_path.iterdir()] == ["report"]


def test_the_page_asks_for_files_that_are_there_and_for_no_other_host(tmp_path: Path) -> None:
    build(tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text()
    for part in page.split('src="')[1:] + page.split('rel="stylesheet" href="')[1:]:
        assert (tmp_path / "report" / part.partition('"')[0]).is_file()
    assert "://" not in page


def test_every_concept_has_a_row_of_samples_with_all_else_darkened(tmp_path: Path) -> None:
    build(tmp_path / "report")
    with Image.open(tmp_path / "report" / REGIONS) as sheet:
        rows = np.asarray(sheet.convert("L")).reshape(len(CONCEPTS), -1, sheet.width)
        # Of samples that are all trees the first ten, of about 4.5 * 8; no sample shows a door.
        assert rows[0, -TILE:].mean() == pytest.approx(4.5 * 8, abs=6)
        assert rows[1, -TILE:].min() == 255


def test_concepts_go_by_what_people_call_them(tmp_path: Path) -> None:
    assert build(tmp_path / "report", {"tree": "oak"})["concepts"] == ["oak", "door", "sky"]
