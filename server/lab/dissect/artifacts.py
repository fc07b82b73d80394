"""Artifact units: those whose removal makes pictures better, by a stated measure, at any dissected layer.

One backward pass a picture estimates the part of every unit of every layer in the measure
(`server.lab.dissect.realism`). The likeliest are then set to zero for real on the same pictures, and those that help
there on fresh ones. A unit counts where the measure falls on the fresh pictures too, by more than chance, and nearly
all labels stay: what changes more draws something. Found units, those first that help most for the labels they change,
are kept together as far as each further one helps and as labels stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.dissect.passes import Passes, batches
from server.lab.dissect.realism import Measure
from server.lab.dissect.samples import featuremaps, to_pixels
from server.lab.dissect.survey import layer_outputs
from server.lab.dissect.workers import Workers

SHOWN = 6  # pictures before and after
_PICKED = 48  # pictures that those shown are picked from
_BATCH = 8
_SURE = 3.0  # standard errors: a unit that helps by more is no accident
_LEAST = 0.002  # of the measure: less is not worth a switch
_A_LAYER = 3  # candidates of a layer


@dataclass(frozen=True)
class Ablated:
    """Units set to zero everywhere. value, without: the measure with them and without. sure: the estimated change in
    its standard errors, above 0 where pictures get better. kept: share of labels that stay; keeps: that has to.
    """

    units: tuple[tuple[str, int], ...]
    value: float
    without: float
    sure: float
    kept: float
    keeps: float

    @property
    def worth(self) -> float:
        """The gain for each label that changes; what changes too many comes last."""
        gain = (self.value - self.without) / max(1 - self.kept, 1e-3)
        return gain if self.kept >= self.keeps else min(gain, 0.0) - 1 + self.kept

    @property
    def helps(self) -> bool:
        """Whether the units are artifact units."""
        gain = self.value - self.without
        return gain > _LEAST * abs(self.value) and self.sure > _SURE and self.kept >= self.keeps


@dataclass(frozen=True)
class Found:
    """units: the artifact units with what each does alone, the worthiest first. together: all of them. tried: the
    candidates that are none, the nearest first. pictures: before and after, (2, K, R, R, 3), of some seeds, by name.
    """

    measure: str
    pictures: int
    units: tuple[Ablated, ...]
    together: Ablated | None
    tried: tuple[Ablated, ...]
    shown: Mapping[str, npt.NDArray[np.uint8]] = field(default_factory=dict)
    seeds: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As JSON, without the pictures."""
        return {
            "measure": self.measure,
            "pictures": self.pictures,
            "units": [_entry(a) for a in self.units],
            "together": None if self.together is None else _entry(self.together),
            "tried": [_entry(a) for a in self.tried],
            "shown": [{"name": name, "seeds": [int(s) for s in seeds]} for name, seeds in self.seeds.items()],
        }


def _entry(ablated: Ablated) -> dict[str, Any]:
    numbers = {k: round(v, 5) for k, v in asdict(ablated).items() if k not in ("units", "keeps")}
    if len(ablated.units) == 1:
        layer, unit = ablated.units[0]
        return {"layer": layer, "unit": unit, **numbers}
    return numbers


