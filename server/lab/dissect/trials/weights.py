"""Which units an edit sets, as weights: those of a brush, or as many random ones to compare with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.dissect.constants import ALIVE
from server.results.brush import Brush, Op

Ranking = npt.NDArray[np.int64]


def top(ranking: Ranking, count: int) -> Tensor:
    """The weights of an edit with the first `count` units of a ranking: (units,) of zeros and ones."""
    alpha = torch.zeros(len(ranking))
    alpha[torch.from_numpy(ranking[:count].copy())] = 1
    return alpha


def alive(deviation: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The units that are not the same everywhere, at least one. deviation: (units,), over all cells of the samples.

    Setting a dead unit to its level changes nothing, so that random units with dead ones among them would make any
    brush look good.
    """
    return np.flatnonzero(deviation >= ALIVE * deviation.max())


def random_units(living: npt.NDArray[np.int64], pictures: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """An order of the living units at random, another one for each picture: (pictures, living)."""
    return rng.permuted(np.tile(living, (pictures, 1)), axis=1)


def random_weights(orders: npt.NDArray[np.int64], count: int, units: int) -> Tensor:
    """The weights of edits with the first `count` of random units, or all living ones. orders: (M, living).

    Returns (M, units).
    """
    return torch.zeros(len(orders), units).scatter_(1, torch.from_numpy(orders[:, :count].copy()), 1.0)


def others_first(orders: npt.NDArray[np.int64], own: Tensor) -> npt.NDArray[np.int64]:
    """Random orders with the units that an edit sets itself behind all others. In a layer of few units, of which each
    means something, random ones would else be the edit's own too often to compare it with. orders: (M, living); own:
    the edit's weights, (units,). Returns (M, living)."""
    set_itself = own.numpy()[orders] > 0  # (M, living)
    return np.take_along_axis(orders, set_itself.argsort(1, kind="stable"), 1)


def edit_of(brush: Brush, op: Op) -> tuple[Tensor, Tensor]:
    """The weights and the values of an edit with a brush as recommended, (units,) each."""
    ranking, count = brush.ranked(op)
    alpha, value = top(np.array(ranking, np.int64), count), torch.zeros(len(ranking))
    if op == "draw":
        value[[u.unit for u in brush.units]] = torch.tensor([u.level for u in brush.units])
    return alpha, value
