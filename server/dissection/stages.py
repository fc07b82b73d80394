"""The stages of a dissection: each is computed once, and read again by a run that goes on after an interruption."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from server.dissection.artifacts import find_artifacts
from server.dissection.brushes import (
    COUNTS,
    FINAL_COUNTS,
    OTHER_COUNTS,
    Tried,
    first_look,
    race,
    second_look,
    try_pairs,
)
from server.dissection.context import measure_context
from server.dissection.costs import Costs
from server.dissection.field import Field
from server.dissection.levels import Levels
from server.dissection.masks import GRID
from server.dissection.measure import Places, judge_brushes, verdict_documents
from server.dissection.passes import Passes
from server.dissection.realism import Entropy, FrechetToScenes, Measure
from server.dissection.records import read_tried, tried_document
from server.dissection.results import Brush
from server.dissection.samples import Samples, cell_shares, draw_samples
from server.dissection.statistics import area_shares, compare, label_pictures, picture_features
from server.dissection.survey import draw_and_count, match_units
from server.dissection.trials import Bench, Floats
from server.dissection.work import Arrays, Work
from server.dissection.workers import Workers

JUDGED_FROM = 100_000  # the first seed of the judge's pictures; none that units were chosen on, nor any trained on
ARTIFACTS_FROM = 2_000_000  # the first seed of the pictures that artifact units are sought on

Report = Callable[[str, int, int], object]  # what is being done, stages done, stages in all
# How many and their size to scenes the generator learnt from: pictures (N, R, R, 3) and exact labels (N, R, R).
Scenes = Callable[[int, int], tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]]


@dataclass(frozen=True)
class Plan:
    """How much to look at.

    samples: pictures, of the seeds first ... first + samples - 1. learning, measuring: pictures that rankings are
    learnt on and that brushes are chosen on at last; few: those of a first and second look; racing: those of the race
    between the `rivals` best pairs of ranking and level. closer: layers a concept that get a second look. counts:
    numbers of units, and all. training: steps of the optimised ranking. judged: seeds for the judge. context: places of
    each kind. artifacts: pictures that artifact units are sought on. scenes: training scenes to compare with.
    """

    samples: int = 1000
    first: int = 0
    learning: int = 8
    measuring: int = 24
    few: int = 5
    racing: int = 12
    rivals: int = 6
    closer: int = 2
    counts: tuple[int, ...] = COUNTS
    training: int = 6
    judged: int = 200
    context: int = 12
    artifacts: int = 180
    scenes: int = 500
    seed: int = 0

    def quick(self) -> Plan:
        """In about six tenths of the time, with fewer pictures for each trial and a second look at one layer a concept
        only; the judge still sees as many.
        """
        return replace(self, measuring=14, few=4, racing=8, rivals=4, closer=1, training=4, context=8, artifacts=120)


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
        scenes: Scenes | None,
    ) -> None:
        self.passes, self.judge, self.layers, self.look, self.plan = passes, judge, layers, look, plan
        self.work, self.report, self.scenes = work, report, scenes
        self.workers, self.lock = Workers(passes.device), threading.Lock()
        self.costs = Costs([p.ledger for p in (passes, judge)])
        for p in (passes, judge):
            _ = p.frozen, p.reader  # made once, before threads ask for them
        self.done, self.total = 0, 8 + len(passes.concepts) * (len(layers) + 2)

    def step(self, text: str) -> None:
        """Tell what begins now."""
        with self.lock:
            self.report(text, self.done, self.total)
            self.done += 1

    def measure(self) -> tuple[dict[str, Arrays], dict[str, dict[str, Tried]]]:
        """The units' arrays by layer, and what was tried by layer and concept."""
        with self.costs.stage("samples"):
            self.step("samples")
            samples = self.samples()
        with self.costs.stage("training scenes"):
            self.step("training scenes")
            places = self.places()
        with self.costs.stage("units"):
            self.step("units")
            arrays = self._units(samples)
        plan = self.plan
        field = Field(self.passes, samples, plan.learning, plan.measuring, plan.seed, places.usual)
        trials: dict[str, dict[str, Tried]] = {layer: {} for layer in self.layers}
        concepts = [c for c in range(len(self.passes.concepts)) if field.usable(c)]
        self.total -= (len(self.layers) + 2) * (len(self.passes.concepts) - len(concepts))
        with self.costs.stage("brushes"):
            tried = self.workers.map(partial(self._try, field, arrays), concepts)
        for c, found in zip(concepts, tried, strict=True):
            for layer, one in found.items():
                trials[layer][self.passes.concepts[c]] = one
        return arrays, trials

    def judged(
        self, brushes: Sequence[Brush], trials: dict[str, dict[str, Tried]]
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """On fresh pictures: the verdicts on the best brushes, and what each can be drawn on."""
        best = [b for b in brushes if b.best]
        plan, judge = self.plan, self.judge

        def levels(brush: Brush) -> Floats:
            return trials[brush.layer][brush.concept].levels[brush.ranking.rpartition("level ")[2]]

        def draw() -> Arrays:
            drawn = draw_samples(judge, 3 * plan.judged, JUDGED_FROM, self.workers)
            return {"images": drawn.images, "labels": drawn.labels}

        with self.costs.stage("judging"):
            self.step("judging")
            places = self.places()
            held = self.work.arrays("fresh", draw)
            samples = Samples(JUDGED_FROM, judge.concepts, held["images"], held["labels"])
            shares = cell_shares(samples.labels, len(judge.concepts), GRID)  # (N, C, GRID, GRID)

            def verdict(brush: Brush) -> list[dict[str, Any]]:
                def compute() -> list[dict[str, Any]]:
                    found = judge_brushes(judge, samples, shares, [brush], levels, plan.judged, plan.seed, places)
                    return verdict_documents(found)

                found: list[dict[str, Any]] = self.work.document(f"judged-{brush.layer}-{brush.concept}", compute)
                return found

            verdicts = [v for found in self.workers.map(verdict, best) for v in found]
        with self.costs.stage("context"):
            self.step("context")

            def context(brush: Brush) -> dict[str, Any]:
                def compute() -> dict[str, Any]:
                    level = levels(brush)
                    return measure_context(judge, samples, shares, brush, level, plan.context, plan.seed)

                found: dict[str, Any] = self.work.document(f"context-{brush.layer}-{brush.concept}", compute)
                return found

            tables = dict(zip((b.concept for b in best), self.workers.map(context, best), strict=True))
        return verdicts, tables

    def artifacts(self) -> tuple[dict[str, Any], Arrays]:
        """The artifact units of all looked at layers as JSON, and the pictures that show them."""
        with self.costs.stage("artifact units"):
            self.step("artifact units")
            pictures: Arrays = {}

            def compute() -> dict[str, Any]:
                seeds = range(ARTIFACTS_FROM, ARTIFACTS_FROM + self.plan.artifacts)
                found = find_artifacts(self.judge, self._realism(), self.look, seeds, self.workers)
                pictures.update(found.shown)
                self.work.arrays("artifact-pictures", lambda: pictures)
                return found.document()

            document: dict[str, Any] = self.work.document("artifacts", compute)
            return document, self.work.arrays("artifact-pictures", lambda: pictures)

    def statistics(self) -> dict[str, Any]:
        """The samples' areas of every concept beside the training scenes'."""
        with self.costs.stage("statistics"):
            self.step("statistics")

            def compute() -> dict[str, Any]:
                concepts = self.passes.concepts
                generated = area_shares(self.samples().labels, len(concepts))
                held = self._scenes()
                if held is None:
                    return compare(concepts, generated, None)
                seen = label_pictures(self.passes, held["images"], self.workers)
                return compare(concepts, generated, area_shares(seen, len(concepts)))

            found: dict[str, Any] = self.work.document("statistics", compute)
            return found

    def samples(self) -> Samples:
        """Pictures and labels of the plan's seeds."""
        held = self._drawn()
        return Samples(self.plan.first, self.passes.concepts, held["images"], held["labels"])

    def places(self) -> Places:
        """Where concepts stand: in training scenes by their exact labels, or else in the samples."""
        held = self._scenes()
        labels = self.samples().labels if held is None else held["labels"]
        return Places.of(labels, len(self.passes.concepts))

    def _drawn(self) -> Arrays:
        def compute() -> Arrays:
            seeds = range(self.plan.first, self.plan.first + self.plan.samples)
            return draw_and_count(self.passes, seeds, self.look, self.workers)

        return self.work.arrays("samples", compute)

    def _scenes(self) -> Arrays | None:
        scenes = self.scenes
        if scenes is None:
            return None

        def compute() -> Arrays:
            images, labels = scenes(self.plan.scenes, self.passes.resolution)
            return {"images": images, "labels": labels}

        return self.work.arrays("scenes", compute)

    def _realism(self) -> Measure:
        held = self._scenes()
        if held is None:
            return Entropy()
        return FrechetToScenes(picture_features(self.judge, held["images"], self.workers))

    def _units(self, samples: Samples) -> dict[str, Arrays]:
        """The arrays of `server.dissection.run.ARRAYS` by layer."""

        def compute() -> Arrays:
            quantiles = {layer: self._drawn()[f"{layer}/quantiles"] for layer in self.look}
            found = match_units(self.passes, samples, self.look, quantiles, self.workers)
            return {f"{layer}/{name}": a for layer, arrays in found.items() for name, a in arrays.items()}

        flat = self.work.arrays("units", compute)
        return {
            layer: {key.removeprefix(f"{layer}/"): a for key, a in flat.items() if key.startswith(f"{layer}/")}
            for layer in self.look
        }

    def _try(self, field: Field, arrays: Mapping[str, Arrays], concept: int) -> dict[str, Tried]:
        """What was tried for a concept, by layer; see `server.dissection.brushes`."""
        plan, name = self.plan, self.passes.concepts[concept]

        def bench(layer: str, tried: Tried | None, most: int) -> Bench:
            levels = _levels(arrays[layer]).choices(concept) if tried is None else tried.levels
            return field.bench(concept, layer, levels, most)

        def kept(stage: str, layer: str, compute: Callable[[], Tried]) -> Tried:
            self.workers.check()
            self.step(f"{name}: {layer}")
            return read_tried(self.work.document(f"{stage}-{layer}-{concept}", lambda: tried_document(compute())))

        def first(layer: str) -> Tried:
            iou = arrays[layer]["iou"][:, concept]
            return first_look(bench(layer, None, plan.few), _levels(arrays[layer]), iou, plan.few)

        def second(layer: str) -> Tried:
            learn, rng = field.learn(concept, layer), field.rng(concept, layer)
            on = bench(layer, found[layer], plan.few)
            return second_look(on, learn, _levels(arrays[layer]), found[layer], plan.training, plan.few, rng)

        def last() -> dict[str, Any]:
            benches = {layer: bench(layer, found[layer], plan.measuring) for layer in best}
            raced, order = race(benches, {layer: found[layer] for layer in best}, plan.rivals, plan.racing)
            winners = order[:2]
            for turn in range(2):
                if turn == 1:  # the rest of the numbers for the better of the two
                    most = max(tried.gain() for tried in raced.values())
                    winners = [max(winners, key=lambda won: raced[won[0]].best(won[1], most))]
                for layer, pair in winners:
                    units = benches[layer].units
                    final = {min(n, units) for n in FINAL_COUNTS}
                    counts = [n for n in (*plan.counts, units) if (min(n, units) in final) != bool(turn)]
                    trials = try_pairs(benches[layer], raced[layer], [pair], counts, plan.measuring, True)
                    raced[layer] = raced[layer].with_trials(trials)
            swept = {layer for layer, _ in order[:2]}
            for layer in self.layers:
                tried = raced.get(layer, found[layer])
                if layer not in swept:
                    (_, pair), *_ = tried.best_pairs(bound)
                    some = plan.measuring // 2
                    on = benches[layer] if layer in benches else bench(layer, tried, some)
                    tried = tried.with_trials(try_pairs(on, tried, [pair], OTHER_COUNTS, some, True))
                raced[layer] = tried
            return {layer: tried_document(tried) for layer, tried in raced.items()}

        found = {layer: kept("first", layer, partial(first, layer)) for layer in self.layers}
        bound = max(tried.gain() for tried in found.values())
        best = sorted(self.layers, key=lambda layer: -found[layer].best_pairs(bound)[0][0])[: plan.closer]
        for layer in best:
            found[layer] = kept("second", layer, partial(second, layer))
        self.workers.check()
        held = self.work.document(f"last-{concept}", last)
        return {layer: read_tried(held[layer]) for layer in self.layers}


def _levels(arrays: Arrays) -> Levels:
    return Levels(*(arrays[name] for name in ("present", "mean", "deviation", "high", "low")))
