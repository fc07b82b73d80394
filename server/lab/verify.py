"""Whether a model's units are as active as those whose figures are known: the proof that its weights are loaded right.

    known = known_quantiles(results, layers)                # 0.99 quantiles, published or stored, and of which pictures
    measured = measure(generator, known, device, progress) # the same of this generator, over the same pictures
    for layer, own in zip(known.layers, measured): compare(layer, own)

Weights in a wrong order, at a wrong scale or in a wrong architecture give other activations, so other quantiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from server.errors import WeightError
from server.lab.dissect.running.passes import batches
from server.lab.dissect.units.quantiles import QuantileSketch
from server.model.generator import Generator
from server.model.latents import latent_table, latents_of
from server.results.quantiles import QUANTILE, KnownQuantiles, Latents, LayerQuantiles

BATCH = 20  # pictures

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tolerance:
    """Relative differences that are allowed: of the median unit, of all but the worst twentieth, and of the worst."""

    median: float
    most: float
    largest: float


# Published quantiles are of a sketch that keeps a random sample, and their number of pictures is not quite sure. With
# such a sketch of 1000 pictures, units of a random generator of the same widths differed by 1.5 % in the median, most
# by 5 %, the worst by 10 %; units with long tails by more. Published levels dealt out to other units: 14 % at least.
PUBLISHED = Tolerance(0.06, 0.20, 0.60)
# Stored ones are of the same pictures and the same sketch, but may have been measured in bfloat16.
STORED = Tolerance(0.02, 0.05, 0.15)


@dataclass(frozen=True)
class Comparison:
    """Of a layer: how far its quantiles are from those known. worst: the unit that is farthest off."""

    layer: str
    units: int
    median: float
    most: float
    largest: float
    worst: int

    def agrees(self, allowed: Tolerance) -> bool:
        """Whether all three differences are allowed."""
        return self.median <= allowed.median and self.most <= allowed.most and self.largest <= allowed.largest


def tolerance(known: KnownQuantiles) -> Tolerance:
    """What the figures allow."""
    return STORED if known.source is None else PUBLISHED


def misfit(generator: Generator, known: KnownQuantiles) -> str | None:
    """Why the figures cannot be of such a generator at all, in a line; None where they can."""
    units = {layer.name: layer.units for layer in generator.layers}
    for layer in known.layers:
        if units.get(layer.layer) != layer.total:
            own = f"has {units[layer.layer]} units" if layer.layer in units else "does not exist"
            return f"{layer.layer} {own} in this generator; the figures are of one that has {layer.total} there"
    return None


def measure(
    generator: Generator, known: KnownQuantiles, device: torch.device, progress: Callable[[int], object]
) -> list[Floats]:
    """The quantiles of the same units over the same pictures, (n,) of each layer, in float32.

    progress: called with the number of pictures that are done. Raises WeightError where activations are not finite.
    """
    sketches = [QuantileSketch.empty(one.total) for one in known.layers]
    for done, z in latents(known.latents, generator.latent_dim):
        for one, sketch, r in zip(known.layers, sketches, outputs(generator, z.to(device), known.layers), strict=True):
            try:
                sketch.add(r.cpu())
            except ValueError as error:
                raise WeightError(f"{one.layer}: {error}; the weights are damaged") from error
        progress(done)
    pairs = zip(known.layers, sketches, strict=True)
    return [sketch.quantile([QUANTILE])[one.units, 0].double().numpy() for one, sketch in pairs]


def latents(of: Latents, latent_dim: int) -> Iterator[tuple[int, Tensor]]:
    """The pictures' latents, (B, latent_dim) at a time, each with the number of pictures up to its end."""
    table = None if of.random_state is None else latent_table(of.random_state, latent_dim, BATCH)
    for s in batches(of.pictures, BATCH):
        if table is None:
            yield s.stop, latents_of(range(of.first + s.start, of.first + s.stop), latent_dim)
        else:
            yield s.stop, torch.from_numpy(next(table)[: s.stop - s.start])


def outputs(generator: Generator, z: Tensor, layers: Sequence[LayerQuantiles]) -> Iterator[Tensor]:
    """The featuremaps of the layers, in the order they run, (B, units, h, w) each: one pass serves all."""
    with torch.inference_mode():
        a, at = generator.trunk(z, layers[0].layer), layers[0].layer
        for one in layers:
            a, at = generator.advance(a, at, one.layer), one.layer
            yield a.r


def compare(known: LayerQuantiles, measured: Floats) -> Comparison:
    """measured: (n,), of the units that are known. A difference is relative to what is known, or to half of the
    median of that where it is smaller: units near zero have no relative error."""
    size = np.abs(known.values)  # (n,)
    difference = np.abs(measured - known.values) / np.maximum(size, max(np.median(size) / 2, 1e-6))  # (n,)
    return Comparison(
        known.layer,
        len(difference),
        float(np.median(difference)),
        float(np.quantile(difference, 0.95)),
        float(difference.max()),
        int(known.units[difference.argmax()]),
    )
