"""Artifact units: those whose removal makes pictures better, by a stated measure, at any dissected layer.

One backward pass a picture estimates the part of every unit of every layer in the measure
(`server.lab.dissect.judge.realism`). The likeliest are then set to zero for real on the same pictures, and those that
help there on fresh ones. A unit counts where the measure falls on the fresh pictures too, by more than chance, and
nearly all labels stay: what changes more draws something. Artifact units, those first that help most for the labels
they change, are kept together as far as each further one helps and as labels stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from server.lab.dissect.constants import (
    ARTIFACT_CANDIDATES,
    ARTIFACT_FINALISTS,
    LAYER_CANDIDATES,
    LEAST_BETTER,
    SURE,
)
from server.lab.dissect.judge.realism import Measure
from server.lab.dissect.running.passes import Passes, batches
from server.lab.dissect.running.workers import Workers
from server.lab.dissect.units.samples import activations
from server.model.pixels import Pixels, to_pixels

SHOWN = 6  # pictures before and after
_PICKED = 48  # pictures that those shown are picked from
_BATCH = 8

Units = Sequence[tuple[str, int]]  # layer and number of each


@dataclass(frozen=True)
class Ablation:
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
        return gain > LEAST_BETTER * abs(self.value) and self.sure > SURE and self.kept >= self.keeps

    @property
    def name(self) -> str:
        """The layer and the unit, of several units the first one's."""
        layer, unit = self.units[0]
        return f"{layer}-{unit}"

    def document(self) -> dict[str, Any]:
        """As JSON; of several units the numbers alone."""
        numbers = {k: round(v, 5) for k, v in asdict(self).items() if k not in ("units", "keeps")}
        if len(self.units) > 1:
            return numbers
        layer, unit = self.units[0]
        return {"layer": layer, "unit": unit, **numbers}


@dataclass(frozen=True)
class Artifacts:
    """units: the artifact units with what each does alone, the worthiest first. together: all of them. tried: the
    candidates that are none, the nearest first. shown: pictures before and after, (2, K, H, W, 3), by name; seeds:
    theirs.
    """

    measure: str
    pictures: int
    units: tuple[Ablation, ...]
    together: Ablation | None
    tried: tuple[Ablation, ...]
    shown: Mapping[str, Pixels]
    seeds: Mapping[str, Sequence[int]]

    def document(self) -> dict[str, Any]:
        """As JSON, without the pictures."""
        return {
            "measure": self.measure,
            "pictures": self.pictures,
            "units": [a.document() for a in self.units],
            "together": None if self.together is None else self.together.document(),
            "tried": [a.document() for a in self.tried],
            "shown": [{"name": name, "seeds": list(seeds)} for name, seeds in self.seeds.items()],
        }


