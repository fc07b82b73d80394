"""Trees and bushes."""

from dataclasses import dataclass
from functools import reduce

import numpy as np

from server.lab.scenes.canvas import Array, Canvas, circle_distance, clip, mix, paint, patch, smoothstep
from server.lab.scenes.concepts import TREE
from server.lab.scenes.palette import SNOW_COLOUR, Colour, Light, array, fill

TREE_KINDS = ("round", "conifer", "poplar", "bush")


@dataclass(frozen=True)
class Tree:
    """A tree of a kind in TREE_KINDS with its foot at (x, y), `height` tall and half `width` wide.

    `puffs` are the crown's circles (dx, dy, radius), in half widths and from the crown's middle.
    """

    name: str
    kind: str
    x: float
    y: float
    height: float
    width: float
    haze: float
    leaf: Colour
    bark: Colour
    puffs: tuple[tuple[float, float, float], ...]


def draw_shadow(canvas: Canvas, light: Light, x: float, y: float, width: float, depth: float) -> None:
    """Darken the ground under a thing: a soft ellipse, shifted away from the light."""
    x = x + 0.25 * width * light.side
    where = patch(canvas, x - width, y - depth, x + width, y + depth)
    if where is None:
        return
    squared = ((where.x - np.float32(x)) / np.float32(width)) ** 2
    squared = squared + ((where.y - np.float32(y)) / np.float32(depth)) ** 2
    strength = np.float32(0.34 - 0.08 * light.snow)
    paint(canvas, where, smoothstep(1.0, 0.5, squared) * strength, array((0.06, 0.10, 0.22)), None)


def draw_tree(canvas: Canvas, light: Light, tree: Tree) -> None:
    """Draw one tree with its shadow."""
    draw_shadow(canvas, light, tree.x, tree.y, tree.width * 1.15, 0.012 + 0.045 * tree.height)
    if tree.kind != "bush":
        _draw_trunk(canvas, light, tree)
    if tree.kind == "conifer":
        _draw_conifer(canvas, light, tree)
    elif tree.kind == "poplar":
        _draw_poplar(canvas, light, tree)
    else:
        _draw_crown(canvas, light, tree)


def _draw_trunk(canvas: Canvas, light: Light, tree: Tree) -> None:
    half = max(0.011, 0.046 * tree.height)
    where = patch(canvas, tree.x - half * 1.6, tree.y - tree.height * 0.5, tree.x + half * 1.6, tree.y)
    if where is None:
        return
    x = where.x - np.float32(tree.x)
    flare = np.float32(half) + np.maximum(0, where.y - np.float32(tree.y - 0.08 * tree.height)) * 0.35
    distance = np.maximum(np.abs(x) - flare, where.y - np.float32(tree.y))
    shade = 1 - 0.28 * clip(x / np.float32(half), -1, 1) * light.side
    fill(canvas, light, where, distance, array(tree.bark) * shade, TREE, tree.haze, 0.006)


def _draw_crown(canvas: Canvas, light: Light, tree: Tree) -> None:
    w = tree.width
    low = max(dy + radius for _, dy, radius in tree.puffs)
    top = min(dy - radius for _, dy, radius in tree.puffs)
    middle = tree.y - low * w if tree.kind == "bush" else tree.y - tree.height - top * w
    reach = max(abs(dx) + radius for dx, _, radius in tree.puffs) * w
    where = patch(canvas, tree.x - reach, middle + top * w, tree.x + reach, min(middle + low * w, tree.y))
    if where is None:
        return
    x, y = where.x - np.float32(tree.x), where.y - np.float32(middle)
    distance = reduce(np.minimum, [circle_distance(x, y, dx * w, dy * w, r * w) for dx, dy, r in tree.puffs])
    lamps = [
        circle_distance(x, y, (dx - 0.16 * light.side * r) * w, (dy - 0.24 * r) * w, 0.62 * r * w)
        for dx, dy, r in tree.puffs[:3]
    ]
    bright = reduce(np.minimum, lamps)
    if tree.kind == "bush":
        distance = np.maximum(distance, where.y - np.float32(tree.y))
    shade = 0.90 - 0.10 * clip(y / np.float32(w), -1, 1) - 0.08 * clip(x / np.float32(w), -1, 1) * light.side
    shade = shade + 0.22 * smoothstep(0.10 * w, -0.06 * w, bright)
    fill(canvas, light, where, distance, array(tree.leaf) * shade, TREE, tree.haze, 0.008)


def _draw_poplar(canvas: Canvas, light: Light, tree: Tree) -> None:
    w, half = tree.width, tree.height * 0.45
    middle = tree.y - tree.height + half
    where = patch(canvas, tree.x - w, middle - half, tree.x + w, middle + half)
    if where is None:
        return
    x, y = (where.x - np.float32(tree.x)) / np.float32(w), (where.y - np.float32(middle)) / np.float32(half)
    narrow = 1 + 0.30 * clip(-y, -0.4, 1)
    radius = np.sqrt((x * narrow) ** 2 + y * y)
    shade = 0.98 - 0.24 * clip(x * light.side, -1, 1) - 0.08 * y
    shade = shade + 0.14 * smoothstep(0.08, -0.08, np.hypot(x + 0.28 * light.side, (y + 0.1) * 0.8) - 0.5)
    fill(canvas, light, where, (radius - 1) * np.float32(w), array(tree.leaf) * shade, TREE, tree.haze, 0.008)


def _draw_conifer(canvas: Canvas, light: Light, tree: Tree) -> None:
    w, foot = tree.width, tree.y - 0.12 * tree.height
    tall = tree.height * 0.88
    where = patch(canvas, tree.x - w * 1.1, foot - tall, tree.x + w * 1.1, foot)
    if where is None:
        return
    x, t = where.x - np.float32(tree.x), clip((np.float32(foot) - where.y) / np.float32(tall), 0, 1)
    tier = np.minimum(np.floor(t * 3), 2)
    along = t * 3 - tier  # 0 at a tier's skirt, 1 at its top
    half = np.float32(w) * (1.0 - 0.25 * tier) * (1 - along * np.where(tier == 2, 1.0, 0.55))
    distance = np.maximum(np.abs(x) - half, np.maximum(where.y - foot, foot - tall - where.y))
    shade: Array = 1.02 - 0.26 * clip(x / np.float32(w) * 1.6, -1, 1) * light.side - 0.26 * smoothstep(0.75, 1.0, along)
    colour = array(tree.leaf) * (shade * np.where(tier == 2, 1.06, 1.0))
    if light.snow:
        cover = smoothstep(0.62, 0.38, along + np.where(tier == 2, -0.15, 0.0)) * (0.9 * light.snow)
        colour = mix(colour, array(SNOW_COLOUR) * (0.4 + 0.6 * shade), cover)
    fill(canvas, light, where, distance, colour, TREE, tree.haze, 0.008)
