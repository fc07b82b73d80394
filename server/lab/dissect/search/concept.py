"""The search for one concept's brushes at all layers, stage by stage.

Drawing and removing are sought apart. Candidates are pairs of ranking and level (to remove with, a ranking alone):

1. at every layer: the rankings that cost nothing (IoU, contrast), with every base level, or at a layer that the
   generator was made to be edited at, with the level that it was taught to be drawn at, and near that ever after;
2. at the layer that draws best: the ranking by cause and the optimised one, and a trained level; at the one that
   removes best: the ranking by cause of removing;
3. the best candidates of all layers race each other;
4. the winner, and less of the same for the other layers: all numbers of units, and with the one that leads multiples of
   the level, of which the weakest wins that is within a hair of the best (`server.lab.dissect.search.scores`).

A layer that decides what each cell shows does not race: it draws what a mask has just there, others let it grow. Its
brushes are sought beside theirs, at the one level that decides: to draw with one unit, as one thing stands in a cell,
the one that agrees best of those that draw well, to remove with a few.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from server.lab.dissect.constants import DECIDES, EXACT_COUNTS, EXACT_UNITS, TAUGHT, TAUGHT_RANGE
from server.lab.dissect.running.plan import Plan
from server.lab.dissect.running.progress import Progress
from server.lab.dissect.running.work import Arrays, Work
from server.lab.dissect.running.workers import Workers
from server.lab.dissect.search.halving import Records, Round, halve, play, schedule
from server.lab.dissect.search.rankings import eliminate, optimise, train_level
from server.lab.dissect.search.scores import reach, standings
from server.lab.dissect.trials.experiment import Experiment, Experiments
from server.lab.dissect.trials.record import Record
from server.lab.dissect.trials.weights import Ranking
from server.lab.dissect.units.levels import Levels
from server.lab.dissect.units.samples import Floats
from server.results.brush import OPS, Op


@dataclass(frozen=True)
class Search:
    """What brushes are sought with. units: the arrays of the layers. layers: where they are sought, in order. exact: a
    layer that decides, where they are sought as well, None without one."""

    experiments: Experiments
    units: Mapping[str, Arrays]
    layers: Sequence[str]
    exact: str | None
    plan: Plan
    work: Work
    workers: Workers
    progress: Progress

    def records(self, concept: int) -> dict[str, Record]:
        """What was tried for the concept, by layer. Stages that were finished before are read."""
        name = self.experiments.passes.concepts[concept]
        records: dict[str, Record] = {}
        for layer in self.layers:
            records |= self._stage(f"first-{layer}-{concept}", f"{name}: {layer}", partial(self._first, concept, layer))
        for op in OPS:
            scores = standings(op, records.values(), reach(records.values()))
            layer = max(scores, key=scores.__getitem__).layer
            learn = partial(self._learn, op, concept, records[layer])
            records |= self._stage(f"{op}-{layer}-{concept}", f"{name}: {layer}", learn)
        records = self._stage(f"last-{concept}", f"{name}: numbers and levels", partial(self._halve, concept, records))
        if self.exact is not None:
            decide = partial(self._decide, concept, self.exact)
            records |= self._stage(f"exact-{concept}", f"{name}: {self.exact}", decide)
        return records

    def _stage(self, stage: str, step: str, compute: Callable[[], Records]) -> dict[str, Record]:
        self.workers.check()
        self.progress.begin(step)
        documents = self.work.document(stage, lambda: {layer: r.document() for layer, r in compute().items()})
        return {layer: Record.read(document) for layer, document in documents.items()}

    def _first(self, concept: int, layer: str) -> Records:
        """The rankings that cost nothing, with every level."""
        experiment = self._experiment(concept, layer, self.plan.few)
        taught = layer in experiment.passes.generator.brush_layers
        levels = self._levels(layer).choices(concept)
        if taught:
            levels = {"taught": np.full(experiment.units, TAUGHT, np.float32)}
        record = self._untried(concept, layer, experiment, levels)
        record = replace(record, within=TAUGHT_RANGE if taught else None)
        for op in OPS:
            record = self._tried(op, experiment, record, list(record.rankings))
        return {layer: record}

    def _decide(self, concept: int, layer: str) -> Records:
        """At a layer that decides: the units that agree best, each alone to draw, and the rankings that cost nothing to
        remove."""
        experiment = self._experiment(concept, layer, self.plan.measuring)
        deciding = experiment.passes.generator.exact_units or experiment.units
        level = np.full(experiment.units, DECIDES, np.float32)
        record = self._untried(concept, layer, experiment, {"decided": level})
        agreeing = {name: _first(order < deciding, order) for name, order in record.rankings.items()}
        iou = agreeing["iou"]
        alone = {f"unit {u} first": _first(iou == u, iou) for u in iou[:EXACT_UNITS]}
        records: Records = {layer: replace(record, rankings={**agreeing, **alone})}
        rounds: tuple[tuple[Op, Mapping[str, Ranking], tuple[int, ...]], ...] = (
            ("draw", alone, (1,)),
            ("remove", agreeing, EXACT_COUNTS),
        )
        for op, names, counts in rounds:
            candidates = record.candidates(op, list(names))
            records, _ = play(op, Round(self.plan.measuring, counts), candidates, {layer: experiment}, records)
        return records

    def _untried(self, concept: int, layer: str, experiment: Experiment, levels: dict[str, Floats]) -> Record:
        """The rankings that cost nothing, and these levels."""
        rankings = {
            "iou": _ranking(self.units[layer]["iou"][:, concept]),
            "contrast": _ranking(self._levels(layer).contrast()[:, concept]),
        }
        unknown = np.full(experiment.units, np.nan, np.float32)
        return Record(layer, rankings, levels, unknown, experiment.bounds(levels, self.plan.few))

    def _learn(self, op: Op, concept: int, record: Record) -> Records:
        """The rankings that are learnt on pictures of their own, and to draw with a trained level too; nothing
        where the segmenter has no gradients to learn from.
        """
        layer = record.layer
        if not self.experiments.passes.differentiable:
            return {layer: record}
        experiment = self._experiment(concept, layer, self.plan.few)
        if op == "draw":
            learnt = self._learn_drawing(concept, record)
            return {layer: self._tried(op, experiment, learnt, ["causal", "optimised"])}
        lessons, zero = self.experiments.lessons(op, concept, layer), torch.zeros(experiment.units)
        causal, _ = eliminate(experiment.passes, lessons, concept, zero, removing=True)
        record = replace(record, rankings={**record.rankings, "causal removing": causal})
        names = [name for name in ("causal removing", "optimised") if name in record.rankings]
        return {layer: self._tried(op, experiment, record, names)}

    def _learn_drawing(self, concept: int, record: Record) -> Record:
        passes, layer, steps = self.experiments.passes, record.layer, self.plan.training
        draw, remove = (self.experiments.lessons(op, concept, layer) for op in OPS)
        rng = self.experiments.rng(concept, layer)
        start = torch.from_numpy(record.levels[max(record.bounds, key=record.bounds.__getitem__)])  # (units,)
        low, high = (torch.from_numpy(self.units[layer][name]) for name in ("low", "high"))  # (units,) each
        if record.within is not None:
            low, high = (torch.full_like(start, bound) for bound in record.within)
        causal, parts = eliminate(passes, draw, concept, start)
        weights = optimise(passes, draw, remove, concept, start, steps, rng)  # (units,)
        trained = train_level(passes, draw, concept, causal, start, low, high, 2 * steps, rng)  # (units,)
        return replace(
            record,
            rankings={**record.rankings, "causal": causal, "optimised": _ranking(weights.numpy())},
            levels={**record.levels, "trained": trained.numpy()},
            parts=parts.numpy(),
        )

    def _halve(self, concept: int, records: Records) -> Records:
        experiments = {layer: self._experiment(concept, layer, self.plan.measuring) for layer in self.layers}
        for op in OPS:
            records = halve(op, schedule(op, self.plan), experiments, records)
        return records

    def _tried(self, op: Op, experiment: Experiment, record: Record, rankings: Sequence[str]) -> Record:
        """With the first round of these rankings, at all levels of the record."""
        rules, layer = schedule(op, self.plan).first, record.layer
        return play(op, rules, record.candidates(op, rankings), {layer: experiment}, {layer: record})[0][layer]

    def _experiment(self, concept: int, layer: str, pictures: int) -> Experiment:
        return self.experiments.experiment(concept, layer, self.units[layer]["deviation"], pictures)

    def _levels(self, layer: str) -> Levels:
        return Levels(**{field.name: self.units[layer][field.name] for field in fields(Levels)})


def _first(these: npt.NDArray[np.bool_], order: Ranking) -> Ranking:
    """The order with these of its units before the others. these, order: (units,)."""
    return np.concatenate([order[these], order[~these]])


def _ranking(worth: Floats) -> Ranking:
    """Units best first. worth: (units,)."""
    return np.argsort(-worth, kind="stable")
