"""The meaning of a latent: the scene's numbers, read off 128 standard normals.

The default model's generator is taught what every latent shows: number 17 of a latent may be the height of the second
peak. A scene is therefore not sampled by a random generator but *read* from a latent, group by group, each number used
for one thing and always the same one. Most groups describe a strip of the picture, or a plot of its ground, each in the
same way, so that what a convolution learns about one of them holds for all. A seed gives the latent that the seed of a
picture document gives, so the rendering of scene 42 is what the model should draw for seed 42.

Only the latent's direction counts, as PixelNorm, the generator's first step, divides by its length.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

LATENT_DIM = 128
COLUMNS, ROWS = 4, 2

GROUPS: tuple[tuple[str, int], ...] = (
    ("light", 3),
    ("sky", 5),
    ("hills", 5),
    ("treeline", 3),
    ("meadow", 4),
    ("water", 5),
    ("path", 4),
    *((f"peak{column}", 2) for column in range(COLUMNS)),
    *((f"cloud{column}", 4) for column in range(COLUMNS)),
    *((f"plot{row}{column}", 9) for row in range(ROWS) for column in range(COLUMNS)),
    ("path_start", 1),
    ("spare", 2),
)


def group_slices() -> dict[str, slice]:
    """Which numbers of a latent each group has."""
    slices: dict[str, slice] = {}
    start = 0
    for name, count in GROUPS:
        slices[name] = slice(start, start + count)
        start += count
    assert start == LATENT_DIM, start
    return slices


class Latent:
    """A latent's numbers as chances, uniform in 0..1, by the names of GROUPS."""

    def __init__(self, z: npt.ArrayLike) -> None:
        """z: (128,). Raises ValueError for another shape, for zeros alone and for numbers that are not finite."""
        values = np.asarray(z, np.float64)
        length = float(np.sqrt(np.mean(values * values))) if values.shape == (LATENT_DIM,) else 0.0
        if not math.isfinite(length) or length == 0:
            raise ValueError(f"a scene is read from {LATENT_DIM} finite numbers that are not all 0")
        self._chances = [0.5 + 0.5 * math.erf(v / length / math.sqrt(2)) for v in values]
        self._slices = group_slices()

    def group(self, name: str) -> list[float]:
        """The chances of one group."""
        return self._chances[self._slices[name]]


def between(chance: float, low: float, high: float) -> float:
    """From `low` at chance 0 to `high` at chance 1."""
    return low + (high - low) * chance


def in_strip(column: int, chance: float) -> float:
    """A place across the picture, 0..1, in one of the strips or a little beside it."""
    return (column + 0.5) / COLUMNS + between(chance, -0.11, 0.11)


def pick(chance: float, odds: tuple[float, ...]) -> int:
    """Which of several things a chance falls on, their odds adding up to 1."""
    start = 0.0
    for index, share in enumerate(odds):
        if chance < start + share or index == len(odds) - 1:
            return index
        start += share
    raise ValueError("no odds")


def strongest(chances: list[float], bars: tuple[float, ...]) -> tuple[int, list[float]] | None:
    """Which of several things wins: that whose chance is furthest above its bar; None where none is above.

    The chances of the others could have been anything less, so they tell how the winner looks: they come back too, as
    numbers from 0 to 1, in order.
    """
    surplus = [chance - bar for chance, bar in zip(chances, bars, strict=True)]
    most = max(surplus)
    if most <= 0:
        return None
    winner = surplus.index(most)
    others = [c / min(1.0, bar + most) for c, bar in zip(chances, bars, strict=True)]
    return winner, others[:winner] + others[winner + 1 :]
