"""Colours of the world by time of day and season, and the light that falls on everything."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from server.lab.scenes.canvas import Array, Canvas, Patch, coverage, outline, paint

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """What lights a scene. `tint` multiplies colours, `haze` is the colour of distance, `side` is 1 for light
    from the left and -1 for light from the right; `night` and `snow` run from 0 to 1."""

    tint: Colour
    haze: Colour
    side: float
    night: float
    snow: float


@dataclass(frozen=True)
class SkyColours:
    """The sky's colours from the zenith to the horizon, the light's tint, and how much night it is (0..1)."""

    top: Colour
    middle: Colour
    bottom: Colour
    tint: Colour
    night: float


@dataclass(frozen=True)
class SeasonColours:
    """Meadow colours far and near, the two colours of leaves, and how much snow lies (0..1)."""

    far: Colour
    near: Colour
    leaf: Colour
    other_leaf: Colour
    snow: float


T = TypeVar("T", SkyColours, SeasonColours)

DAY = SkyColours((0.16, 0.47, 0.90), (0.40, 0.70, 0.97), (0.78, 0.93, 1.00), (1.04, 1.01, 0.95), 0.0)
GOLDEN = SkyColours((0.36, 0.60, 0.92), (0.80, 0.82, 0.86), (1.00, 0.87, 0.62), (1.10, 0.96, 0.80), 0.0)
SUNSET = SkyColours((0.38, 0.30, 0.66), (0.95, 0.50, 0.50), (1.00, 0.80, 0.42), (1.04, 0.80, 0.68), 0.15)
DUSK = SkyColours((0.18, 0.17, 0.48), (0.54, 0.34, 0.64), (0.96, 0.58, 0.52), (0.74, 0.62, 0.76), 0.5)
NIGHT = SkyColours((0.04, 0.07, 0.26), (0.09, 0.15, 0.42), (0.20, 0.31, 0.60), (0.46, 0.54, 0.80), 1.0)
OVERCAST = SkyColours((0.54, 0.62, 0.73), (0.67, 0.74, 0.82), (0.84, 0.88, 0.91), (0.88, 0.90, 0.93), 0.0)
TIMES = ((0.0, DAY), (0.58, DAY), (0.68, GOLDEN), (0.81, SUNSET), (0.885, DUSK), (0.93, NIGHT), (1.0, NIGHT))

WINTER = SeasonColours((0.84, 0.90, 0.97), (0.95, 0.97, 1.00), (0.62, 0.74, 0.85), (0.78, 0.86, 0.93), 1.0)
SPRING = SeasonColours((0.70, 0.86, 0.42), (0.46, 0.76, 0.26), (0.98, 0.66, 0.77), (0.56, 0.78, 0.28), 0.0)
SUMMER = SeasonColours((0.64, 0.80, 0.34), (0.32, 0.64, 0.20), (0.15, 0.50, 0.19), (0.40, 0.66, 0.18), 0.0)
AUTUMN = SeasonColours((0.88, 0.78, 0.38), (0.70, 0.63, 0.24), (0.96, 0.56, 0.10), (0.84, 0.26, 0.12), 0.0)
SEASONS = (
    (0.0, WINTER),
    (0.14, WINTER),
    (0.18, SPRING),
    (0.36, SPRING),
    (0.40, SUMMER),
    (0.74, SUMMER),
    (0.78, AUTUMN),
    (1.0, AUTUMN),
)

# Each list is a way through its colours from warm to cool without turning back, as one number of a latent tells where
# on it a thing lies, and a generator reads thresholds more easily than zigzags.
WALL_COLOURS: tuple[tuple[str, Colour], ...] = (
    ("brick", (0.63, 0.27, 0.25)),
    ("brick", (0.76, 0.34, 0.24)),
    ("brick", (0.86, 0.52, 0.33)),
    ("plaster", (0.93, 0.69, 0.62)),
    ("stone", (0.88, 0.76, 0.54)),
    ("plaster", (0.97, 0.84, 0.52)),
    ("plaster", (0.97, 0.93, 0.84)),
    ("plaster", (0.72, 0.83, 0.90)),
    ("stone", (0.66, 0.65, 0.64)),
    ("stone", (0.54, 0.56, 0.60)),
)
ROOF_COLOURS: tuple[Colour, ...] = (
    (0.82, 0.38, 0.18),
    (0.70, 0.22, 0.16),
    (0.46, 0.29, 0.22),
    (0.32, 0.36, 0.48),
    (0.24, 0.28, 0.38),
    (0.24, 0.47, 0.44),
)
DOME_COLOURS: tuple[Colour, ...] = (
    (0.98, 0.76, 0.20),
    (0.60, 0.34, 0.66),
    (0.20, 0.38, 0.78),
    (0.28, 0.68, 0.60),
    (0.24, 0.58, 0.36),
)
DOOR_COLOURS: tuple[Colour, ...] = (
    (0.66, 0.12, 0.12),
    (0.60, 0.30, 0.10),
    (0.45, 0.24, 0.10),
    (0.10, 0.38, 0.28),
    (0.14, 0.26, 0.52),
)
SNOW_COLOUR: Colour = (0.95, 0.97, 1.0)


def array(colour: Colour) -> Array:
    """A colour as a planar array (3, 1, 1)."""
    return np.array(colour, np.float32).reshape(3, 1, 1)


def blend(a: Colour, b: Colour, t: float) -> Colour:
    """a at t = 0, b at t = 1."""
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def scaled(colour: Colour, factor: Colour) -> Colour:
    """The product of two colours, channel by channel."""
    return (colour[0] * factor[0], colour[1] * factor[1], colour[2] * factor[2])


def shade_of(colours: Sequence[Colour], chance: float) -> Colour:
    """A colour of a list, or a blend of two neighbours: each keeps to itself over most of its share of 0..1."""
    at = min(1.0, max(0.0, chance)) * len(colours) - 0.5
    index = min(len(colours) - 2, max(0, int(at)))
    return blend(colours[index], colours[index + 1], min(1.0, max(0.0, (at - index - 0.3) / 0.4)))


def _mixed(a: T, b: T, t: float) -> T:
    """Colours between two sets of them: a at t = 0, b at t = 1."""
    pairs = [(getattr(a, field.name), getattr(b, field.name)) for field in fields(a)]
    values: list[Any] = [blend(x, y, t) if isinstance(x, tuple) else x + (y - x) * t for x, y in pairs]
    return type(a)(*values)


def _along(value: float, stops: Sequence[tuple[float, T]]) -> T:
    """The colours at a value, between those of the stops before and after it."""
    index = max(i for i in range(len(stops) - 1) if stops[i][0] <= value or i == 0)
    (start, before), (end, after) = stops[index], stops[index + 1]
    return _mixed(before, after, min(1.0, max(0.0, (value - start) / (end - start))))


def sky_colours(daytime: float, overcast: float) -> SkyColours:
    """The sky at a time of day (0 noon, 0.8 sunset, from 0.93 night) under a cover of cloud (0..1)."""
    clear = _along(daytime, TIMES)
    return replace(_mixed(clear, OVERCAST, overcast * (1 - clear.night) * 0.9), night=clear.night)


def season_colours(season: float) -> SeasonColours:
    """The colours of a season: 0 winter, 0.25 spring, 0.5 summer, 0.9 autumn."""
    return _along(season, SEASONS)


def lit(light: Light, colour: Array, haze: float = 0.0) -> Array:
    """A planar colour under the scene's light, `haze` (0..1) of the way to the colour of distance."""
    result: Array = colour * (array(light.tint) * np.float32(1 - haze))
    if haze:
        result = result + array(light.haze) * np.float32(haze)
    return result


def fill(
    canvas: Canvas,
    light: Light,
    where: Patch,
    distance: Array,
    colour: Array,
    concept: int | None,
    haze: float = 0.0,
    rim: float = 0.0,
) -> None:
    """Paint a shape, given by its signed distance, in a lit colour and with an outline `rim` wide inside."""
    if rim:
        colour = colour * outline(canvas, distance, rim, 0.42)
    paint(canvas, where, coverage(canvas, distance), lit(light, colour, haze), concept)
