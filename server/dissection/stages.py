"""The stages of a dissection: each is computed once, and read again by a run that goes on after an interruption."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from server.dissection.agreement import measure_agreement
from server.dissection.artifacts import find_artifacts
from server.dissection.brushes import (
    COUNTS,
    FIRST_COUNTS,
    OTHER_COUNTS,
    Tried,
    closer_look,
    costly_candidates,
    first_look,
)
from server.dissection.context import measure_context
from server.dissection.field import Field
from server.dissection.levels import Levels, measure_levels
from server.dissection.masks import GRID
from server.dissection.measure import judge_brushes, verdict_documents
from server.dissection.passes import Passes, batches
from server.dissection.quantiles import QuantileSketch
from server.dissection.records import read_tried, tried_document
from server.dissection.regions import strongest_samples
from server.dissection.results import Brush
from server.dissection.samples import BATCH, Samples, cell_shares, draw_samples, featuremaps
from server.dissection.statistics import area_shares, compare, label_pictures
from server.dissection.trials import Floats
from server.dissection.work import Arrays, Work

QUANTILES = (0.0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
JUDGED_FROM = 1_000_000  # the first seed of the judge's pictures, far from those that units were chosen on

T = TypeVar("T")
R = TypeVar("R")

Report = Callable[[str, int, int], object]  # what is being done, stages done, stages in all
Scenes = Callable[[int, int], npt.NDArray[np.uint8]]  # how many and their size to pictures, (N, R, R, 3)


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
    learning: int = 10
    measuring: int = 16
    few: int = 8
    closer: int = 2
    pairs: int = 2
    counts: tuple[int, ...] = COUNTS
    training: int = 6
    judged: int = 100
    context: int = 8
    scenes: int = 500
    seed: int = 0


class Run:
    """One run: its stages, each computed unless it was before."""

    def __init__(
        self,
        passes: Passes,
        judge: Passes,
        layers: Sequence[str],
        look: Sequence[str],
        plan: Plan,
        work: Work,
        report: Report,
    ) -> None:
        self.passes, self.judge, self.layers, self.look, self.plan = passes, judge, layers, look, plan
        self.work, self.report = work, report
        self.lock, self.stopped = threading.Lock(), False
        self.done, self.total = 0, 6 + len(look) + len(passes.concepts) * (len(layers) + 1)

    def step(self, text: str) -> None:
        """Tell what begins now."""
        with self.lock:
            self.report(text, self.done, self.total)
            self.done += 1

    def measure(self) -> tuple[dict[str, Arrays], dict[str, dict[str, Tried]]]:
        """The units' arrays by layer, and what was tried by layer and concept."""
        self.step("samples")
        samples = self.samples()
        field = Field(self.passes, samples, self.plan.learning, self.plan.measuring, self.plan.seed)
        arrays = dict(zip(self.look, self._side_by_side(partial(self._units, samples), self.look), strict=True))
        trials: dict[str, dict[str, Tried]] = {layer: {} for layer in self.layers}
        concepts = [c for c in range(len(self.passes.concepts)) if field.usable(c)]
        self.total -= (len(self.layers) + 1) * (len(self.passes.concepts) - len(concepts))
        for c, found in zip(concepts, self._side_by_side(partial(self._try, field, arrays), concepts), strict=True):
            for layer, tried in found.items():
                trials[layer][self.passes.concepts[c]] = tried
        return arrays, trials

    def _side_by_side(self, compute: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """`compute` of every item: on a CPU one on each thread, which wastes less than many threads on one."""
        threads = torch.get_num_threads() if self.passes.device.type == "cpu" else 1
        torch.set_num_threads(1 if threads > 1 else threads)
        pool = ThreadPoolExecutor(threads)
        try:
            return [future.result() for future in [pool.submit(compute, item) for item in items]]
        except BaseException:
            self.stopped = True
            raise
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)

    def _check_stopped(self) -> None:
        """Ends a thread whose run was interrupted, before it begins another stage."""
        if self.stopped:
            raise CancelledError

    def _try(self, field: Field, arrays: dict[str, Arrays], concept: int) -> dict[str, Tried]:
        """What was tried for a concept, by layer."""
        name = self.passes.concepts[concept]
        found: dict[str, Tried] = {}
        for layer in self.layers:
            self._check_stopped()
            self.step(f"{name}: {layer}")
            found[layer] = self._first(field, concept, layer, arrays[layer])
        self.step(f"{name}: a closer look")
        self._closer(field, concept, found, arrays)
        return found

    def judged(
        self, brushes: Sequence[Brush], trials: dict[str, dict[str, Tried]]
    ) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
        """On fresh pictures: the verdicts on the best brushes, what each can be drawn on, and the artifact units."""
        self.step("judging")
        best = [b for b in brushes if b.best]

        def levels(brush: Brush) -> Floats:
            return trials[brush.layer][brush.concept].levels[brush.ranking.rpartition("level ")[2]]

        def compute() -> dict[str, Any]:
            plan, judge = self.plan, self.judge
            samples = draw_samples(judge, 3 * plan.judged, JUDGED_FROM)
            shares = cell_shares(samples.labels, len(judge.concepts), GRID)  # (N, C, GRID, GRID)
            verdicts = judge_brushes(judge, samples, shares, best, levels, plan.judged, plan.seed)
            self.step("context")
            context = {
                b.concept: measure_context(judge, samples, shares, b, levels(b), plan.context, plan.seed) for b in best
            }
            self.step("artifact units")
            layer = max(self.layers, key=[b.layer for b in best].count)
            _, artifacts = find_artifacts(judge, layer, samples.seeds[: plan.judged])
            return {"verdicts": verdict_documents(verdicts), "context": context, "artifacts": artifacts}

        held = self.work.document("judged", compute)
        return held["verdicts"], held["context"], held["artifacts"]

    def statistics(self, scenes: Scenes | None) -> dict[str, Any]:
        """The samples' areas of every concept beside the training scenes'."""
        self.step("training scenes")

        def compute() -> dict[str, Any]:
            concepts = self.passes.concepts
            generated = area_shares(self.samples().labels, len(concepts))
            if scenes is None:
                return compare(concepts, generated, None)
            pictures = scenes(self.plan.scenes, self.passes.resolution)
            return compare(concepts, generated, area_shares(label_pictures(self.passes, pictures), len(concepts)))

        found: dict[str, Any] = self.work.document("statistics", compute)
        return found

    def samples(self) -> Samples:
        """Pictures and labels of the plan's seeds."""

        def compute() -> Arrays:
            drawn = draw_samples(self.passes, self.plan.samples, self.plan.first)
            return {"images": drawn.images, "labels": drawn.labels}

        held = self.work.arrays("samples", compute)
        return Samples(self.plan.first, self.passes.concepts, held["images"], held["labels"])

    def _units(self, samples: Samples, layer: str) -> Arrays:
        """The arrays of `server.dissection.run.ARRAYS`."""
        self._check_stopped()
        self.step(f"{layer}: units")
        return self.work.arrays(f"{layer}-units", partial(self._measured_units, samples, layer))

    def _measured_units(self, samples: Samples, layer: str) -> Arrays:
        r = featuremaps(self.passes, samples.seeds, layer)  # (N, units, h, w)
        sketch = QuantileSketch.empty(r.shape[1])
        for s in batches(len(r), BATCH):
            sketch.add(r[s])
        concepts = len(self.passes.concepts)
        agreement = measure_agreement(r, samples.labels, concepts, sketch)
        low, high = sketch.quantile((0.01, 0.99)).unbind(1)  # (units,) each
        levels = measure_levels(r, samples.labels, concepts, low, high)
        # The region that is shown is the one of the concept the unit matches best.
        shown = np.where(agreement.matches(), agreement.iou, agreement.iou / 100).argmax(1)  # (units,)
        threshold = agreement.threshold[np.arange(len(shown)), shown]  # (units,)
        strongest, regions = strongest_samples(r, threshold)
        return {
            **vars(agreement),
            **vars(levels),
            "quantiles": sketch.quantile(QUANTILES).numpy(),
            "strongest": samples.first + strongest,
            "regions": regions,
        }

    def _first(self, field: Field, concept: int, layer: str, held: Arrays) -> Tried:
        def compute() -> dict[str, Any]:
            levels = _levels(held)
            bench = field.bench(concept, layer, levels.choices(concept), self.plan.few)
            return tried_document(first_look(bench, field.learn(concept, layer), levels, held["iou"][:, concept]))

        return read_tried(self.work.document(f"first-{layer}-{concept}", compute))

    def _closer(self, field: Field, concept: int, found: dict[str, Tried], arrays: dict[str, Arrays]) -> None:
        """Measure the concept's best pairs of ranking and level on more pictures, and put that into `found`."""
        bound = max(tried.gain() for tried in found.values())

        def worth(layer: str) -> float:
            return max(t.score(bound) for t in found[layer].trials)

        best = sorted(self.layers, key=worth, reverse=True)[: self.plan.closer]
        for layer in self.layers:
            self._check_stopped()
            first = found[layer]
            compute = partial(self._measured, field, concept, layer, first, arrays[layer], bound, layer in best)
            found[layer] = read_tried(self.work.document(f"closer-{layer}-{concept}", compute))

    def _measured(
        self, field: Field, concept: int, layer: str, first: Tried, held: Arrays, bound: float, thorough: bool
    ) -> dict[str, Any]:
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
        tried = replace(tried, trials=(*tried.trials, *closer_look(bench, tried, pairs, counts)))
        return tried_document(tried)


def _levels(arrays: Arrays) -> Levels:
    return Levels(*(arrays[name] for name in ("present", "mean", "deviation", "high", "low")))
