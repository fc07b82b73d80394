"""What is known of a layer's units, from whatever the model's dissection stored: the tables of this project, the files
of the 2018 tool, or brushes alone."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from server.errors import DissectionError
from server.model.catalog import Model
from server.model.generator import Layer
from server.painting.inspection import best_concepts
from server.results import dissection, netdissect
from server.results.brush import Brush, Dissection
from server.results.netdissect import LayerRecord, Ranking, sketched_quantiles
from server.results.unit_quantiles import QUANTILES, Quantiles, load_quantiles
from server.results.units import UnitTable, dissected_layers, load_units

# Read from a sketch of the 2018 tool, which has thousands of samples a unit.
_SHARES = tuple(sorted({*QUANTILES, *(i / 200 for i in range(201))}))


@dataclass(frozen=True)
class LayerStatistics:
    """Of every unit of a layer. labels: the concept that it agrees with best. levels: what brushes draw it with, 0
    where none does. quantiles: of its activations, None where none are stored. images: the folder of the units'
    pictures, None where none are stored."""

    labels: tuple[str | None, ...]
    rankings: tuple[Ranking, ...]
    levels: tuple[float, ...]
    quantiles: Quantiles | None
    images: Path | None

    @property
    def nbytes(self) -> int:
        """The memory it takes, about."""
        numbers = len(self.labels) * (2 + len(self.rankings))
        return 32 * numbers + (0 if self.quantiles is None else self.quantiles.nbytes)

    def levels_at(self, shares: Sequence[float]) -> list[list[float]]:
        """Each unit's quantiles at these shares, 0..1; where none are stored, what brushes draw it with."""
        if self.quantiles is None:
            return [[level] * len(shares) for level in self.levels]
        rows: list[list[float]] = self.quantiles.at(shares).tolist()
        return rows


def measured_layers(results: Path, model: Model) -> tuple[Layer, ...]:
    """The layers that the dissection in `results` is about, in the generator's order."""
    names = {brush.layer for brush in model.dissection.brushes}
    if not _is_of_2018(results):
        with suppress(DissectionError):  # there are brushes alone
            names.update(dissected_layers(results))
    return tuple(layer for layer in model.generator.layers if layer.name in names)


def layer_statistics(results: Path, model: Model, layer: Layer) -> LayerStatistics:
    """What the dissection in `results` stored of that layer; what is damaged or of another generator is left out."""
    levels = {u.unit: u.level for brush in _brushes(model.dissection, layer) for u in brush.units}
    record = _record(results, layer) if _is_of_2018(results) else None
    table = _table(results, model, layer) if record is None else None
    names = best_concepts(table, model.dissection, layer.name)
    labels = [names[unit][0] if unit in names else None for unit in range(layer.units)]
    if record is not None:
        rankings = record.rankings
    elif table is not None:
        rankings = tuple(_by_iou(name, table.iou[:, c].tolist()) for c, name in enumerate(table.concepts))
    else:
        rankings = tuple(r for brush in _brushes(model.dissection, layer) for r in _by_brush(brush, layer.units))
    return LayerStatistics(
        labels=tuple(labels) if record is None else record.labels,
        rankings=rankings,
        levels=tuple(levels.get(unit, 0.0) for unit in range(layer.units)),
        quantiles=_quantiles(results, layer, record),
        images=None if record is None else record.folder / "s-image",
    )


def _brushes(of: Dissection, layer: Layer) -> list[Brush]:
    return [brush for brush in of.brushes if brush.layer == layer.name]


def _is_of_2018(results: Path) -> bool:
    """Whether the brushes of that folder are read from the 2018 tool's file."""
    return not (results / dissection.FILE_NAME).exists() and (results / netdissect.FILE_NAME).exists()


def _table(results: Path, model: Model, layer: Layer) -> UnitTable | None:
    try:
        table = load_units(results, layer.name, model.names)
    except DissectionError:
        return None
    return table if len(table) == layer.units else None


def _record(results: Path, layer: Layer) -> LayerRecord | None:
    try:
        record = netdissect.read_layer(results, layer.name)
    except DissectionError:
        return None
    if record is None or {layer.units} != {len(record.labels), *(len(r.scores) for r in record.rankings)}:
        return None
    return record


def _quantiles(results: Path, layer: Layer, record: LayerRecord | None) -> Quantiles | None:
    try:
        if record is None:
            quantiles = load_quantiles(results, layer.name)
        else:
            values = sketched_quantiles(record.folder / "quantiles.npz", _SHARES)  # (units, Q)
            quantiles = Quantiles(np.array(_SHARES), values.astype(np.float32))
    except DissectionError:
        return None
    return quantiles if quantiles is not None and len(quantiles) == layer.units else None


def _by_iou(concept: str, iou: Sequence[float]) -> Ranking:
    return Ranking(f"{concept}-iou", "iou", tuple(0.0 - value for value in iou))


def _by_brush(brush: Brush, units: int) -> list[Ranking]:
    """By the IoUs that the brush knows, and by what it was itself sorted by where that is another score; units that it
    does not know come last. A published brush is sorted by causal weights, ace."""
    rankings = []
    ious = {u.unit: u.iou for u in brush.units if u.iou is not None}
    scores = {u.unit: u.score for u in brush.units if u.score is not None}
    if scores:
        weights = tuple(0.0 - scores.get(unit, 0.0) for unit in range(units))
        rankings.append(Ranking(f"{brush.concept}-ace", "ace", weights))
    if ious:
        rankings.append(_by_iou(brush.concept, [ious.get(unit, 0.0) for unit in range(units)]))
    return rankings
