"""Sky, sun, moon, stars and clouds."""

from dataclasses import dataclass
from functools import reduce

import numpy as np

from server.lab.scenes.canvas import (
    Array,
    Canvas,
    circle_distance,
    clip,
    coverage,
    mix,
    paint,
    patch,
    smoothstep,
)
from server.lab.scenes.concepts import CLOUD, SKY
from server.lab.scenes.palette import Light, SkyColours, array, blend

# Of the picture's width; the moon is as large as the sun.
SUN_RADIUS, STAR_RADIUS = 0.052, 0.0065


@dataclass(frozen=True)
class Sky:
    """The sky's colours, the height of the horizon, the sun's (or moon's) place, and the stars' places."""

    colours: SkyColours
    horizon: float
    sun_x: float
    sun_y: float
    sun_shine: float
    stars: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Cloud:
    """A cloud with its middle at (x, y), half as wide as `width`; `puffs` are circles.

    A puff is (dx, dy, radius), in widths and from the cloud's middle.
    """

    name: str
    x: float
    y: float
    width: float
    puffs: tuple[tuple[float, float, float], ...]


def gradient(sky: Sky, height: Array) -> Array:
    """The sky's colour, planar, at heights (0 zenith, 1 horizon) of any shape (h, 1)."""
    top, middle, bottom = (array(c) for c in (sky.colours.top, sky.colours.middle, sky.colours.bottom))
    upper = mix(top, middle, clip(height / 0.55, 0, 1)[None])
    return mix(upper, bottom, clip((height - 0.55) / 0.45, 0, 1)[None])  # (3, h, 1)


def draw_sky(canvas: Canvas, sky: Sky) -> None:
    """Fill the whole canvas with sky, the sun or moon with its glow, and stars at night."""
    canvas.image[:] = gradient(sky, clip(canvas.centres / np.float32(sky.horizon), 0, 1)[:, None])
    canvas.labels[:] = SKY
    night = sky.colours.night
    for x, y in sky.stars if night > 0.6 else ():
        where = patch(canvas, x - 0.009, y - 0.009, x + 0.009, y + 0.009)
        if where is not None:
            distance = np.hypot(where.x - np.float32(x), where.y - np.float32(y)) - np.float32(STAR_RADIUS)
            paint(canvas, where, coverage(canvas, distance) * np.float32(0.9), array((1.0, 0.96, 0.78)), None)
    where = patch(canvas, sky.sun_x - 0.4, sky.sun_y - 0.4, sky.sun_x + 0.4, sky.sun_y + 0.4)
    if where is None:
        return
    squared = (where.x - np.float32(sky.sun_x)) ** 2 + (where.y - np.float32(sky.sun_y)) ** 2
    strength = sky.sun_shine * (0.42 - 0.22 * night)
    glow = np.maximum(0, 1 - squared / np.float32(0.16)) ** 3 * np.float32(strength)
    paint(canvas, where, glow, array(blend((1.0, 0.93, 0.70), (0.60, 0.70, 1.0), night)), None)
    disc = coverage(canvas, np.sqrt(squared) - np.float32(SUN_RADIUS)) * np.float32(sky.sun_shine)
    paint(canvas, where, disc, array(blend((1.0, 0.95, 0.70), (0.97, 0.96, 0.86), night)), None)


def cloud_colours(sky: Sky, light: Light) -> tuple[Array, Array]:
    """Planar colours (3, 1, 1) of a cloud's sunny top and its shaded base."""
    warm = min(1.0, max(0.0, (0.95 - light.tint[2]) * 3.2)) * (1 - light.night)
    top = blend(blend((1.0, 1.0, 1.0), (1.0, 0.84, 0.76), warm), (0.36, 0.42, 0.66), light.night)
    return array(top), array(blend(top, sky.colours.middle, 0.48))


def draw_cloud(canvas: Canvas, sky: Sky, light: Light, cloud: Cloud) -> None:
    """Draw one cloud: a union of puffs with a flat base, bright above and shaded below."""
    w = cloud.width
    top = min(dy - radius for _, dy, radius in cloud.puffs) * w
    base = 0.16 * w
    reach = max(abs(dx) + radius for dx, _, radius in cloud.puffs) * w
    where = patch(canvas, cloud.x - reach, cloud.y + top, cloud.x + reach, cloud.y + base)
    if where is None:
        return
    x, y = where.x - np.float32(cloud.x), where.y - np.float32(cloud.y)
    circles = [circle_distance(x, y, dx * w, dy * w, radius * w) for dx, dy, radius in cloud.puffs]
    distance = np.maximum(reduce(np.minimum, circles), y - np.float32(base))
    sunny, shaded = cloud_colours(sky, light)
    shade = smoothstep(top * 0.35, base, y + np.float32(0.02 * w) * np.sin(x * np.float32(14 / w)))
    paint(canvas, where, coverage(canvas, distance), mix(sunny, shaded, shade), CLOUD)
