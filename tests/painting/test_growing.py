from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from server.painting import growing
from server.painting.growing import LOOSE, GrowingStrokes
from server.painting.mask import coverage
from server.painting.picture import Point, Stroke, Strokes


def path(count: int, seed: int = 0) -> list[Point]:
    """A line that turns about, in places along the picture's edges."""
    rng = np.random.RandomState(seed)
    steps = np.cumsum(rng.uniform(-0.08, 0.08, (count, 2)), axis=0) + 0.5  # (count, 2)
    return [(float(x), float(y)) for x, y in steps.clip(0, 1).round(4)]


def test_a_growing_stroke_covers_to_the_bit_what_it_covers_as_a_whole() -> None:
    strokes, points = GrowingStrokes(), path(90)
    for count in range(1, len(points) + 1, 2):
        mask = Strokes((Stroke(tuple(points[:count]), 0.06),))
        for side in (8, 32):
            assert np.array_equal(strokes.coverage(mask, side, side), coverage(mask, side, side))


def test_a_stroke_of_several_pieces_whose_end_changes_is_covered_as_a_whole() -> None:
    strokes, points = GrowingStrokes(), path(60, 1)
    rng = np.random.RandomState(2)
    for count in range(30, 60):
        shaken = [(x, min(1.0, y + float(rng.uniform(0, 0.02)))) for x, y in points[count - 3 : count]]
        ends = (*points[:20], points[20]), (*points[20 : count - 3], *shaken)
        mask = Strokes(tuple(Stroke(tuple(some), radius) for some, radius in zip(ends, (0.05, 0.08), strict=True)))
        assert np.array_equal(strokes.coverage(mask, 16, 24, 1.5), coverage(mask, 16, 24, 1.5))


def test_another_stroke_from_the_same_point_is_another_one() -> None:
    strokes, points = GrowingStrokes(), path(80)
    strokes.coverage(Strokes((Stroke(tuple(points), 0.06),)), 16, 16)
    others = [*points[:3], *path(70, 3)]
    mask = Strokes((Stroke(tuple(others), 0.06),))
    assert np.array_equal(strokes.coverage(mask, 16, 16), coverage(mask, 16, 16))
    shorter = Strokes((Stroke(tuple(points[:40]), 0.06),))
    assert np.array_equal(strokes.coverage(shorter, 16, 16), coverage(shorter, 16, 16))


def test_what_erases_is_covered_as_ever() -> None:
    mask = Strokes((Stroke(tuple(path(60)), 0.06), Stroke(((0.5, 0.5), (0.6, 0.6)), 0.1, erase=True)))
    assert np.array_equal(GrowingStrokes().coverage(mask, 16, 16), coverage(mask, 16, 16))


def test_only_what_has_come_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def rasterise(segments: Any, inside: Any, value: bool, aspect: float) -> None:
        drawn.append(len(segments))

    monkeypatch.setattr(growing, "rasterise", rasterise)
    strokes, points = GrowingStrokes(), path(200)
    for count in range(100, 200):
        strokes.coverage(Strokes((Stroke(tuple(points[:count]), 0.06),)), 16, 16)
    assert sum(drawn) < 100 * 3 * LOOSE
    assert max(drawn[2:]) <= 2 * LOOSE
