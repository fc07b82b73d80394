"""The passes a dissection is made of: through a generator and a segmenter that reads its pictures, in their precision.

The generator's tail and the segmenter are nearly the whole cost of a dissection, and a ledger keeps the time they take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from server.lab.dissect.running.costs import Ledger
from server.lab.dissect.running.fused import fused
from server.model.folded import FoldedGenerator
from server.model.generator import Generator
from server.model.progressive import ProgressiveGenerator
from server.model.segmenter import Segmenter, UNet

_CPU_BATCH, _GPU_BATCH = 4, 64


@dataclass(frozen=True)
class Passes:
    """A generator and a segmenter on one device; bfloat16 convolutions where `low`."""

    generator: Generator
    segmenter: Segmenter
    low: bool
    device: torch.device

    @property
    def concepts(self) -> tuple[str, ...]:
        """The segmenter's concepts, in the order of its label values."""
        return self.segmenter.concepts

    @property
    def resolution(self) -> int:
        """The pictures' width and height in pixels."""
        return self.generator.resolution

    def autocast(self) -> torch.autocast:
        """The precision everything runs in."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.low)

    @cached_property
    def ledger(self) -> Ledger:
        """What the passes took so far."""
        return Ledger(self.device)

    @cached_property
    def frozen(self) -> Generator:
        """The generator in its fastest form, for passes without gradients."""
        if not isinstance(self.generator, ProgressiveGenerator):
            return self.generator
        return FoldedGenerator(self.generator, torch.bfloat16 if self.low else torch.float32, str(self.device))

    @cached_property
    def reader(self) -> Segmenter:
        """The segmenter in its fastest form."""
        with torch.inference_mode(False):  # gradients go through it too, wherever it is asked for first
            return fused(self.segmenter) if isinstance(self.segmenter, UNet) else self.segmenter

    def trunk(self, z: Tensor, layer: str) -> Tensor:
        """z: (N, latent_dim). Returns the layer's output (N, units, height, width), bfloat16 where `low`."""
        return self._run(z, lambda one: self.frozen.trunk(one, layer))

    def advance(self, r: Tensor, after: str, to: str) -> Tensor:
        """The output of the layer `to`, from r, that of the layer `after`. Returns (N, units, height, width)."""
        return self._run(r, lambda one: self.frozen.advance(one, after, to))

    def images(self, r: Tensor, layer: str) -> Tensor:
        """r: the layer's output. Returns pictures (N, 3, R, R) in -1..1."""
        return self._run(r, lambda one: self.frozen.tail(one, layer)).clamp(-1, 1)

    def _run(self, x: Tensor, run: Callable[[Tensor], Tensor]) -> Tensor:
        """`run` on every picture of a batch: on a CPU one at a time, as the frozen kernels are packed for one."""
        with torch.inference_mode(), self.ledger.passing("generator", len(x)):
            x = x.to(self.device)
            if self.device.type != "cpu" or self.frozen is self.generator:
                return run(x)
            return torch.cat([run(one[None]) for one in x])

    def labels(self, images: Tensor) -> Tensor:
        """images: (N, 3, R, R) in -1..1. Returns the concept that scores best in each pixel, (N, R, R) uint8."""
        parts = []
        with torch.inference_mode(), self.autocast(), self.ledger.passing("segmenter", len(images)):
            for s in batches(len(images), self._at_once):
                x = images[s].contiguous(memory_format=torch.channels_last)  # (B, 3, R, R)
                parts.append(self.reader(x).argmax(1).to(torch.uint8))  # (B, R, R)
        return torch.cat(parts)

    def features(self, images: Tensor) -> Tensor:
        """What Frechet distances are taken of: the segmenter's pooled features, or where it has none the means of every
        concept's probability and of its square.

        images: (N, 3, R, R) in -1..1. Returns (N, F), differentiable where images are.
        """
        with self.autocast():
            x = images.contiguous(memory_format=torch.channels_last)  # (N, 3, R, R)
            if isinstance(self.reader, UNet):
                return self.reader.pooled_features(x).float()
            p = self.reader(x).float().softmax(1)  # (N, C, R, R)
            return torch.cat([p.mean((2, 3)), p.square().mean((2, 3))], 1)

    def scores(self, r: Tensor, layer: str) -> Tensor:
        """Differentiable: r, the layer's output, to log probabilities of the concepts, (N, C, R, R) float32."""
        with self.autocast():
            x = self.generator.tail(r, layer).clamp(-1, 1)  # (N, 3, R, R)
            scores = self.reader(x.contiguous(memory_format=torch.channels_last))  # (N, C, R, R)
        return scores.float().log_softmax(1)

    @property
    def _at_once(self) -> int:
        """Pictures of a batch: few on a CPU, so that a layer's output stays in its cache."""
        return _CPU_BATCH if self.device.type == "cpu" else _GPU_BATCH


def batches(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover 0..count."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))
