"""Where each concept's brushes are tried: the same pictures and masks at every layer."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch

from server.lab.dissect.effect import Trial, prepare
from server.lab.dissect.likeness import Likeness
from server.lab.dissect.masks import Sites
from server.lab.dissect.passes import Passes
from server.lab.dissect.places import Places, rasters
from server.lab.dissect.samples import Samples, featuremaps
from server.lab.dissect.trials import Bench, Floats
from server.lab.dissect.weights import alive, random_units

LEAST_SITES = 6  # a concept with fewer places to try it has no brush
_SEEN = 400  # samples that tell what a concept looks like by itself, at most


class Field:
    """Places to draw and to remove every concept, split into those to learn on and those to measure on."""

    def __init__(
        self,
        passes: Passes,
        samples: Samples,
        learning: int,
        measuring: int,
        seed: int,
        places: Places | None = None,
    ) -> None:
        """places: where concepts usually stand; by default, in the samples."""
        self.passes, self.samples = passes, samples
        self.learning, self.measuring, self.seed = learning, measuring, seed
        concepts = len(passes.concepts)
        places = Places.of(samples.labels, concepts) if places is None else places
        self.holds = places.holds
        shares = rasters(samples.labels, concepts)
        self.draw: list[Sites] = []
        self.remove: list[Sites] = []
        for c in range(concepts):
            rng = np.random.default_rng([seed, c])
            self.draw.append(places.drawing(shares, c, learning + measuring, rng))
            self.remove.append(places.removing(shares, c, learning + measuring, rng))
        self._likenesses: dict[int, Likeness | None] = {}
        self._lock = threading.Lock()

    def usable(self, concept: int) -> bool:
        """Whether there are enough places to draw and to remove the concept."""
        return min(len(self.draw[concept]), len(self.remove[concept])) >= LEAST_SITES

    def rng(self, concept: int, layer: str) -> np.random.Generator:
        """Random numbers of one concept at one layer."""
        return np.random.default_rng([self.seed, concept, self.passes.generator.index(layer)])

    def likeness(self, concept: int) -> Likeness | None:
        """What the concept looks like in samples, None where too few show it."""
        with self._lock:
            if concept not in self._likenesses:
                self._likenesses[concept] = likeness_of(self.samples, concept)
            return self._likenesses[concept]

    def learn(self, concept: int, layer: str) -> tuple[Trial, Trial]:
        """Pictures to learn on, to draw and to remove."""
        return (
            self._trial(layer, self._split(self.draw[concept])[0]),
            self._trial(layer, self._split(self.remove[concept])[0]),
        )

    def bench(self, concept: int, layer: str, levels: Mapping[str, Floats], deviation: Floats, most: int) -> Bench:
        """Other pictures, to measure on: at most `most` to draw on and as many to remove from. deviation: (units,), of
        the layer's units; random ones are those that are not dead.
        """
        return Bench(
            self.passes,
            concept,
            self._trial(layer, self._split(self.draw[concept])[1].pick(slice(most))),
            self._trial(layer, self._split(self.remove[concept])[1].pick(slice(most))),
            levels,
            random_units(alive(deviation), self.learning + self.measuring, self.rng(concept, layer)),
            self.likeness(concept),
            self.holds[concept],
        )

    def _split(self, sites: Sites) -> tuple[Sites, Sites]:
        cut = min(self.learning, len(sites) // 2)
        return sites.pick(slice(cut)), sites.pick(slice(cut, None))

    def _trial(self, layer: str, sites: Sites) -> Trial:
        seeds = [self.samples.seeds[i] for i in sites.index]
        labels: npt.NDArray[np.uint8] = self.samples.labels[sites.index]
        return prepare(layer, featuremaps(self.passes, seeds, layer), labels, sites.cells)


def likeness_of(samples: Samples, concept: int) -> Likeness | None:
    """What the concept looks like by itself in the first samples that show it."""
    index = np.flatnonzero((samples.labels == concept).any((1, 2)))[:_SEEN]
    pixels = torch.from_numpy(samples.images[index])  # (M, R, R, 3)
    images = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1  # (M, 3, R, R)
    return Likeness.of(images, torch.from_numpy(samples.labels[index] == concept))