class _Sight:
    """Some pictures as they are: their readings, labels and what the measure makes of them."""

    def __init__(self, passes: Passes, measure: Measure, seeds: Sequence[int], workers: Workers) -> None:
        self.passes, self.measure, self.seeds, self.workers = passes, measure, seeds, workers
        self.readings, self.labels, self.images = self.without(())
        self.slope = measure.slope(self.readings)  # (N, D)
        self.value = measure.total(self.readings)

    def without(
        self, units: Sequence[tuple[str, int]], first: int | None = None
    ) -> tuple[Tensor, Tensor, npt.NDArray[np.uint8]]:
        """With some units at zero: readings (N, D), labels (N, R, R), pictures (N, R, R, 3), of the first so many
        seeds.
        """
        seeds = self.seeds[:first]
        order = [known.name for known in self.passes.generator.layers]
        layers = sorted({layer for layer, _ in units} or {order[0]}, key=order.index)

        def block(s: slice) -> tuple[Tensor, Tensor, npt.NDArray[np.uint8]]:
            r = featuremaps(self.passes, seeds[s], layers[0])  # (B, units, h, w)
            for at, layer in enumerate(layers):
                r = r if at == 0 else self.passes.advance(r, layers[at - 1], layer)
                r = r.clone()
                r[:, [unit for where, unit in units if where == layer]] = 0
            x = self.passes.images(r.contiguous(memory_format=torch.channels_last), layers[-1])  # (B, 3, R, R)
            with torch.inference_mode(), self.passes.ledger.passing("segmenter", len(x)):
                readings = self.measure.read(self.passes, x).cpu()
            return readings, self.passes.labels(x).cpu(), to_pixels(x)

        parts = self.workers.map(block, list(batches(len(seeds), _BATCH)))
        readings, labels, images = zip(*parts, strict=True)
        return torch.cat(readings), torch.cat(labels), np.concatenate(images)

    def ablated(self, units: Sequence[tuple[str, int]]) -> Ablated:
        """What zeroing the units does."""
        readings, labels, _ = self.without(units)
        lower = (self.slope * (self.readings - readings)).sum(1).double().numpy()  # (N,), parts of the change
        error = float(lower.std(ddof=1)) * np.sqrt(len(lower))
        kept = float((labels == self.labels).float().mean())
        sure = float(lower.sum() / error) if error > 0 else 0.0
        return Ablated(tuple(units), self.value, self.measure.total(readings), sure, kept, self.measure.keeps)

    def parts(self, layers: Sequence[str]) -> dict[str, Tensor]:
        """The first-order change of the measure when a unit goes to zero, (units,) a layer."""
        passes = self.passes

        def block(s: slice) -> dict[str, Tensor]:
            outputs: dict[str, Tensor] = {}
            with torch.no_grad():
                (_, start), *_ = layer_outputs(passes, self.seeds[s], layers[:1])
            r = start.clone().float().requires_grad_()
            with passes.ledger.passing("gradients", len(r)):
                for at, layer in enumerate(layers):
                    r = r if at == 0 else passes.generator.advance(r, layers[at - 1], layer)
                    outputs[layer] = r
                x = passes.generator.tail(r, layers[-1]).clamp(-1, 1)  # (B, 3, R, R)
                readings = self.measure.read(passes, x)
                total = (readings * self.slope[s].to(readings)).sum()
                gradients = torch.autograd.grad(total, list(outputs.values()))
            return {
                layer: (-g * r.detach()).sum((0, 2, 3)).cpu()
                for (layer, r), g in zip(outputs.items(), gradients, strict=True)
            }

        found = self.workers.map(block, list(batches(len(self.seeds), _BATCH)))
        return {layer: torch.stack([part[layer] for part in found]).sum(0) for layer in layers}


def find_artifacts(
    passes: Passes,
    measure: Measure,
    layers: Sequence[str],
    seeds: range,
    workers: Workers,
    candidates: int = 16,
    finalists: int = 5,
) -> Found:
    """Look for artifact units at `layers`, in the order they run: a third of the seeds to choose on, the rest fresh."""
    cut = len(seeds) // 3
    first = _Sight(passes, measure, seeds[:cut], workers)
    likely: list[tuple[float, str, int]] = []
    for layer, part in first.parts(layers).items():
        least, at = part.topk(min(_A_LAYER, len(part)), largest=False)
        likely += [(v, layer, u) for v, u in zip(least.tolist(), at.tolist(), strict=True) if v < 0]
    looked = [first.ablated([(layer, unit)]) for _, layer, unit in sorted(likely)[:candidates]]
    looked.sort(key=lambda a: -a.worth)
    hopeful = [a for a in looked if a.worth > 0][:finalists]
    second = _Sight(passes, measure, seeds[cut:], workers)
    again = sorted((second.ablated(a.units) for a in hopeful), key=lambda a: -a.worth)
    units: list[Ablated] = []
    together: Ablated | None = None
    for a in again:
        if not a.helps:
            continue
        both = a if together is None else second.ablated([*together.units, *a.units])
        if together is None or (both.helps and both.without < together.without):
            units, together = [*units, a], both
    tried = [a for a in again if a not in units]
    rest = {a.units for a in again}
    tried += [a for a in looked if a.units not in rest]
    shown = {a.units: _name(a) for a in units} if units else {a.units: _name(a) for a in tried[:1]}
    if together is not None and len(units) > 1:
        shown = {together.units: "all", **shown}
    pictures, chosen = {}, {}
    for group, name in list(shown.items())[:SHOWN]:
        chosen[name], pictures[name] = _before_and_after(second, group)
    return Found(measure.name, len(second.seeds), tuple(units), together, tuple(tried), pictures, chosen)


def _name(ablated: Ablated) -> str:
    layer, unit = ablated.units[0]
    return f"{layer}-{unit}"


def _before_and_after(sight: _Sight, units: Sequence[tuple[str, int]]) -> tuple[list[int], npt.NDArray[np.uint8]]:
    """The seeds whose pictures change most, and those pictures: (2, K, R, R, 3)."""
    _, _, images = sight.without(units, _PICKED)
    change = np.abs(images.astype(np.int16) - sight.images[:_PICKED]).mean((1, 2, 3))  # (N,)
    most = np.argsort(-change, kind="stable")[:SHOWN]
    return [sight.seeds[int(i)] for i in most], np.stack([sight.images[most], images[most]])
