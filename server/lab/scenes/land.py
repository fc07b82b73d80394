"""Mountains, hills, the row of trees at the horizon, meadow, water and path."""

import math
from dataclasses import dataclass

import numpy as np

from server.lab.scenes.canvas import Array, Canvas, Patch, clip, coverage, mix, paint, patch, smoothstep
from server.lab.scenes.concepts import GRASS, MOUNTAIN, PATH, TREE, WATER
from server.lab.scenes.palette import Colour, Light, SeasonColours, array, blend, fill, lit
from server.lab.scenes.sky import Sky, gradient


@dataclass(frozen=True)
class Mountains:
    """Peaks (x, height above the horizon, slope) and hills of two sine waves (height, phase, phase)."""

    peaks: tuple[tuple[float, float, float], ...]
    rock: Colour
    hill: Colour
    hill_height: float
    phases: tuple[float, float]


@dataclass(frozen=True)
class Treeline:
    """A far row of trees from `left` to `right`, `height` tall."""

    left: float
    right: float
    height: float
    colour: Colour


@dataclass(frozen=True)
class Meadow:
    """The ground: its colours far and near, and the fold (y, slope, phase) where the near meadow begins."""

    far: Colour
    near: Colour
    fold: float
    tilt: float
    phase: float


@dataclass(frozen=True)
class Water:
    """Water of a `kind`, its edge wobbling with `bend`, but for `islets` (x, y, half width), on which things stand.

    "lake": from the horizon down to `y`, all across where `side` is 0, else right (1) or left (-1) of x.
    "pond": an ellipse around (x, y) with half axes `width` and `depth`.
    "river": from (x, horizon) to (end, 1), half `width` wide at the bottom.
    """

    kind: str
    horizon: float
    x: float
    y: float
    width: float
    depth: float
    side: float
    end: float
    bend: float
    islets: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class Path:
    """A path from (x, y) to `end` at the bottom, half `width` wide there, bent sideways by `bend`."""

    x: float
    y: float
    end: float
    bend: float
    width: float
    colour: Colour


def draw_mountains(canvas: Canvas, sky: Sky, light: Light, mountains: Mountains) -> None:
    """Draw the peaks with a lit and a shaded face and caps of snow, and the rolling hills before them."""
    horizon = np.float32(sky.horizon)
    x: Array = canvas.centres[None]  # (1, size)
    if mountains.peaks:
        wobble = 0.008 * np.sin(x * 31 + 9 * mountains.phases[0]) + 0.005 * np.sin(x * 67)
        heights = np.concatenate([h - np.abs(x - px) * s for px, h, s in mountains.peaks])  # (peaks, size)
        sides = np.concatenate([(x - px) * light.side for px, _, _ in mountains.peaks])  # (peaks, size)
        ridge: Array = heights.max(0, keepdims=True) + wobble.astype(np.float32)  # (1, size)
        side: Array = np.take_along_axis(sides, heights.argmax(0)[None], 0)  # (1, size)
        where = patch(canvas, 0, sky.horizon - float(ridge.max()), 1, sky.horizon + 0.02)
        if where is not None:
            depth: Array = where.y - (horizon - ridge)  # (height, size)
            teeth = np.float32(0.018) * np.sin(x * np.float32(60))
            face = smoothstep(0.012, -0.012, side + 0.22 * depth * np.sin(depth * 55))
            rock = mix(array(mountains.rock) * 0.74, array(mountains.rock) * 1.18, face)
            cap = smoothstep(0.008, -0.008, depth - 0.065 - 0.06 * light.snow - teeth)
            cap = cap * clip((ridge - 0.10 + 0.06 * light.snow) * 40, 0, 1)
            snow = mix(array((0.76, 0.84, 0.96)), array((1.0, 1.0, 1.0)), face)
            fill(canvas, light, where, -depth * 0.8, mix(rock, snow, cap), MOUNTAIN, 0.22)
    first, second = mountains.phases
    wave = 0.55 + 0.30 * np.sin(5.2 * x + 6.28 * first) + 0.15 * np.sin(10.4 * x + 6.28 * second)
    hills = (np.float32(mountains.hill_height) * wave).astype(np.float32)  # (1, size)
    where = patch(canvas, 0, sky.horizon - float(hills.max()), 1, sky.horizon + 0.03)
    if where is not None:
        depth = where.y - (horizon - hills)
        shade = 1.06 - clip(depth * 2.2, 0, 0.22)
        fill(canvas, light, where, -depth, array(mountains.hill) * shade, MOUNTAIN, 0.16)


