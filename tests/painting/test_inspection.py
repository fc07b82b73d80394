from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from server.painting.inspection import at_point, featuremap, most_active
from server.results.brush import Brush, Dissection, RankedUnit
from server.results.units import UnitTable

RANKED = (RankedUnit(0, 0.1, None, 1.0), RankedUnit(2, None, None, 1.0))
OTHERS = (RankedUnit(0, 0.3, None, 1.0),)
DISSECTION = Dissection(
    "village",
    (
        Brush("tree", "layer4", RANKED, 1, None, None, True),
        Brush("door", "layer4", OTHERS, 1, None, None, True),
        Brush("door", "layer5", (RankedUnit(1, 0.9, None, 1.0),), 1, None, None, False),
    ),
)
FLAT = np.ones(3, np.float32)
IOU = np.array([[0.1, 0.2], [0.4, 0.3], [0.0, 0.5]], np.float32)
TABLE = UnitTable(
    layer="layer4",
    concepts=("tree", "door"),
    iou=IOU,
    iou_fixed=IOU,
    threshold=IOU,
    mean=FLAT * 0,
    deviation=FLAT,
    high=np.array([10, 1, 5], np.float32),
    strongest=np.zeros((3, 4), np.int64),
    regions=np.zeros((3, 4, 72), np.uint8),
)


def maps() -> np.ndarray:
    """Three units on 4x4 cells; at the cell (1, 2) they are 8, 1 and -1."""
    r = np.zeros((4, 4, 3), np.float32)
    r[1, 2] = 8, 1, -1
    return r


def test_a_point_is_the_cell_it_lies_in() -> None:
    assert np.argwhere(at_point(0.6, 0.3, 4, 4)).tolist() == [[1, 2]]
    assert np.argwhere(at_point(1.0, 1.0, 4, 8)).tolist() == [[3, 7]]
    assert at_point(0.0, 0.0, 4, 4).sum() == 1


def test_units_rank_by_how_unusual_they_are() -> None:
    found = most_active(maps(), at_point(0.6, 0.3, 4, 4), TABLE, DISSECTION, "layer4", 3)
    assert [u.unit for u in found] == [1, 0, 2]
    assert [u.activation for u in found] == [1, 8, -1]
    assert found[0].quantile == pytest.approx(0.99)
    assert 0.9 < (found[1].quantile or 0) < 0.99
    assert found[2].quantile == pytest.approx(0.1587, abs=1e-3)
    assert [(u.concept, u.iou) for u in found] == [
        ("tree", pytest.approx(0.4)),
        ("door", pytest.approx(0.2)),
        ("door", pytest.approx(0.5)),
    ]


def test_without_a_dissection_of_the_layer_nothing_is_made_up() -> None:
    found = most_active(maps(), at_point(0.6, 0.3, 4, 4), None, DISSECTION, "layer4", 2)
    assert [u.unit for u in found] == [0, 1]
    assert [u.quantile for u in found] == [None, None]
    assert [(u.concept, u.iou) for u in found] == [("door", 0.3), (None, None)]


def test_a_mask_gives_the_mean_weighted_by_its_coverage() -> None:
    where = np.zeros((4, 4), np.float32)
    where[1, 2], where[0, 0] = 0.75, 0.25
    found = most_active(maps(), where, TABLE, DISSECTION, "layer4", 3)
    assert {u.unit: u.activation for u in found} == {0: 6, 1: 0.75, 2: -0.75}


@pytest.mark.parametrize("flat", [False, True])
def test_a_featuremap_can_be_read_back(flat: bool) -> None:
    r = np.full((4, 6), -3.0, np.float32) if flat else np.linspace(-2, 5, 24, dtype=np.float32).reshape(4, 6)
    shown = featuremap(r)
    grey = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown.png))))
    assert grey.dtype == np.uint8
    assert np.allclose(shown.low + grey / 255 * (shown.high - shown.low), r, atol=7 / 255)
