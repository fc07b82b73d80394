from __future__ import annotations

import numpy as np

from server.inversion.keeping import kept, painted
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture, Rect, Region

SIDE = 64


def alpha(painter: Painter, *edits: Edit) -> np.ndarray:
    return painted(painter.covered(Picture("village", seed=3, edits=edits)), (SIDE, SIDE))


def test_a_rim_lies_between_what_was_painted_and_what_was_not(painter: Painter) -> None:
    inside = alpha(painter, Edit("draw", "tree", Rect((0.0, 0.0, 0.5, 1.0))))
    assert np.all(inside[:, :32] == 1)
    assert np.all(inside[:, 32 + 9 :] == 0)
    across = inside[30]
    assert np.all(np.diff(across) <= 1e-6)
    assert len(np.unique(across.round(3))) > 5


def test_nothing_and_everything(painter: Painter) -> None:
    assert alpha(painter).max() == 0
    assert alpha(painter, Edit("draw", "tree", Rect((0.0, 0.0, 0.5, 1.0)), strength=0.0)).max() == 0
    assert alpha(painter, Edit("remove", "tree", None)).min() == 1
    assert alpha(painter, Edit("draw", "tree", Region("sky"))).max() <= 1
    assert painter.covered(Picture("village", seed=3, clean=True)).max() == 0  # cleaning is not painting


def test_pixels_are_mixed() -> None:
    own, other = np.full((2, 2, 3), 10, np.uint8), np.full((2, 2, 3), 110, np.uint8)
    share = np.array([[0, 1], [0.5, 0.25]], np.float32)
    assert kept(own, other, share)[..., 0].tolist() == [[10, 110], [60, 35]]