def draw_meadow(canvas: Canvas, sky: Sky, light: Light, meadow: Meadow) -> None:
    """Draw the ground in broad bands, with a fold behind which the far meadow lies."""
    where = patch(canvas, 0, sky.horizon - 0.01, 1, 1)
    if where is None:
        return
    t = clip((where.y - sky.horizon) / (1 - sky.horizon), 0, 1)
    bands = 1 + np.sin(np.sqrt(t) * 17 + 2.4 * where.x + meadow.phase) * (0.035 * (1 - 0.6 * light.snow))
    colour = mix(array(meadow.far), array(meadow.near), t**0.7) * bands
    edge = sky.horizon + 0.006 * np.sin(7 * where.x + meadow.phase) - where.y
    fill(canvas, light, where, edge, colour, GRASS)
    fold = meadow.fold + meadow.tilt * (where.x - 0.5) + 0.025 * np.sin(4 * where.x + meadow.phase) - where.y
    near = mix(array(meadow.far), array(meadow.near), clip(0.45 + 2.2 * -fold, 0, 1))
    fill(canvas, light, where, np.maximum(fold, edge), near * (0.93 + 0.06 * bands), GRASS)


def draw_treeline(canvas: Canvas, sky: Sky, light: Light, line: Treeline) -> None:
    """Draw the far row of trees, standing on the horizon."""
    where = patch(canvas, line.left, sky.horizon - line.height * 1.4, line.right, sky.horizon + 0.02)
    if where is None:
        return
    x = where.x
    ends = smoothstep(line.left, line.left + 0.06, x) * smoothstep(line.right, line.right - 0.06, x)
    bumps = np.abs(np.sin(24 * x)) * 0.35 + 0.2 * np.sin(7 * x)
    top = np.float32(sky.horizon) - line.height * (0.75 + bumps) * ends
    distance = np.maximum(top - where.y, where.y - np.float32(sky.horizon + 0.014))
    distance = np.maximum(distance, 0.004 - ends * 0.02)
    shade = clip(1.14 - 3.0 * (where.y - top), 0.75, 1.14)
    fill(canvas, light, where, distance, array(line.colour) * shade, TREE, 0.14, 0.006)


def path_distance(path: Path, x: Array, y: Array) -> Array:
    """Signed distance, measured sideways, to the path."""
    t = clip((y - path.y) / max(1 - path.y, 1e-3), 0, 1)
    middle = path.x + (path.end - path.x) * t + path.bend * np.sin(math.pi * t) * (1 - 0.3 * t)
    half = 0.026 + path.width * t**1.1
    result: Array = np.maximum(np.abs(x - middle) - half, path.y - y).astype(np.float32)
    return result


def draw_path(canvas: Canvas, light: Light, path: Path) -> None:
    """Draw the path with a darker edge."""
    where = patch(canvas, 0, path.y, 1, 1)
    if where is None:
        return
    distance = path_distance(path, where.x, where.y)
    shade = 1 - 0.20 * smoothstep(-0.020, -0.004, distance)
    fill(canvas, light, where, distance, array(path.colour) * shade, PATH)


