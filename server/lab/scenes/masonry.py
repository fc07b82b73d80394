"""The parts that buildings are put together from, and how each part is drawn."""

import math
from dataclasses import dataclass

import numpy as np

from server.lab.scenes.canvas import (
    Array,
    Canvas,
    Patch,
    Point,
    clip,
    mix,
    patch,
    polygon_distance,
    polygon_patch,
    smoothstep,
)
from server.lab.scenes.concepts import DOME, DOOR, ROOF, WALL, WINDOW
from server.lab.scenes.palette import SNOW_COLOUR, Colour, Light, array, blend, fill

RIM = 0.008


@dataclass(frozen=True)
class Wall:
    """A convex piece of wall; `shade` is its brightness."""

    points: tuple[Point, ...]
    shade: float = 1.0


@dataclass(frozen=True)
class Roof:
    """A convex piece of roof; `shade` is its brightness."""

    points: tuple[Point, ...]
    shade: float = 1.0


@dataclass(frozen=True)
class Finial:
    """A cross with its foot at (x, y), `size` tall, part of a roof or, where `on_dome`, of a dome."""

    x: float
    y: float
    size: float
    on_dome: bool


@dataclass(frozen=True)
class Dome:
    """A dome standing on (x, y), `width` wide and `height` tall; `onion` runs from 0 (round) to 1 (onion)."""

    x: float
    y: float
    width: float
    height: float
    onion: float


@dataclass(frozen=True)
class Opening:
    """A door or a window with the middle of its foot at (x, y); `arch` is 0 for a square head, 1 round."""

    x: float
    y: float
    width: float
    height: float
    arch: float
    door: bool


Part = Wall | Roof | Finial | Dome | Opening


@dataclass(frozen=True)
class Material:
    """What a building is made of: "brick", "stone" or "plaster", and the colours of its parts.

    Courses are laid from the building's foot (x, y) and as high as its `scale` wants; `haze` is 0..1.
    """

    masonry: str
    wall: Colour
    roof: Colour
    dome: Colour
    door: Colour
    scale: float
    x: float
    y: float
    haze: float


def draw_wall(canvas: Canvas, light: Light, material: Material, part: Wall) -> None:
    """Draw a wall: brighter towards the light, with coarse courses of brick or stone."""
    where = polygon_patch(canvas, part.points)
    if where is None:
        return
    left, right = min(x for x, _ in part.points), max(x for x, _ in part.points)
    across = (where.x - np.float32((left + right) / 2)) / np.float32(max(right - left, 1e-3))
    low = clip((where.y - np.float32(material.y - 0.12 * material.scale)) * 1.2, -0.3, 0.3)
    shade: Array = (1.02 - 0.22 * across * light.side - 0.3 * low) * np.float32(part.shade)
    if material.masonry != "plaster":
        shade = shade * _courses(canvas, where, material)
    fill(
        canvas,
        light,
        where,
        polygon_distance(where, part.points),
        array(material.wall) * shade,
        WALL,
        material.haze,
        RIM,
    )


def _courses(canvas: Canvas, where: Patch, material: Material) -> Array:
    """The shade (height, width) of the joints between bricks or stones, faint where too fine."""
    brick = material.masonry == "brick"
    tall = (0.042 if brick else 0.062) * material.scale
    strength = (0.17 if brick else 0.14) * min(1.0, max(0.0, tall * canvas.size / 3 - 0.4))
    row = (np.float32(material.y) - where.y) / np.float32(tall)
    index = np.floor(row)
    column = (where.x - np.float32(material.x)) / np.float32(tall * 2.1) + np.float32(0.5) * (index % 2)
    joint = np.maximum(smoothstep(0.66, 0.9, row - index), smoothstep(0.80, 0.95, column - np.floor(column)))
    result: Array = 1 - np.float32(strength) * joint
    return result


def draw_roof(canvas: Canvas, light: Light, material: Material, part: Roof) -> None:
    """Draw a roof, darker towards the eaves; in winter most of it lies under snow."""
    where = polygon_patch(canvas, part.points)
    if where is None:
        return
    top, bottom = min(y for _, y in part.points), max(y for _, y in part.points)
    down = (where.y - np.float32(top)) / np.float32(max(bottom - top, 1e-3))
    tall = 0.055 * material.scale
    row = (where.y - np.float32(material.y)) / np.float32(tall)
    tiles = smoothstep(0.55, 0.95, row - np.floor(row)) * min(1.0, max(0.0, tall * canvas.size / 3 - 0.4))
    shade = np.float32(part.shade) * (1.10 - 0.22 * down) * (1 - 0.11 * tiles) + where.x * 0
    colour = array(material.roof) * shade
    if light.snow:
        edge = 0.66 + 0.05 * np.sin((where.x - np.float32(material.x)) * np.float32(70 / material.scale))
        cover = smoothstep(0.06, -0.06, down - edge) * (0.94 * light.snow)
        colour = mix(colour, array(SNOW_COLOUR) * np.float32(min(1.02, part.shade)), cover)
    fill(canvas, light, where, polygon_distance(where, part.points), colour, ROOF, material.haze, RIM)


def draw_finial(canvas: Canvas, light: Light, material: Material, part: Finial) -> None:
    """Draw a golden cross."""
    thick = max(0.0055, part.size * 0.11)
    where = patch(canvas, part.x - part.size * 0.4, part.y - part.size, part.x + part.size * 0.4, part.y + 0.005)
    if where is None:
        return
    x, y = np.abs(where.x - np.float32(part.x)), where.y - np.float32(part.y - part.size)
    upright = np.maximum(x - thick, np.maximum(-y, y - part.size - 0.004))
    bar = np.maximum(x - part.size * 0.32, np.abs(y - part.size * 0.34) - thick)
    colour = array((0.95, 0.76, 0.28))
    fill(canvas, light, where, np.minimum(upright, bar), colour, DOME if part.on_dome else ROOF, material.haze)


