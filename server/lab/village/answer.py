"""Answers to strokes of all twelve concepts: what a brush's stroke should draw in a scene.

A stroke has one answer, which follows from where it is. `server.lab.scenes.answer` forms trees, clouds, roofs, domes;
here a wall gets a roof, a dome stands on something, a roof shelters, doors and windows are upright in a wall or have a
small house around them, a mountain rises from the horizon, water lies level, a path leads on.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from server.lab.scenes.answer import BrushStroke, crowning
from server.lab.scenes.answer import answered as answered_in_front
from server.lab.scenes.buildings import Building, Piece, half_width
from server.lab.scenes.canvas import Point
from server.lab.scenes.concepts import CLOUD, CONCEPTS, DOME, DOOR, GRASS, MOUNTAIN, PATH, ROOF, SKY, TREE, WALL, WATER
from server.lab.scenes.land import Mountains, Path, Water
from server.lab.scenes.masonry import Material, Opening, Part, Roof, Wall
from server.lab.scenes.palette import (
    DOME_COLOURS,
    DOOR_COLOURS,
    ROOF_COLOURS,
    WALL_COLOURS,
    blend,
    season_colours,
)
from server.lab.scenes.sample_village import haze
from server.lab.scenes.scene import Scene


def answered(scene: Scene, stroke: BrushStroke) -> Scene:
    """The scene with what the stroke draws."""
    match stroke.concept:
        case c if c in (TREE, CLOUD):
            return answered_in_front(scene, stroke)
        case c if c == SKY:
            return _cleared(scene, stroke)
        case c if c == MOUNTAIN:
            return _risen(scene, stroke)
        case c if c == GRASS:
            return _grown_over(scene, stroke)
        case c if c == PATH:
            return _led_on(scene, stroke)
        case c if c == WATER:
            return _filled(scene, stroke)
        case _:
            return replace(scene, front=(*scene.front, _built(scene, stroke)))


def _cleared(scene: Scene, stroke: BrushStroke) -> Scene:
    """No clouds in the stroke, and no peaks."""
    left, top, right, bottom = stroke.box
    clouds = tuple(c for c in scene.clouds if not (left < c.x < right and top < c.y < bottom + 0.05))
    mountains = scene.mountains
    if mountains is not None:
        tops = [(x, scene.sky.horizon - height) for x, height, _ in mountains.peaks]
        met = [left - 0.08 < x < right + 0.08 and y < bottom for x, y in tops]
        mountains = replace(mountains, peaks=tuple(p for p, m in zip(mountains.peaks, met, strict=True) if not m))
    return replace(scene, clouds=clouds, mountains=mountains)


def _risen(scene: Scene, stroke: BrushStroke) -> Scene:
    """A peak under the stroke, as high as its upper edge."""
    left, top, right, bottom = stroke.box
    height = max(0.05, scene.sky.horizon - top)
    # As wide as the stroke where its middle is.
    slope = max(0.6, (height - (scene.sky.horizon - (top + bottom) / 2)) / (0.45 * (right - left)))
    peak = ((left + right) / 2, height, min(1.6, slope))
    plants = season_colours(scene.season)
    green = blend(blend(plants.far, plants.near, 0.5), (0.74, 0.83, 0.94), 0.1 + plants.snow * 0.7)
    base = scene.mountains or Mountains((), (0.48, 0.45, 0.64), green, 0.03, (0.3, 0.5))
    return replace(scene, mountains=replace(base, peaks=(*base.peaks, peak)))


def _grown_over(scene: Scene, stroke: BrushStroke) -> Scene:
    """No path where the stroke crosses it, an islet in water, no trees with their foot in the stroke."""
    left, top, right, bottom = stroke.box
    x, y, half = (left + right) / 2, (top + bottom) / 2, (right - left) / 2
    trees = tuple(t for t in scene.trees if not (left < t.x < right and top < t.y < bottom))
    water, path = scene.water, scene.path
    if water is not None:
        water = replace(water, islets=(*water.islets, (x, y, max(half, (bottom - top) / 0.6))))
    if path is not None:
        path = replace(path, y=max(path.y, min(0.97, bottom)))
    return replace(scene, trees=trees, water=water, path=path)


def _led_on(scene: Scene, stroke: BrushStroke) -> Scene:
    """A path from the stroke's upper end through its lower one to the picture's lower edge."""
    first, last = sorted((stroke.points[0], stroke.points[-1]), key=lambda point: point[1])
    y = max(scene.sky.horizon + 0.01, first[1] - stroke.radius)
    drop = max(last[1] - first[1], 0.05)
    end = last[0] + (last[0] - first[0]) * min(1.5, (1 - last[1]) / drop) * 0.5
    tone = scene.path.colour if scene.path else blend((0.86, 0.74, 0.56), (0.74, 0.74, 0.82), scene.light.snow * 0.7)
    width = min(0.2, 1.6 * stroke.radius)
    return replace(scene, path=Path(first[0], y, end, 0.0, width, tone))


def _filled(scene: Scene, stroke: BrushStroke) -> Scene:
    """A pond where the stroke is, wider than high, and no path through it."""
    left, top, right, bottom = stroke.box
    depth = max(0.03, 0.42 * (bottom - top))
    half = max(0.55 * (right - left), 1.5 * depth)
    x, y = (left + right) / 2, max(scene.sky.horizon + depth + 0.02, (top + bottom) / 2)
    pond = Water("pond", scene.sky.horizon, x, y, half, depth, 0, 0, 0.0)
    path = scene.path
    if (
        path is not None
        and left - half / 2 < path.x + (path.end - path.x) * (y - path.y) / (1 - path.y) < right + half / 2
    ):
        path = replace(path, y=min(0.97, y + depth))
    return replace(scene, water=pond, path=path)


def _neighbour(scene: Scene, x: float) -> Building | None:
    return min(scene.buildings, key=lambda b: abs(b.x - x), default=None)


def material_at(scene: Scene, x: float, y: float, scale: float) -> Material:
    """As the nearest building has it; else of plaster."""
    neighbour = _neighbour(scene, x)
    hazy = haze(scene.sky.horizon, y)
    if neighbour is not None:
        return replace(neighbour.material, x=x, y=y, haze=hazy)
    return Material(*WALL_COLOURS[5], ROOF_COLOURS[0], DOME_COLOURS[2], DOOR_COLOURS[0], scale, x, y, hazy)


def _in_wall(scene: Scene, x: float, y: float) -> bool:
    """Whether a point lies in the front of a building."""
    return any(abs(x - b.x) < half_width(b) and b.y - 0.3 * b.scale < y <= b.y + 0.02 for b in scene.buildings)


def _box(x: float, foot: float, width: float, height: float) -> Wall:
    a, b, top = x - width / 2, x + width / 2, foot - height
    return Wall(((a, foot), (b, foot), (b, top), (a, top)))


def _hipped(x: float, foot: float, width: float, height: float) -> Roof:
    inset, half = min(0.3 * width, 0.8 * height), width / 2
    return Roof(
        ((x - half, foot), (x + half, foot), (x + half - inset, foot - height), (x - half + inset, foot - height))
    )


def _built(scene: Scene, stroke: BrushStroke) -> Piece:
    left, top, right, bottom = stroke.box
    x, width, height = (left + right) / 2, right - left, bottom - top
    material = material_at(scene, x, bottom, 4 * width)
    pieces: list[Part] = []
    if stroke.concept == WALL:
        pieces = [_box(x, bottom, 0.94 * width, 0.97 * height)]
        if not _in_wall(scene, x, top):
            pieces.append(_hipped(x, top + 0.06 * height, 1.08 * width, 0.36 * min(width, height)))
    elif stroke.concept in (ROOF, DOME):
        pieces = [*crowning(stroke)]
        if not any(abs(x - b.x) < half_width(b) + 0.3 * width and top < b.y for b in scene.buildings):
            under = 0.62 * height
            pieces.insert(0, _box(x, bottom + under, 0.84 * width, under + 0.1 * height))
            pieces.append(Opening(x, bottom + under, 0.2 * width, 0.8 * under, 1.0, True))
    else:
        pieces = _opening(scene, stroke)
    return Piece(material, tuple(pieces))


def _opening(scene: Scene, stroke: BrushStroke) -> list[Part]:
    """A door or a window, upright as the stroke is high; away from buildings with a small house around it."""
    left, top, right, bottom = stroke.box
    x, height = (left + right) / 2, bottom - top
    door = stroke.concept == DOOR
    width = min(right - left, height * (0.85 if door else 1.0))
    opening = Opening(x, bottom, 0.92 * width, 0.96 * height, 1.0 if door or height > 1.15 * width else 0.0, door)
    if _in_wall(scene, x, bottom - 0.3 * height) and _in_wall(scene, x, top):
        return [opening]
    foot, high = (bottom, 1.35 * height) if door else (bottom + 0.5 * height, 1.8 * height)
    wide = 2.1 * width
    return [_box(x, foot, wide, high), _hipped(x, foot - high + 0.04, 1.2 * wide, 0.4 * wide), opening]


def random_stroke(rng: np.random.Generator, scene: Scene) -> BrushStroke:
    """A stroke of any concept as somebody may paint it, half of them dabs."""
    concept = int(rng.integers(len(CONCEPTS)))
    radius = float(np.exp(rng.uniform(math.log(0.045), math.log(0.15))))
    if concept in (PATH, WATER) and scene.water is not None:
        concept = TREE
    if rng.random() < 0.5:
        points: tuple[Point, ...] = ((0.0, 0.0),)
    else:
        length, angle = radius * rng.uniform(0.2, 3.0), rng.choice((0.0, 0.5 * math.pi, rng.uniform(0, math.pi)))
        points = ((0.0, 0.0), (length * math.cos(angle), length * math.sin(angle)))
    stroke = BrushStroke(concept, points, radius, boxed=rng.random() < 0.2)
    left, top, right, bottom = stroke.box
    x, y = _place(rng, scene, concept, bottom - top)
    dx, dy = x - (left + right) / 2, y - (top + bottom) / 2
    moved = tuple((float(np.clip(a + dx, 0, 1)), float(np.clip(b + dy, 0, 1))) for a, b in points)
    return replace(stroke, points=moved)


def _place(rng: np.random.Generator, scene: Scene, concept: int, height: float) -> Point:
    """Where the middle of a stroke should be."""
    horizon, x = scene.sky.horizon, rng.uniform(0.08, 0.92)
    building = scene.buildings[rng.integers(len(scene.buildings))] if scene.buildings else None
    if concept in (SKY, CLOUD):
        return x, rng.uniform(0.05, 0.9 * horizon)
    if concept == MOUNTAIN:
        return x, horizon - rng.uniform(0.3, 1.0) * height
    if concept in (GRASS, PATH, WATER):
        return x, rng.uniform(horizon + 0.04, 0.96)
    if concept in (TREE, WALL) or building is None or rng.random() < 0.35:
        return x, rng.uniform(horizon - 0.02, 0.98) - height / 2
    x = building.x + rng.uniform(-0.8, 0.8) * half_width(building)
    if concept in (ROOF, DOME):
        return x, building.y - rng.uniform(0.2, 0.5) * building.scale - height / 2
    return x, building.y - rng.uniform(0, 0.2) * building.scale - height / 2
