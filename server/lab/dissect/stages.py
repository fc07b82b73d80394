"""The stages of a dissection: each is computed once, and read again by a run that goes on after an interruption."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from server.lab.dissect.artifacts import find_artifacts
from server.lab.dissect.brushes import Tried
from server.lab.dissect.context import measure_context
from server.lab.dissect.costs import Costs
from server.lab.dissect.field import Field
from server.lab.dissect.masks import GRIDS
from server.lab.dissect.measure import judge_concept
from server.lab.dissect.passes import Passes
from server.lab.dissect.places import Places, rasters
from server.lab.dissect.plan import Plan
from server.lab.dissect.realism import Entropy, FrechetToScenes, Measure
from server.lab.dissect.samples import Samples, draw_samples
from server.lab.dissect.search import Search
from server.lab.dissect.statistics import area_shares, compare, label_pictures, picture_features
from server.lab.dissect.survey import draw_and_count, match_units
from server.lab.dissect.work import Arrays, Work
from server.lab.dissect.workers import Workers
from server.results.brush import Brush

JUDGED_FROM = 100_000  # the first seed of the judge's pictures; none that units were chosen on, nor any trained on
ARTIFACTS_FROM = 2_000_000  # the first seed of the pictures that artifact units are sought on

Report = Callable[[str, int, int], object]  # what is being done, stages done, stages in all
# How many and their size to scenes the generator learnt from: pictures (N, R, R, 3) and exact labels (N, R, R).
Scenes = Callable[[int, int], tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]]


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
        self.done, self.total = 0, 8 + len(passes.concepts) * (len(layers) + 3)

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
        field = Field(self.passes, samples, plan.learning, plan.measuring, plan.seed, places)
        search = Search(field, arrays, self.layers, plan, self.work, self.workers, self.step)
        concepts = [c for c in range(len(self.passes.concepts)) if field.usable(c)]
        self.total = 8 + len(concepts) * (len(self.layers) + 3)
        with self.costs.stage("brushes"):
            found = self.workers.map(search.tried, concepts)
        trials: dict[str, dict[str, Tried]] = {layer: {} for layer in self.layers}
        for c, tried in zip(concepts, found, strict=True):
            for layer, one in tried.items():
                trials[layer][self.passes.concepts[c]] = one
        return arrays, trials

    def judged(
        self, brushes: Sequence[Brush], arrays: Mapping[str, Arrays]
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """On fresh pictures: the verdicts on the best brushes, and what each can be drawn on."""
        plan, judge = self.plan, self.judge
        drawers = [b for b in brushes if b.serves("draw")]
        removers = {b.concept: b for b in brushes if b.serves("remove")}

        def fresh() -> Arrays:
            drawn = draw_samples(judge, 3 * plan.judged, JUDGED_FROM, self.workers)
            return {"images": drawn.images, "labels": drawn.labels}

        def deviation(layer: str) -> npt.NDArray[np.float32]:
            return arrays[layer]["deviation"]

        with self.costs.stage("judging"):
            self.step("judging")
            places = self.places()
            held = self.work.arrays("fresh", fresh)
            samples = Samples(JUDGED_FROM, judge.concepts, held["images"], held["labels"])
            shares = rasters(samples.labels, len(judge.concepts))

            def verdict(brush: Brush) -> dict[str, Any] | None:
                def compute() -> dict[str, Any] | None:
                    found = judge_concept(
                        judge,
                        samples,
                        shares,
                        brush,
                        removers[brush.concept],
                        deviation,
                        plan.judged,
                        plan.seed,
                        places,
                    )
                    return None if found is None else found.document()

                found: dict[str, Any] | None = self.work.document(f"judged-{brush.concept}", compute)
                return found

            verdicts = [v for v in self.workers.map(verdict, drawers) if v is not None]
        with self.costs.stage("context"):
            self.step("context")

            def context(brush: Brush) -> dict[str, Any]:
                def compute() -> dict[str, Any]:
                    return measure_context(judge, samples, shares[GRIDS[0]], brush, plan.context, plan.seed)

                found: dict[str, Any] = self.work.document(f"context-{brush.concept}", compute)
                return found

            tables = dict(zip((b.concept for b in drawers), self.workers.map(context, drawers), strict=True))
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
        """The arrays of `server.lab.dissect.run.ARRAYS` by layer."""

        def compute() -> Arrays:
            quantiles = {layer: self._drawn()[f"{layer}/quantiles"] for layer in self.look}
            found = match_units(self.passes, samples, self.look, quantiles, self.workers)
            return {f"{layer}/{name}": a for layer, arrays in found.items() for name, a in arrays.items()}

        flat = self.work.arrays("units", compute)
        return {
            layer: {key.removeprefix(f"{layer}/"): a for key, a in flat.items() if key.startswith(f"{layer}/")}
            for layer in self.look
        }
