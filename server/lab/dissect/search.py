"""The search for one concept's brushes at all layers, stage by stage; see `server.lab.dissect.brushes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from server.lab.dissect.brushes import (
    OTHER_COUNTS,
    OTHER_MULTIPLES,
    Tried,
    draw,
    first_look,
    race,
    remove,
    second_drawing,
    second_removing,
    sweep_levels,
)
from server.lab.dissect.field import Field
from server.lab.dissect.levels import Levels
from server.lab.dissect.plan import Plan
from server.lab.dissect.records import read_tried, tried_document
from server.lab.dissect.trials import Bench
from server.lab.dissect.work import Arrays, Work
from server.lab.dissect.workers import Workers


class Search:
    """What is tried for a concept at each layer. Stages that were finished before are read."""

    def __init__(
        self,
        field: Field,
        arrays: Mapping[str, Arrays],
        layers: Sequence[str],
        plan: Plan,
        work: Work,
        workers: Workers,
        step: Callable[[str], None],
    ) -> None:
        """arrays: of the units, by layer. layers: where brushes are sought. step: told what begins."""
        self.field, self.arrays, self.layers, self.plan = field, arrays, layers, plan
        self.work, self.workers, self.step = work, workers, step

    def tried(self, concept: int) -> dict[str, Tried]:
        """What was tried for the concept, by layer."""
        plan, name = self.plan, self.field.passes.concepts[concept]

        def kept(stage: str, layer: str, compute: Callable[[], Tried]) -> Tried:
            self.workers.check()
            self.step(f"{name}: {layer}")
            return read_tried(self.work.document(f"{stage}-{layer}-{concept}", lambda: tried_document(compute())))

        def first(layer: str) -> Tried:
            iou = self.arrays[layer]["iou"][:, concept]
            return first_look(self._bench(concept, layer, None, plan.few), self._levels(layer), iou, plan.few)

        def second(layer: str, drawing: bool) -> Tried:
            bench, learn = self._bench(concept, layer, found[layer], plan.few), self.field.learn(concept, layer)
            if not drawing:
                return second_removing(bench, learn[1], found[layer], plan.few)
            rng = self.field.rng(concept, layer)
            return second_drawing(bench, learn, self._levels(layer), found[layer], plan.training, plan.few, rng)

        def last() -> dict[str, Any]:
            after = self._last(concept, found)
            return {layer: tried_document(tried) for layer, tried in after.items()}

        found = {layer: kept("first", layer, partial(first, layer)) for layer in self.layers}
        bound = max(tried.gain() for tried in found.values())
        draws = max(self.layers, key=lambda layer: found[layer].drawing_pairs(bound)[0][0])
        removes = max(self.layers, key=lambda layer: found[layer].removing_pairs()[0][0])
        found[draws] = kept("drawing", draws, partial(second, draws, True))
        found[removes] = kept("removing", removes, partial(second, removes, False))
        self.workers.check()
        self.step(f"{name}: numbers and levels")
        held = self.work.document(f"last-{concept}", last)
        return {layer: read_tried(held[layer]) for layer in self.layers}

    def _last(self, concept: int, found: Mapping[str, Tried]) -> dict[str, Tried]:
        """The race between all layers, the sweeps of the two that win it, and less of the same for the other layers,
        which have brushes as well.
        """
        plan, some = self.plan, self.plan.racing
        benches = {layer: self._bench(concept, layer, found[layer], plan.measuring) for layer in self.layers}
        after, (draws, drawing), (removes, removing) = race(benches, found, plan.rivals, some)
        bound = max(tried.gain() for tried in after.values())
        for layer in self.layers:
            bench, tried = benches[layer], after[layer]
            every = (*plan.counts, bench.units)
            if layer == draws:
                tried = draw(bench, tried, [drawing], every, plan.measuring)
                tried = sweep_levels(bench, tried, bound)
            else:
                tried = draw(bench, tried, [tried.drawing_pairs(bound)[0][1]], OTHER_COUNTS, some)
                tried = sweep_levels(bench, tried, bound, OTHER_MULTIPLES)
            if layer == removes:
                tried = remove(bench, tried, [removing], every, plan.measuring)
            else:
                tried = remove(bench, tried, [tried.removing_pairs()[0][1]], OTHER_COUNTS, some)
            after[layer] = tried
        return after

    def _bench(self, concept: int, layer: str, tried: Tried | None, most: int) -> Bench:
        levels = self._levels(layer).choices(concept) if tried is None else tried.levels
        return self.field.bench(concept, layer, levels, self.arrays[layer]["deviation"], most)

    def _levels(self, layer: str) -> Levels:
        return Levels(*(self.arrays[layer][name] for name in ("present", "mean", "deviation", "high", "low")))
