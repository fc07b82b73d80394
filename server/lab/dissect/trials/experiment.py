"""Experiments: draw with some units, or remove with them, and do the same with as many others at random."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.dissect.constants import LEAST_MASKS
from server.lab.dissect.running.passes import Passes
from server.lab.dissect.trials.effect import Effect, MaskedPictures, measure_effect
from server.lab.dissect.trials.layout import Layout, rasters
from server.lab.dissect.trials.likeness import Likeness, likeness_of
from server.lab.dissect.trials.masks import Masks
from server.lab.dissect.trials.record import Candidate, Drawing, Record, Removal, Trial
from server.lab.dissect.trials.weights import alive, others_first, random_units, random_weights, top
from server.lab.dissect.units.samples import Floats, Samples
from server.results.brush import OPS, Op

Edit = tuple[str, str, str, float, int]  # what is done with which ranking, level, multiple and number of units


@dataclass(frozen=True)
class Experiment:
    """What brushes of one concept at one layer are tried on.

    draw, remove: the pictures. random: random orders of the living units, one a picture, (M, living). likeness: what
    the concept looks like by itself, None where too few samples show it. holds: the most that such masks have of it by
    itself. An edit tried before goes on where it stopped when more pictures are asked for.
    """

    passes: Passes
    concept: int
    draw: MaskedPictures
    remove: MaskedPictures
    random: npt.NDArray[np.int64]
    likeness: Likeness | None
    holds: float
    _effects: dict[Edit, Effect] = field(default_factory=dict)

    @property
    def units(self) -> int:
        """How many units the layer has."""
        return int(self.draw.a.r.shape[1])

    def bounds(self, levels: Mapping[str, Floats], pictures: int) -> dict[str, float]:
        """The draw effect of every unit at once, by level."""
        every = torch.ones(self.units)
        return {
            name: self._effect(
                ("draw all", "", name, 1, self.units), self.draw, every, torch.from_numpy(level), pictures
            ).change
            for name, level in levels.items()
        }

    def measure(
        self, op: Op, record: Record, candidate: Candidate, count: int, pictures: int, multiple: float = 1.0
    ) -> Trial:
        """Draw or remove with the candidate's first `count` units on `pictures` pictures, or all there are, and with as
        many others at random on some of them.

        record: knows the candidate's ranking and level. multiple: of the level. Units to remove are set to zero; on
        some of the pictures everywhere too.
        """
        if op == "remove":
            return self._remove(record, candidate, count, pictures)
        return self._draw(record, candidate, count, pictures, multiple)

    def _draw(self, record: Record, candidate: Candidate, count: int, pictures: int, multiple: float) -> Drawing:
        layer, ranking, level = candidate
        own = top(record.rankings[ranking], count)  # (units,)
        value = torch.from_numpy(record.value(level, multiple))  # (units,)
        drawn = self._effect(("draw", ranking, level, multiple, count), self.draw, own, value, pictures, self.likeness)
        random = self._others(own, self.draw)  # (M, units)
        edit, some = ("draw randomly", ranking, level, multiple, count), _some(pictures)
        chance = self._effect(edit, self.draw, random, value, some)
        before = float(drawn.before.mean())
        return Drawing(
            layer=layer,
            ranking=ranking,
            level=level,
            multiple=multiple,
            units=count,
            pictures=len(drawn),
            before=before,
            drawn=float(drawn.after.mean()),
            disturbed=drawn.disturbed,
            strange=drawn.strange,
            random_drawn=before + chance.change,
            holds=self.holds,
        )

    def _remove(self, record: Record, candidate: Candidate, count: int, pictures: int) -> Removal:
        layer, ranking, _ = candidate
        own, zero, some = top(record.rankings[ranking], count), torch.zeros(self.units), _some(pictures)
        removed = self._effect(("remove", ranking, "", 1, count), self.remove, own, zero, pictures)
        everywhere = self._effect(
            ("remove everywhere", ranking, "", 1, count), self.remove.everywhere(), own, zero, some
        )
        random = self._others(own, self.remove)  # (M, units)
        chance = self._effect(("remove randomly", ranking, "", 1, count), self.remove, random, zero, some)
        return Removal(
            layer=layer,
            ranking=ranking,
            units=count,
            pictures=len(removed),
            removed=removed.removed,
            disturbed=removed.disturbed,
            spoilt=everywhere.disturbed,
            random_removed=chance.removed,
        )

    def _others(self, own: Tensor, pictures: MaskedPictures) -> Tensor:
        """The weights of edits with as many random units as that of weights `own`, (units,), others while there are
        any: (M, units)."""
        return random_weights(others_first(self.random[: len(pictures)], own), int(own.sum()), self.units)

    def _effect(
        self,
        edit: Edit,
        pictures: MaskedPictures,
        alpha: Tensor,
        value: Tensor,
        count: int,
        likeness: Likeness | None = None,
    ) -> Effect:
        """The effect on the first `count` pictures, or all there are; on more where it is known of more."""
        known = self._effects.get(edit)
        done, wanted = 0 if known is None else len(known), min(count, len(pictures))
        if known is None or done < wanted:
            s = slice(done, wanted)
            own = alpha if alpha.ndim == 1 else alpha[s]
            more = measure_effect(self.passes, pictures.pick(s), self.concept, own, value, likeness)
            known = self._effects[edit] = more if known is None else known.joined(more)
        return known


class Experiments:
    """Masks to draw and to remove every concept in, split into those to learn on and those to measure on: the same
    pictures and masks at every layer.
    """

    def __init__(
        self, passes: Passes, samples: Samples, layout: Layout, learning: int, measuring: int, seed: int
    ) -> None:
        self.passes, self.samples, self.layout = passes, samples, layout
        self.learning, self.measuring, self.seed = learning, measuring, seed
        shares = rasters(samples.labels, len(passes.concepts))
        self.masks: dict[Op, list[Masks]] = {op: [] for op in OPS}
        for c in range(len(passes.concepts)):
            rng = np.random.default_rng([seed, c])
            self.masks["draw"].append(layout.drawing(shares, c, learning + measuring, rng))
            self.masks["remove"].append(layout.removing(shares, c, learning + measuring, rng))
        self._likenesses: dict[int, Likeness | None] = {}
        self._lock = threading.Lock()

    def usable(self, concept: int) -> bool:
        """Whether there are enough pictures to draw on and to remove the concept from."""
        return min(len(self.masks[op][concept]) for op in OPS) >= LEAST_MASKS

    def rng(self, concept: int, layer: str) -> np.random.Generator:
        """Random numbers of one concept at one layer, the same every time."""
        return np.random.default_rng([self.seed, concept, self.passes.generator.index(layer)])

    def lessons(self, op: Op, concept: int, layer: str) -> MaskedPictures:
        """Pictures to learn on."""
        return self._pictures(self._split(op, concept)[0], layer)

    def experiment(self, concept: int, layer: str, deviation: Floats, most: int) -> Experiment:
        """Other pictures, to measure on: at most `most` to draw on and as many to remove from. deviation: (units,), of
        the layer's units; random ones are those that are not dead.
        """
        draw, remove = (self._pictures(self._split(op, concept)[1].pick(slice(most)), layer) for op in OPS)
        random = random_units(alive(deviation), self.learning + self.measuring, self.rng(concept, layer))
        with self._lock:
            if concept not in self._likenesses:
                self._likenesses[concept] = likeness_of(self.samples, concept)
            likeness = self._likenesses[concept]
        return Experiment(self.passes, concept, draw, remove, random, likeness, self.layout.holds[concept])

    def _split(self, op: Op, concept: int) -> tuple[Masks, Masks]:
        masks = self.masks[op][concept]
        cut = min(self.learning, len(masks) // 2)
        return masks.pick(slice(cut)), masks.pick(slice(cut, None))

    def _pictures(self, masks: Masks, layer: str) -> MaskedPictures:
        return MaskedPictures.of(self.passes, self.samples, masks, layer)


def _some(pictures: int) -> int:
    """Of so many pictures those that what a brush is compared with is tried on: a third, two at least."""
    return max(2, -(-pictures // 3))
