"""Where each concept's brushes are tried: the same pictures and masks at every layer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.dissection.effect import Trial, prepare, steps
from server.dissection.masks import GRID, Sites, plausible_sites, standing_sites
from server.dissection.passes import Passes
from server.dissection.samples import Samples, cell_shares, featuremaps
from server.dissection.trials import Bench, Floats

LEAST_SITES = 6  # a concept with fewer places to try it has no brush


class Field:
    """Places to draw and to remove every concept, split into those to learn on and those to measure on."""

    def __init__(
        self,
        passes: Passes,
        samples: Samples,
        learning: int,
        measuring: int,
        seed: int,
        usual: Tensor | None = None,
    ) -> None:
        """usual: (C, GRID, GRID), how much of each cell a concept usually covers; by default, in the samples."""
        self.passes, self.samples = passes, samples
        self.learning, self.measuring, self.seed = learning, measuring, seed
        shares = cell_shares(samples.labels, len(passes.concepts), GRID)  # (N, C, GRID, GRID)
        usual = shares.mean(0) if usual is None else usual
        self.draw: list[Sites] = []
        self.remove: list[Sites] = []
        for c in range(len(passes.concepts)):
            rng = np.random.default_rng([seed, c])
            self.draw.append(plausible_sites(shares, usual, c, learning + measuring, rng))
            self.remove.append(standing_sites(shares, c, learning + measuring, rng))

    def usable(self, concept: int) -> bool:
        """Whether there are enough places to draw and to remove the concept."""
        return min(len(self.draw[concept]), len(self.remove[concept])) >= LEAST_SITES

    def rng(self, concept: int, layer: str) -> np.random.Generator:
        """Random numbers of one concept at one layer."""
        return np.random.default_rng([self.seed, concept, self.passes.generator.index(layer)])

    def detail(self, concept: int) -> float:
        """The mean step between neighbouring pixels of the concept in samples."""
        index = self.remove[concept].index
        pixels = torch.from_numpy(self.samples.images[index])  # (M, R, R, 3)
        x = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1  # (M, 3, R, R)
        shown = torch.from_numpy(self.samples.labels[index] == concept)  # (M, R, R)
        return float(steps(x)[shown].mean())

    def learn(self, concept: int, layer: str) -> tuple[Trial, Trial]:
        """Pictures to learn on, to draw and to remove."""
        return (
            self._trial(layer, self._split(self.draw[concept])[0]),
            self._trial(layer, self._split(self.remove[concept])[0]),
        )

    def bench(self, concept: int, layer: str, levels: Mapping[str, Floats], most: int) -> Bench:
        """Other pictures, to measure on: at most `most` to draw on and as many to remove from."""
        units = next(known.units for known in self.passes.generator.layers if known.name == layer)
        return Bench(
            self.passes,
            concept,
            self._trial(layer, self._split(self.draw[concept])[1].pick(slice(most))),
            self._trial(layer, self._split(self.remove[concept])[1].pick(slice(most))),
            levels,
            self.detail(concept),
            self.rng(concept, layer).permutation(units),
        )

    def _split(self, sites: Sites) -> tuple[Sites, Sites]:
        cut = min(self.learning, len(sites) // 2)
        return sites.pick(slice(cut)), sites.pick(slice(cut, None))

    def _trial(self, layer: str, sites: Sites) -> Trial:
        seeds = [self.samples.seeds[i] for i in sites.index]
        labels: npt.NDArray[np.uint8] = self.samples.labels[sites.index]
        return prepare(layer, featuremaps(self.passes, seeds, layer), labels, sites.cells)
