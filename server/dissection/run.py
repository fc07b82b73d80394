"""The whole dissection of a model, stage by stage, from samples to a folder the server loads.

`dissect` writes into `out`:

- `dissection.json`: the brushes (`server.dissection.results`); - `units.npz`: what is known of every unit,
one array `<layer>/<name>` for each name in `ARRAYS`, and `concepts`; - `effects.json`: every trial of every
brush, the choice and its runners-up; - `judged.json` and `judged.md`: the chosen brushes measured on fresh
pictures by the judge.

Work in progress lies in `out/.work`, and an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from server.dissection.agreement import measure_agreement
from server.dissection.brushes import (
    COUNTS,
    FIRST_COUNTS,
    OTHER_COUNTS,
    Tried,
    closer_look,
    costly_candidates,
    first_look,
)
from server.dissection.field import Field
from server.dissection.levels import Levels, measure_levels
from server.dissection.measure import judge_brushes, verdict_documents, verdict_table
from server.dissection.passes import Passes, batches
from server.dissection.quantiles import QuantileSketch
from server.dissection.records import assemble, bound_of, read_tried, tried_document
from server.dissection.results import Brush, Dissection, save_dissection
from server.dissection.samples import BATCH, Samples, cell_shares, draw_samples, featuremaps
from server.dissection.trials import Floats
from server.dissection.work import Arrays, Work, write_arrays, write_json, write_whole

SCHEMA = 1
ARRAYS = {
    "iou": "(units, C): IoU at the best threshold, counted on the other half of the samples",
    "threshold": "(units, C): the threshold of the best information quality ratio",
    "iqr": "(units, C): that ratio",
    "iou_fixed": "(units, C): IoU at the unit's 0.99 quantile",
    "threshold_fixed": "(units,): the unit's 0.99 quantile",
    "present": "(units, C): mean activation in cells well filled with the concept",
    "mean": "(units,): mean activation",
    "deviation": "(units,): standard deviation",
    "high": "(units,): 0.99 quantile over all cells",
    "low": "(units,): 0.01 quantile over all cells",
}

Report = Callable[[str, int, int], object]  # what is being done, stages done, stages in all


@dataclass(frozen=True)
class Plan:
    """How much to look at.

    samples: pictures, of the seeds first ... first + samples - 1. learning, measuring: pictures that rankings
    are learnt on and trials are measured on; few: those of a first look. closer: layers a concept that get a
    closer look, with all `counts` of units; pairs: of ranking and level in it. training: steps of the
    optimised ranking. judged: pictures for the judge.
    """

    samples: int = 1000
    first: int = 0
    learning: int = 12
    measuring: int = 20
    few: int = 12
    closer: int = 2
    pairs: int = 2
    counts: tuple[int, ...] = COUNTS
    training: int = 8
    judged: int = 100
    seed: int = 0


def dissect(
    passes: Passes, judge: Passes, model: str, layers: Sequence[str], plan: Plan, out: Path, report: Report
) -> Dissection:
    """Dissect the layers of a generator and write the results to `out`.

    passes: the generator with the segmenter that chooses units; judge: the same with another segmenter.
    Raises UnknownLayer, ValueError for a plan that cannot be, OSError where `out` cannot be written.
    """
    _check(passes, judge, layers, plan)
    run = _Run(passes, judge, layers, plan, Work.open(out / ".work", _key(passes, judge, plan)), report)
    arrays, trials = run.measure()
    brushes, effects = assemble(passes.concepts, arrays, trials)
    verdicts = run.judged(brushes, trials)
    dissection = Dissection(model, tuple(brushes), "measured by `unitbrush dissect`")
    flat = {f"{layer}/{name}": a for layer, held in arrays.items() for name, a in held.items()}
    write_arrays(out / "units.npz", {**flat, "concepts": np.array(passes.concepts)})
    write_json(out / "effects.json", {"schema": SCHEMA, "plan": asdict(plan), "brushes": effects})
    write_json(out / "judged.json", {"schema": SCHEMA, "brushes": verdicts})
    write_whole(out / "judged.md", lambda p: p.write_text(verdict_table(verdicts), encoding="utf-8"))
    save_dissection(out, dissection)
    run.work.remove()
    run.step("done")
    return dissection


def _check(passes: Passes, judge: Passes, layers: Sequence[str], plan: Plan) -> None:
    least = plan.learning + plan.measuring
    if plan.samples < least:
        raise ValueError(f"a dissection needs at least {least} samples, not {plan.samples}")
    if not layers:
        raise ValueError("a dissection needs at least one layer")
    for layer in layers:
        passes.generator.index(layer)
    if passes.concepts != judge.concepts:
        raise ValueError("the segmenter and the judge must know the same concepts")


class _Run:
    """One run: its stages, each computed unless it was before."""

    def __init__(
        self, passes: Passes, judge: Passes, layers: Sequence[str], plan: Plan, work: Work, report: Report
    ) -> None:
        self.passes, self.judge, self.layers, self.plan = passes, judge, layers, plan
        self.work, self.report = work, report
        self.done, self.total = 0, 2 + len(layers) + len(passes.concepts) * (len(layers) + 1)

    def step(self, text: str) -> None:
        """Tell what begins now."""
        self.report(text, self.done, self.total)
        self.done += 1

    def measure(self) -> tuple[dict[str, Arrays], dict[str, dict[str, Tried]]]:
        """The units' arrays by layer, and what was tried by layer and concept."""
        torch.manual_seed(self.plan.seed)
        self.step("samples")
        samples = self._samples()
        field = Field(self.passes, samples, self.plan.learning, self.plan.measuring, self.plan.seed)
        arrays: dict[str, Arrays] = {}
        for layer in self.layers:
            self.step(f"{layer}: units")
            arrays[layer] = self.work.arrays(f"{layer}-units", partial(self._units, samples, layer))
        trials: dict[str, dict[str, Tried]] = {layer: {} for layer in self.layers}
        for c, concept in enumerate(self.passes.concepts):
            if not field.usable(c):
                self.done += len(self.layers) + 1
                continue
            for layer in self.layers:
                self.step(f"{concept}: {layer}")
                trials[layer][concept] = self._first(field, c, layer, arrays[layer])
            self.step(f"{concept}: a closer look")
            self._closer(field, c, trials, arrays)
        return arrays, trials

    def judged(self, brushes: Sequence[Brush], trials: dict[str, dict[str, Tried]]) -> list[dict[str, Any]]:
        """The best brushes, judged."""
        self.step("judging")

        def levels(brush: Brush) -> Floats:
            return trials[brush.layer][brush.concept].levels[brush.ranking.rpartition("level ")[2]]

        def compute() -> list[dict[str, Any]]:
            best = [b for b in brushes if b.best]
            return verdict_documents(judge_brushes(self.judge, best, levels, self.plan.judged, self.plan.seed))

        verdicts: list[dict[str, Any]] = self.work.document("judged", compute)
        return verdicts

    def _samples(self) -> Samples:
        def compute() -> Arrays:
            drawn = draw_samples(self.passes, self.plan.samples, self.plan.first)
            return {"images": drawn.images, "labels": drawn.labels}

        held = self.work.arrays("samples", compute)
        return Samples(self.plan.first, self.passes.concepts, held["images"], held["labels"])

    def _units(self, samples: Samples, layer: str) -> Arrays:
        """The arrays of `ARRAYS`."""
        r = featuremaps(self.passes, samples.seeds, layer)  # (N, units, h, w)
        sketch = QuantileSketch.empty(r.shape[1])
        for s in batches(len(r), BATCH):
            sketch.add(r[s])
        concepts = len(self.passes.concepts)
        agreement = measure_agreement(r, samples.labels, concepts, sketch)
        shares = cell_shares(samples.labels, concepts, r.shape[2])  # (N, C, h, w)
        ends = sketch.quantile((0.01, 0.99))  # (units, 2)
        return {**vars(agreement), **vars(measure_levels(r, shares, ends[:, 0], ends[:, 1]))}

    def _first(self, field: Field, concept: int, layer: str, held: Arrays) -> Tried:
        def compute() -> dict[str, Any]:
            levels = _levels(held)
            bench = field.bench(concept, layer, levels.choices(concept), self.plan.few)
            return tried_document(first_look(bench, field.learn(concept, layer), levels, held["iou"][:, concept]))

        return read_tried(self.work.document(f"first-{layer}-{concept}", compute))

    def _closer(
        self, field: Field, concept: int, trials: dict[str, dict[str, Tried]], arrays: dict[str, Arrays]
    ) -> None:
        """Measure the concept's best pairs of ranking and level on more pictures, and put that into `trials`."""
        name = self.passes.concepts[concept]
        bound = bound_of(trials, name)

        def worth(layer: str) -> float:
            return max(t.score(bound) for t in trials[layer][name].trials)

        best = sorted(self.layers, key=worth, reverse=True)[: self.plan.closer]
        for layer in self.layers:
            first = trials[layer][name]

            def compute(layer: str = layer, first: Tried = first) -> dict[str, Any]:
                return tried_document(self._measured(field, concept, layer, first, arrays[layer], bound, layer in best))

            trials[layer][name] = read_tried(self.work.document(f"closer-{layer}-{concept}", compute))

    def _measured(
        self, field: Field, concept: int, layer: str, first: Tried, held: Arrays, bound: float, thorough: bool
    ) -> Tried:
        pairs = first.best_pairs(bound)
        tried, levels = first, _levels(held)
        if thorough:
            small = field.bench(concept, layer, first.levels, self.plan.few)
            rankings, trained = costly_candidates(
                small, field.learn(concept, layer), levels, first, self.plan.training, field.rng(concept, layer)
            )
            tried = replace(first, rankings={**first.rankings, **rankings}, levels={**first.levels, **trained})
            level = pairs[0][1]
            extra = [("causal", "trained"), *((ranking, level) for ranking in rankings)]
            small = replace(small, levels=tried.levels)
            looked = closer_look(small, tried, extra, FIRST_COUNTS)
            tried = replace(tried, trials=(*tried.trials, *looked))
            pairs = tried.best_pairs(max(bound, tried.gain()))[: self.plan.pairs]
        else:
            pairs = pairs[:1]
        bench = field.bench(concept, layer, tried.levels, self.plan.measuring)
        counts = self.plan.counts if thorough else OTHER_COUNTS
        return replace(tried, trials=(*tried.trials, *closer_look(bench, tried, pairs, counts)))


def _levels(arrays: Arrays) -> Levels:
    return Levels(*(arrays[name] for name in ("present", "mean", "deviation", "high", "low")))


def _key(passes: Passes, judge: Passes, plan: Plan) -> dict[str, object]:
    """All that the stages depend on."""
    return {
        "schema": SCHEMA,
        "generator": _digest(passes.generator),
        "segmenter": _digest(passes.segmenter),
        "judge": _digest(judge.segmenter),
        "concepts": list(passes.concepts),
        "low": passes.low,
        "plan": asdict(plan),
    }


def _digest(network: object) -> str:
    """A hash of a module's weights; of the name of anything else."""
    digest = hashlib.sha256(type(network).__name__.encode())
    if isinstance(network, torch.nn.Module):
        for name, tensor in sorted(network.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
