from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from server.errors import DissectionError
from server.results.dissection import load_dissection
from server.results.quantiles import Latents, known_quantiles, load_latents, load_published
from tests.helpers.tiny import MATCHED_UNITS, write_units

CHURCH = Path(__file__).parents[2] / "dissect_results" / "church"
GOOD: dict[str, Any] = {
    "schema": 1,
    "source": "others",
    "quantile": 0.99,
    "layer": "layer4",
    "units": 512,
    "latents": {"random_state": 1, "pictures": 1000},
    "levels": {"3": 11.3, "119": 8.02},
}
PLAN = '{"schema": 2, "plan": {"samples": 1000, "first": 3}}'


def publish(folder: Path, **changed: Any) -> None:
    (folder / "published.json").write_text(json.dumps({**GOOD, **changed}))


def test_what_is_published(tmp_path: Path) -> None:
    publish(tmp_path)
    known = known_quantiles(tmp_path, ["layer1", "layer4"])
    assert known is not None
    assert (known.source, known.latents) == ("others", Latents(1000, 1))
    (layer,) = known.layers
    assert (layer.layer, layer.total) == ("layer4", 512)
    assert layer.units.tolist() == [3, 119]
    assert layer.values.tolist() == [11.3, 8.02]


def test_what_the_dissection_stored_where_nothing_is_published(tmp_path: Path) -> None:
    write_units(tmp_path)
    (tmp_path / "effects.json").write_text(PLAN)
    known = known_quantiles(tmp_path, ["layer3", "layer4", "layer6"])
    assert known is not None
    assert (known.source, known.latents) == (None, Latents(1000, None, 3))
    (layer,) = known.layers
    assert (layer.layer, layer.total) == ("layer4", MATCHED_UNITS)
    np.testing.assert_array_equal(layer.values, 3.0)


def test_nothing_is_known(tmp_path: Path) -> None:
    assert known_quantiles(tmp_path, ["layer4"]) is None
    assert known_quantiles(tmp_path / "nowhere", ["layer4"]) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"schema": 2},
        {"source": ""},
        {"source": "\ud800"},
        {"quantile": 0.95},
        {"layer": 4},
        {"units": 0},
        {"units": 119},
        {"units": 10**9},
        {"latents": None},
        {"latents": {"random_state": -1, "pictures": 10}},
        {"latents": {"random_state": 2**32, "pictures": 10}},
        {"latents": {"random_state": 1, "pictures": 0}},
        {"latents": {"random_state": 1, "pictures": 10**9}},
        {"levels": {}},
        {"levels": {"-1": 1.0}},
        {"levels": {"tree": 1.0}},
        {"levels": {"3": 1.0, "03": 2.0}},
        {"levels": {"3": "1.0"}},
        {"levels": {"3": float("nan")}},
        {"levels": [1.0]},
    ],
)
def test_damaged_figures_are_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    publish(tmp_path, **changed)
    with pytest.raises(DissectionError, match=r"published\.json"):
        load_published(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": 1, "plan": {"samples": 9, "first": 0}}', PLAN.replace("3", "-3")]
)
def test_a_dissection_that_does_not_tell_its_pictures_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "effects.json").write_text(text)
    with pytest.raises(DissectionError, match=r"effects\.json"):
        load_latents(tmp_path)


def test_the_published_levels_of_the_church_are_those_it_is_painted_with() -> None:
    (layer,) = load_published(CHURCH).layers
    assert (layer.layer, layer.total, len(layer.units)) == ("layer4", 512, 222)
    levels = dict(zip(layer.units.tolist(), layer.values.tolist(), strict=True))
    assert levels[418] == 76.16
    brushes = load_dissection(CHURCH).brushes
    assert all(levels[unit.unit] == unit.level for brush in brushes for unit in brush.units)
