"""Style images of this project's own, drawn by code: each a texture with its colours, the same pixels every time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from server.model.pixels import Pixels

SIDE = 256

Field = NDArray[np.float64]
Colours = list[tuple[int, int, int]]


@cache
def draw_style(name: str) -> Pixels:
    """The style image of that name, one of STYLES: (SIDE, SIDE, 3), drawn once and never written to."""
    image = STYLES[name]()
    image.setflags(write=False)
    return image


def _grid() -> tuple[Field, Field]:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE  # (SIDE, SIDE) each, 0..1
    return x, y


def _noise(random: np.random.RandomState, cells: int) -> Field:
    """Smooth noise of about `cells` hills a side, 0..1: (SIDE, SIDE)."""
    x, y = _grid()
    total = np.zeros((SIDE, SIDE))
    for _ in range(24):
        angle, phase, much = random.uniform(0, 2 * np.pi), random.uniform(0, 2 * np.pi), random.uniform(0.4, 1)
        total += np.sin(2 * np.pi * cells * much * (x * np.cos(angle) + y * np.sin(angle)) + phase)
    hills: Field = (total - total.min()) / (total.max() - total.min())
    return hills


def _coloured(field: Field, colours: Colours) -> Field:
    """A field of 0..1 through a row of colours: (SIDE, SIDE, 3), 0..255."""
    stops = np.linspace(0, 1, len(colours))
    channels = [np.interp(field, stops, [colour[i] for colour in colours]) for i in range(3)]
    return np.stack(channels, -1)


def _pixels(image: Field) -> Pixels:
    return image.clip(0, 255).astype(np.uint8)


def waves() -> Pixels:
    """Bands of blue with white crests that bend around each other."""
    random = np.random.RandomState(1)
    x, y = _grid()
    bend = _noise(random, 3)
    field = 0.5 + 0.5 * np.sin(2 * np.pi * (9 * y + 2.2 * bend + 0.8 * np.sin(7 * x)))
    image = _coloured(field, [(12, 34, 82), (24, 74, 140), (64, 140, 188), (150, 204, 214), (246, 244, 232)])
    return _pixels(image + 22 * (_noise(random, 40)[..., None] - 0.5))


def mosaic() -> Pixels:
    """Tiles of warm and dark colours between pale joints."""
    random = np.random.RandomState(2)
    x, y = _grid()
    nearest, first, second = np.zeros((SIDE, SIDE), int), np.full((SIDE, SIDE), 9.0), np.full((SIDE, SIDE), 9.0)
    for tile, (cx, cy) in enumerate(random.uniform(0, 1, (220, 2))):
        distance = np.hypot(x - cx, y - cy)  # (SIDE, SIDE)
        nearest = np.where(distance < first, tile, nearest)
        second = np.minimum(second, np.maximum(distance, first))
        first = np.minimum(first, distance)
    palette = np.array([(196, 66, 44), (232, 150, 52), (240, 206, 120), (38, 74, 92), (22, 40, 58), (126, 40, 52)])
    image = palette[random.randint(0, len(palette), 220)][nearest].astype(float)
    joint = (second - first < 0.009)[..., None]
    return _pixels(np.where(joint, (232, 224, 204), image + 26 * (_noise(random, 30)[..., None] - 0.5)))


def ink() -> Pixels:
    """Black lines, thick and thin, along the slopes of a paper's grain."""
    random = np.random.RandomState(3)
    hills = _noise(random, 4)
    line = np.abs(((hills * 17) % 1) - 0.5) * 2
    weight = 0.25 + 0.5 * _noise(random, 5)
    dark = 1 / (1 + np.exp((line - weight) * 18))
    image = _coloured(dark, [(244, 238, 222), (120, 112, 104), (22, 20, 26)])
    return _pixels(image + 12 * (_noise(random, 60)[..., None] - 0.5))


def embers() -> Pixels:
    """Swirls from black over red to yellow."""
    random = np.random.RandomState(4)
    x, y = _grid()
    a, b = _noise(random, 3), _noise(random, 4)
    field = 0.5 + 0.5 * np.sin(2 * np.pi * (3 * np.hypot(x - 0.4 + 0.3 * a, y - 0.5 + 0.3 * b) + 1.5 * a))
    colours = [(14, 8, 22), (74, 14, 40), (168, 36, 34), (232, 112, 36), (252, 214, 112)]
    return _pixels(_coloured(field * 0.75 + 0.25 * b, colours))


def meadow() -> Pixels:
    """Dabs of green, yellow and violet beside each other."""
    random = np.random.RandomState(5)
    x, y = _grid()
    image = np.full((SIDE, SIDE, 3), (196, 206, 160), float)
    palette = [(60, 112, 58), (104, 152, 66), (170, 190, 84), (236, 208, 92), (134, 104, 168), (72, 104, 150)]
    for _ in range(1400):
        cx, cy, angle = random.uniform(0, 1), random.uniform(0, 1), random.uniform(-0.6, 0.6)
        rows, columns = (slice(max(0, int(SIDE * c) - 8), int(SIDE * c) + 9) for c in (cy, cx))
        right, down = x[rows, columns] - cx, y[rows, columns] - cy
        u, v = right * np.cos(angle) + down * np.sin(angle), down * np.cos(angle) - right * np.sin(angle)
        dab = (u / 0.024) ** 2 + (v / 0.011) ** 2 < 1
        image[rows, columns][dab] = np.array(palette[random.randint(len(palette))]) + random.uniform(-18, 18)
    return _pixels(image)


def glass() -> Pixels:
    """Panes of clear colours in dark lead."""
    random = np.random.RandomState(6)
    x, y = _grid()
    panes = np.zeros((SIDE, SIDE), int)
    lead = np.zeros((SIDE, SIDE), bool)
    for i in range(11):
        angle, offset, bow = random.uniform(0, np.pi), random.uniform(0.2, 0.8), random.uniform(-0.8, 0.8)
        along = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
        across = (y - 0.5) * np.cos(angle) - (x - 0.5) * np.sin(angle) + bow * along**2 + 0.5 - offset
        panes += (across > 0) * 2**i
        lead |= np.abs(across) < 0.007
    _, number = np.unique(panes, return_inverse=True)
    palette = np.array([(28, 92, 170), (214, 54, 62), (244, 190, 60), (52, 142, 96), (128, 66, 150), (236, 232, 214)])
    colours = palette[random.randint(0, len(palette), number.max() + 1)][number.reshape(SIDE, SIDE)].astype(float)
    return _pixels(np.where(lead[..., None], (24, 22, 28), colours * (0.75 + 0.4 * _noise(random, 6)[..., None])))


STYLES: dict[str, Callable[[], Pixels]] = {
    "waves": waves,
    "mosaic": mosaic,
    "ink": ink,
    "embers": embers,
    "meadow": meadow,
    "glass": glass,
}
