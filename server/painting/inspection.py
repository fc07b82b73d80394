"""Which units are most active at a place of a picture, against what is usual for them.

After the inspection of units in Bau et al., "GAN Dissection" (ICLR 2019): a unit's activation says little by itself,
its rank among the activations that the unit usually has says how remarkable it is.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from server.painting.imaging import encode
from server.results.brush import Dissection
from server.results.units import UnitTable

Array = NDArray[np.float32]

_NORMAL = NormalDist()
_AT_HIGH = _NORMAL.inv_cdf(0.99)  # standard deviations at which the 0.99 quantile of a normal distribution lies
_TINY = 1e-6


@dataclass(frozen=True)
class Active:
    """A unit at a place. quantile: 0..1, None where its usual activations were not measured. concept, iou: what it
    agrees with best in the dissection, None where unknown."""

    unit: int
    activation: float
    quantile: float | None
    concept: str | None
    iou: float | None


@dataclass(frozen=True)
class Map:
    """A featuremap as a picture: grey value g stands for low + g / 255 * (high - low)."""

    png: str  # base64, 8-bit grey
    low: float
    high: float


def at_point(x: float, y: float, height: int, width: int) -> Array:
    """The cell of a grid that a point lies in, x and y in 0..1: (height, width), one 1 and else 0."""
    where = np.zeros((height, width), np.float32)
    where[min(int(y * height), height - 1), min(int(x * width), width - 1)] = 1
    return where


def most_active(
    r: Array, where: Array, table: UnitTable | None, dissection: Dissection, layer: str, limit: int
) -> list[Active]:
    """The `limit` most remarkable units, best first.

    r: (H, W, units). where: (H, W), 0..1 and somewhere more than 0: the activations are means weighted by it.
    With a table the units are ranked by their quantile, without one by how far they rise over their own mean in this
    picture.
    """
    activations = np.tensordot(where / where.sum(), r, 2)  # (units,)
    scores = _here(r, activations) if table is None else _usually(table, activations)  # (units,)
    order = np.argsort(-scores, kind="stable")[:limit]
    names = best_concepts(table, dissection, layer)
    active = []
    for unit in order:
        concept, iou = names.get(int(unit), (None, None))
        quantile = None if table is None else _NORMAL.cdf(float(scores[unit]))
        active.append(Active(int(unit), float(activations[unit]), quantile, concept, iou))
    return active


def featuremap(r: Array) -> Map:
    """One unit's activations as a picture of as many pixels as it has cells. r: (H, W)."""
    low, high = float(r.min()), float(r.max())
    grey = np.rint((r - low) / max(high - low, _TINY) * 255).astype(np.uint8)  # (H, W)
    return Map(base64.b64encode(encode(grey)).decode("ascii"), low, high)


def _usually(table: UnitTable, activations: Array) -> Array:
    """How many standard deviations above its mean each unit is, upwards on a scale that fits its 0.99 quantile.

    An estimate by a normal distribution in two pieces, as the stored figures are the mean, the deviation and that
    quantile. activations: (units,). Returns (units,).
    """
    over = activations - table.mean  # (units,)
    scale = np.where(over > 0, (table.high - table.mean) / _AT_HIGH, table.deviation)  # (units,)
    scores: Array = (over / np.maximum(scale, _TINY)).astype(np.float32)
    return scores


def _here(r: Array, activations: Array) -> Array:
    """How many standard deviations above its mean in this picture each unit is. Returns (units,)."""
    scores: Array = (activations - r.mean((0, 1))) / np.maximum(r.std((0, 1)), np.float32(_TINY))
    return scores


def best_concepts(table: UnitTable | None, dissection: Dissection, layer: str) -> dict[int, tuple[str, float]]:
    """The concept that each unit of a layer agrees with best, and the IoU; only of units in a brush where there is no
    table."""
    if table is not None:
        iou = table.iou  # (units, C)
        best = iou.argmax(1)  # (units,)
        return {unit: (table.concepts[c], float(iou[unit, c])) for unit, c in enumerate(best)}
    names: dict[int, tuple[str, float]] = {}
    for brush in dissection.brushes:
        for ranked in brush.units if brush.layer == layer else ():
            if ranked.iou is not None and ranked.iou > names.get(ranked.unit, ("", -1.0))[1]:
                names[ranked.unit] = (brush.concept, ranked.iou)
    return names