class _Baseline:
    """Some pictures as they are: their readings, labels and what the measure makes of them."""

    def __init__(self, passes: Passes, measure: Measure, seeds: Sequence[int], workers: Workers) -> None:
        self.passes, self.measure, self.seeds, self.workers = passes, measure, seeds, workers
        self.readings, self.labels, self.images = self.without(())
        self.slope = measure.slope(self.readings)  # (N, D)
        self.value = measure.total(self.readings)

    def without(self, units: Units, first: int | None = None) -> tuple[Tensor, Tensor, Pixels]:
        """With some units at zero: readings (N, D), labels (N, H, W), pictures (N, H, W, 3), of the first so many
        seeds.
        """
        seeds = self.seeds[:first]
        generator = self.passes.generator
        layers = sorted({layer for layer, _ in units} or {generator.layers[0].name}, key=generator.index)

        def block(s: slice) -> tuple[Tensor, Tensor, Pixels]:
            a = activations(self.passes, seeds[s], layers[0])
            for at, layer in enumerate(layers):
                a = a if at == 0 else self.passes.advance(a, layers[at - 1], layer)
                r = a.r.clone()  # (B, units, h, w)
                r[:, [unit for where, unit in units if where == layer]] = 0
                a = a.edited(r)
            x = self.passes.images(
                a.edited(a.r.contiguous(memory_format=torch.channels_last)), layers[-1]
            )  # (B, 3, H, W)
            with torch.inference_mode(), self.passes.ledger.passing("segmenter", len(x)):
                readings = self.measure.read(self.passes, x).cpu()
            return readings, self.passes.labels(x).cpu(), to_pixels(x)

        parts = self.workers.map(block, list(batches(len(seeds), _BATCH)))
        readings, labels, images = zip(*parts, strict=True)
        return torch.cat(readings), torch.cat(labels), np.concatenate(images)

    def ablation(self, units: Units) -> Ablation:
        """What zeroing the units does."""
        readings, labels, _ = self.without(units)
        lower = (self.slope * (self.readings - readings)).sum(1).double().numpy()  # (N,), parts of the change
        error = float(lower.std(ddof=1)) * np.sqrt(len(lower))
        kept = float((labels == self.labels).float().mean())
        sure = float(lower.sum() / error) if error > 0 else 0.0
        return Ablation(tuple(units), self.value, self.measure.total(readings), sure, kept, self.measure.keeps)

    def parts(self, layers: Sequence[str]) -> dict[str, Tensor]:
        """The first-order change of the measure when a unit goes to zero, (units,) a layer."""
        passes = self.passes

        def block(s: slice) -> dict[str, Tensor]:
            outputs: dict[str, Tensor] = {}
            a = activations(passes, self.seeds[s], layers[0]).to(passes.device, torch.float32)
            a.r.requires_grad_()
            with passes.ledger.passing("gradients", len(a)):
                for at, layer in enumerate(layers):
                    a = a if at == 0 else passes.generator.advance(a, layers[at - 1], layer)
                    outputs[layer] = a.r
                x = passes.generator.tail(a, layers[-1]).clamp(-1, 1)  # (B, 3, H, W)
                readings = self.measure.read(passes, x)  # (B, D)
                total = (readings * self.slope[s].to(readings)).sum()
                gradients = torch.autograd.grad(total, list(outputs.values()))
            return {
                layer: (-g * r.detach()).sum((0, 2, 3)).cpu()
                for (layer, r), g in zip(outputs.items(), gradients, strict=True)
            }

        blocks = self.workers.map(block, list(batches(len(self.seeds), _BATCH)))
        return {layer: torch.stack([parts[layer] for parts in blocks]).sum(0) for layer in layers}

    def before_and_after(self, units: Units) -> tuple[list[int], Pixels]:
        """The seeds whose pictures change most without the units, and those pictures: (2, K, H, W, 3)."""
        _, _, images = self.without(units, _PICKED)
        change = np.abs(images.astype(np.int16) - self.images[:_PICKED]).mean((1, 2, 3))  # (N,)
        most = np.argsort(-change, kind="stable")[:SHOWN]
        return [self.seeds[int(i)] for i in most], np.stack([self.images[most], images[most]])


def find_artifacts(
    passes: Passes,
    measure: Measure,
    layers: Sequence[str],
    seeds: range,
    workers: Workers,
) -> Artifacts:
    """Look for artifact units at `layers`, in the order they run: a third of the seeds to choose on, the rest fresh.
    None are sought where the segmenter has no gradients to estimate their parts by.
    """
    if not passes.differentiable:
        return Artifacts(f"{measure.name}, of which this segmenter gives no gradients", 0, (), None, (), {}, {})
    cut = len(seeds) // 3
    first = _Baseline(passes, measure, seeds[:cut], workers)
    likely: list[tuple[float, str, int]] = []
    for layer, parts in first.parts(layers).items():
        least, at = parts.topk(min(LAYER_CANDIDATES, len(parts)), largest=False)
        likely += [(v, layer, u) for v, u in zip(least.tolist(), at.tolist(), strict=True) if v < 0]
    looked = [first.ablation([(layer, unit)]) for _, layer, unit in sorted(likely)[:ARTIFACT_CANDIDATES]]
    looked.sort(key=lambda a: -a.worth)
    finalists = [a for a in looked if a.worth > 0][:ARTIFACT_FINALISTS]
    fresh = _Baseline(passes, measure, seeds[cut:], workers)
    again = sorted((fresh.ablation(a.units) for a in finalists), key=lambda a: -a.worth)
    units: list[Ablation] = []
    together: Ablation | None = None
    for a in again:
        if not a.helps:
            continue
        both = a if together is None else fresh.ablation([*together.units, *a.units])
        if together is None or (both.helps and both.without < together.without):
            units, together = [*units, a], both
    known = {a.units for a in again}
    tried = [*(a for a in again if a not in units), *(a for a in looked if a.units not in known)]
    groups = {a.name: a.units for a in units or tried[:1]}
    if together is not None and len(units) > 1:
        groups = {"all": together.units, **groups}
    shown = {name: fresh.before_and_after(group) for name, group in list(groups.items())[:SHOWN]}
    return Artifacts(
        measure.name,
        len(fresh.seeds),
        tuple(units),
        together,
        tuple(tried),
        {name: pictures for name, (_, pictures) in shown.items()},
        {name: seeds for name, (seeds, _) in shown.items()},
    )