def water_distance(water: Water, x: Array, y: Array) -> Array:
    """Signed distance, roughly, to the water's edge at points of any shape."""
    below = (y - water.horizon) / (1 - water.horizon)
    if water.kind == "pond":
        dx, dy = (x - water.x) / water.width, (y - water.y) / water.depth
        radius = np.sqrt(dx * dx + dy * dy) + 0.06 * np.sin(3 * np.arctan2(dy, dx) + 9 * water.bend)
        result: Array = ((radius - 1) * water.depth).astype(np.float32)
    elif water.kind == "river":
        t = clip(below, 0, 1)
        middle = water.x + (water.end - water.x) * t + water.bend * np.sin(5.2 * np.sqrt(t)) * (0.25 + 0.75 * t)
        half = 0.030 + water.width * t**1.15
        result = np.maximum((np.abs(x - middle) - half) * 0.8, water.horizon + 0.006 - y).astype(np.float32)
    else:
        full = 1.0 - 0.14 * np.sin(6 * x + 9 * water.bend) - 0.07 * np.sin(13 * x)
        if water.side:
            full = full * smoothstep(-0.10, 0.22, (x - water.x) * water.side)
        shore = water.horizon + (water.y - water.horizon) * full - 0.012 * (1 - full)
        result = np.maximum(y - shore, water.horizon + 0.006 - y).astype(np.float32)
    for islet_x, islet_y, half_width in water.islets:
        result = np.maximum(result, _islet_depth(x - np.float32(islet_x), y - np.float32(islet_y), half_width))
    return result


def _islet_depth(x: Array, y: Array, half_width: float) -> Array:
    """How far inside an islet around (0, 0) points lie; negative outside."""
    depth = 0.3 * half_width
    result: Array = ((1 - np.hypot(x / half_width, y / depth)) * depth).astype(np.float32)
    return result


def draw_water(canvas: Canvas, sky: Sky, light: Light, water: Water) -> None:
    """Draw the water: a mirror of the sky with broad ripples, the sun's track and a soft sandy shore."""
    where = _water_patch(canvas, water)
    if where is None:
        return
    distance = water_distance(water, where.x, where.y)
    sand = array(blend((0.90, 0.82, 0.60), (0.86, 0.91, 0.97), light.snow))
    shore = smoothstep(0.020, 0.006, distance) * np.float32(0.75)
    paint(canvas, where, shore * (where.y > water.horizon), lit(light, sand), None)
    height = clip(1 - (where.y - sky.horizon) / (1 - sky.horizon), 0, 1)
    mirror = gradient(sky, height)  # (3, height, 1)
    own = lit(light, array(blend((0.10, 0.46, 0.74), (0.60, 0.78, 0.90), light.snow)))
    t = np.sqrt(clip(1 - height, 0, 1))
    ripple = 1 + 0.055 * np.sin(34 * t + 2.5 * np.sin(5 * where.x)) * (1 - 0.5 * light.snow)
    track = np.exp(-(((where.x - sky.sun_x) / 0.07) ** 2)) * (0.34 * sky.sun_shine)
    colour = mix(mirror, own, 0.52) * ripple * (1 - 0.22 * smoothstep(-0.014, -0.002, distance))
    colour = mix(colour, array(blend((1.0, 0.95, 0.75), (0.72, 0.80, 1.0), light.night)), track)
    paint(canvas, where, coverage(canvas, distance), colour, WATER)


def _water_patch(canvas: Canvas, water: Water) -> Patch | None:
    if water.kind == "pond":
        wide, deep = water.width * 1.2 + 0.03, water.depth * 1.2 + 0.03
        return patch(canvas, water.x - wide, water.y - deep, water.x + wide, water.y + deep)
    bottom = 1.0 if water.kind == "river" else water.y + (water.y - water.horizon) * 0.25 + 0.03
    return patch(canvas, 0, water.horizon, 1, bottom)


def treeline_colour(season: SeasonColours) -> Colour:
    """Far trees: darker and greener than near ones."""
    return blend(season.leaf, (0.16, 0.38, 0.24), 0.5 - 0.1 * season.snow)