def draw_dome(canvas: Canvas, light: Light, material: Material, part: Dome) -> None:
    """Draw a dome with bold ribs of light and a highlight towards the sun."""
    half = part.width * 0.5 * (1 + 0.2 * part.onion)
    where = patch(canvas, part.x - half, part.y - part.height, part.x + half, part.y)
    if where is None:
        return
    up = clip((np.float32(part.y) - where.y) / np.float32(part.height), 0, 1)  # (height, 1)
    bulb = np.where(
        up < 0.36,
        0.78 + 0.42 * np.sin(up / 0.36 * (math.pi / 2)),
        1.20 * (0.5 + 0.5 * np.cos((up - 0.36) / 0.64 * math.pi)) ** 0.8,
    )
    radius = (np.sqrt(1 - up * up) * (1 - part.onion) + bulb * part.onion) * (part.width / 2)
    x = where.x - np.float32(part.x)
    steep = 0.70 if part.onion > 0.5 else 0.85
    distance: Array = np.maximum((np.abs(x) - radius) * steep, where.y - np.float32(part.y)).astype(np.float32)
    distance = np.maximum(distance, np.float32(part.y - part.height) - where.y)
    turn = clip(x / np.maximum(radius, 1e-3), -1, 1) * light.side
    shade: Array = 0.98 - 0.30 * turn + 0.12 * (up - 0.4)
    shade = shade + 0.34 * smoothstep(0.24, 0.05, np.abs(turn + 0.45)) * (1 - 0.5 * up)
    colour = array(material.dome) * shade
    if light.snow:
        cover = smoothstep(0.52, 0.66, up + 0.04 * np.sin(turn * 7)) * (0.9 * light.snow)
        snow: Array = array(SNOW_COLOUR) * (0.55 + 0.45 * shade)
        colour = mix(colour, snow, cover)
    fill(canvas, light, where, distance, colour, DOME, material.haze, RIM)


def draw_opening(canvas: Canvas, light: Light, material: Material, part: Opening) -> None:
    """Draw a door or a window in its light frame; at night the windows are lit."""
    frame = 0.010 + 0.006 * material.scale
    where = patch(
        canvas,
        part.x - part.width / 2 - frame,
        part.y - part.height - frame,
        part.x + part.width / 2 + frame,
        part.y + frame,
    )
    if where is None:
        return
    x, y = np.abs(where.x - np.float32(part.x)), where.y - np.float32(part.y)
    head = part.height - part.width / 2 * part.arch
    straight = np.maximum(x - np.float32(part.width / 2), -y - np.float32(part.height))
    if part.arch:
        round_head = np.hypot(x, (y + np.float32(head)) / np.float32(part.arch)) - np.float32(part.width / 2)
        straight = np.where(-y > head, round_head, straight)
    surround = np.maximum(straight - np.float32(frame), y - (0 if part.door else np.float32(frame)))
    trim = array(blend(material.wall, (0.98, 0.95, 0.88), 0.72))
    fill(canvas, light, where, surround, trim, WALL, material.haze, 0.004)
    inner = np.maximum(straight, y)
    up = clip(-y / np.float32(part.height), 0, 1)
    if part.door:
        _fill_door(canvas, light, where, material, part, inner, up)
    else:
        _fill_window(canvas, light, where, material, part, inner, up)


def _fill_door(
    canvas: Canvas, light: Light, where: Patch, material: Material, part: Opening, inner: Array, up: Array
) -> None:
    x = where.x - np.float32(part.x)
    seam = smoothstep(0.011, 0.005, np.abs(x)) * 0.30
    shade = (1.04 - 0.22 * up) * (1 - seam)
    fill(canvas, light, where, inner, array(material.door) * shade, DOOR, material.haze, 0.006)


def _fill_window(
    canvas: Canvas, light: Light, where: Patch, material: Material, part: Opening, inner: Array, up: Array
) -> None:
    bars = smoothstep(0.008, 0.004, np.abs(where.x - np.float32(part.x)))
    bars = np.maximum(bars, smoothstep(0.008, 0.004, np.abs(up - np.float32(0.5)) * np.float32(part.height)))
    bars = bars * np.float32(0.55 if part.width > 0.045 else 0.0)
    tint = np.array(light.tint, np.float32).reshape(3, 1, 1)
    day = mix(array((0.13, 0.22, 0.42)), array((0.34, 0.52, 0.74)), up) * tint
    lamp = mix(array((1.0, 0.74, 0.26)), array((1.0, 0.90, 0.50)), up)
    glass = mix(day, lamp, min(1.0, light.night * 1.3)) * (1 - bars)
    # `fill` multiplies by the light's tint; a window's own light is not dimmed by the night.
    fill(canvas, light, where, inner, glass / tint, WINDOW, material.haze, 0.005)


def draw_part(canvas: Canvas, light: Light, material: Material, part: Part) -> None:
    """Draw one part of a building."""
    match part:
        case Wall():
            draw_wall(canvas, light, material, part)
        case Roof():
            draw_roof(canvas, light, material, part)
        case Finial():
            draw_finial(canvas, light, material, part)
        case Dome():
            draw_dome(canvas, light, material, part)
        case Opening():
            draw_opening(canvas, light, material, part)
