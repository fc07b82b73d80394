"""Strokes, and answers to those that draw a tree, a cloud, a roof or a dome: a thing where the stroke is, as large as
that, in the scene's colours.

A scene with something more or less shows what stroke a painter may have made, but not the other way round: many trees
could come of one stroke, and who learns them all draws the mean of them, a ghost. So a stroke has one answer here,
which follows from where it is alone. A tree's crown follows the stroke, above a stem; a high stroke gives a
poplar, a flat one a bush.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

from server.lab.scenes.canvas import Point
from server.lab.scenes.concepts import ROOF, TREE
from server.lab.scenes.masonry import Dome, Finial, Part, Roof
from server.lab.scenes.palette import season_colours
from server.lab.scenes.plants import Tree
from server.lab.scenes.sample_village import haze
from server.lab.scenes.scene import Scene
from server.lab.scenes.sky import Cloud
from server.painting.picture import Rect, Stroke, Strokes

# Of a stroke's height to its width: below the first a tree is a bush, above the second a poplar.
_FLAT, _HIGH = 0.8, 1.75
# How much of a tree's height its crown takes, and the circles of which that is made, as of trees that scenes have.
_CROWN = 0.82
_CLUMP = ((0.0, -0.34, 0.66), (-0.46, 0.02, 0.54), (0.46, 0.0, 0.54), (-0.12, 0.3, 0.52), (0.2, 0.3, 0.5))
# Places along a stroke that a bush's or a cloud's circles have; light falls on the first three.
_ALONG = (0.0, 0.5, 1.0, 0.25, 0.75)


@dataclass(frozen=True)
class BrushStroke:
    """A stroke that draws a concept: its points and radius, in parts of the picture. Where `boxed`, it is the box about
    that instead."""

    concept: int
    points: tuple[Point, ...]
    radius: float
    boxed: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The box that holds the points and the radius about them: (left, top, right, bottom)."""
        xs, ys = zip(*self.points, strict=True)
        r = self.radius
        return min(xs) - r, min(ys) - r, max(xs) + r, max(ys) + r

    @property
    def mask(self) -> Strokes | Rect:
        """Where it is, as in a picture document."""
        if not self.boxed:
            return Strokes((Stroke(self.points, self.radius),))
        left, top, right, bottom = map(_inside, self.box)
        return Rect((left, top, right, bottom))

    def at(self, t: float) -> Point:
        """The point a part of the way along, t in 0..1."""
        lengths = [math.dist(a, b) for a, b in pairwise(self.points)]
        left = t * sum(lengths)
        for (a, b), length in zip(pairwise(self.points), lengths, strict=True):
            if left <= length and length > 0:
                return a[0] + (b[0] - a[0]) * left / length, a[1] + (b[1] - a[1]) * left / length
            left -= length
        return self.points[-1]


def answered(scene: Scene, stroke: BrushStroke) -> Scene:
    """The scene with the tree or the cloud that a stroke of either draws before all else."""
    thing: Tree | Cloud = _tree(scene, stroke) if stroke.concept == TREE else _cloud(stroke)
    return replace(scene, front=(*scene.front, thing))


def _tree(scene: Scene, stroke: BrushStroke) -> Tree:
    left, top, right, bottom = stroke.box
    width, height = right - left, bottom - top
    lowest = max(stroke.points, key=lambda point: point[1])[0]
    x = ((left + right) / 2 + lowest) / 2
    aspect = height / width
    kind = "bush" if aspect < _FLAT else "poplar" if aspect > _HIGH else "round"
    season = season_colours(scene.season)
    kin = (tree for tree in scene.trees if tree.kind != "conifer")
    neighbour = min(kin, key=lambda tree: abs(tree.x - x), default=None)
    leaf, bark = (neighbour.leaf, neighbour.bark) if neighbour else (season.leaf, (0.44, 0.28, 0.18))
    puffs = tuple((a, b, stroke.radius) for a, b in map(stroke.at, _ALONG)) if kind == "bush" else _crown(stroke)
    middle, half = (top + bottom) / 2, width / 2
    puffs = tuple(((a - x) / half, (b - middle) / half, r / half) for a, b, r in puffs)
    return Tree("", kind, x, bottom, height, half, haze(scene.sky.horizon, bottom), leaf, bark, puffs)


def _crown(stroke: BrushStroke) -> tuple[tuple[float, float, float], ...]:
    """Circles (x, y, radius) of a crown in the upper part of a stroke, as that of a tree above its stem."""
    _, top, _, bottom = stroke.box
    tall, r = _CROWN * (bottom - top), 0.9 * stroke.radius
    low, high = min(dy - radius for _, dy, radius in _CLUMP), max(dy + radius for _, dy, radius in _CLUMP)
    spare = bottom - top - 2 * stroke.radius
    by = max(0.0, tall - (high - low) * r) / spare if spare > 1e-6 else 0.0
    spots = [(a, top - low * r + by * (b - top - stroke.radius)) for a, b in map(stroke.at, (0.5, 0.0, 1.0))]
    return tuple((a + dx * r, b + dy * r, radius * r) for dx, dy, radius in _CLUMP for a, b in spots)


def _cloud(stroke: BrushStroke) -> Cloud:
    left, top, right, bottom = stroke.box
    x, y, r = (left + right) / 2, (top + bottom) / 2, stroke.radius
    unit = 4 * r  # a cloud's base lies 0.16 of it below its middle
    puffs = []
    for t in _ALONG:
        a, b = stroke.at(t)
        crest = 1 - 2 * abs(t - 0.5)  # 1 in the middle, 0 at the ends
        puffs.append(
            ((a - x) / unit, (0.4 * (b - y) + (0.1 - 0.25 * crest) * r) / unit, (0.5 + 0.25 * crest) * r / unit)
        )
    reach = (right - left) / 2
    for side in (-1, 1):
        puffs += [(side * (reach - 0.35 * r) / unit, 0.3 * r / unit, 0.35 * r / unit)]
        puffs += [(side * (reach - 0.85 * r) / unit, 0.1 * r / unit, 0.55 * r / unit)]
    return Cloud("", x, y, unit, tuple(puffs))


def crowning(stroke: BrushStroke) -> tuple[Part, ...]:
    """The roof, or the dome with its cross, that a stroke of either draws."""
    left, top, right, bottom = stroke.box
    x, width, height = (left + right) / 2, right - left, bottom - top
    if stroke.concept == ROOF:
        if height > 1.1 * width:  # a spire
            return (Roof(((left, bottom), (right, bottom), (x, top))),)
        inset = min(0.3 * width, 0.6 * height)
        return (Roof(((left, bottom), (right, bottom), (right - inset, top), (left + inset, top))),)
    onion, tall = float(height > 1.1 * width), 0.8 * height
    dome = Dome(x, bottom, 0.95 * width / (1 + 0.2 * onion), tall, onion)
    return dome, Finial(x, bottom - tall + 0.05 * height, 0.25 * height, True)


def _inside(value: float) -> float:
    return min(1.0, max(0.0, float(value)))
