"""The passes a dissection is made of: through a generator and a segmenter that reads its pictures, in their precision.

The generator's tail and the segmenter are nearly the whole cost of a dissection, and a ledger keeps the time they take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor

from server.lab.dissect.running.costs import Ledger
from server.lab.dissect.running.fused import fused
from server.model.generator import Activations, Generator, joined
from server.model.segmenter import Segmenter, UNet

_CPU_BATCH, _GPU_BATCH = 4, 64

In = TypeVar("In", Tensor, Activations)
Out = TypeVar("Out", Tensor, Activations)


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
    def size(self) -> tuple[int, int]:
        """The pictures' height and width in pixels."""
        return self.generator.size

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
        return self.generator.frozen(torch.bfloat16 if self.low else torch.float32, self.device)

    @cached_property
    def reader(self) -> Segmenter:
        """The segmenter in its fastest form."""
        with torch.inference_mode(False):  # gradients go through it too, wherever it is asked for first
            return fused(self.segmenter) if isinstance(self.segmenter, UNet) else self.segmenter

    @cached_property
    def differentiable(self) -> bool:
        """Whether gradients go through the segmenter: one of a user's own may be any code."""
        if isinstance(self.segmenter, UNet):
            return True
        x = torch.zeros(1, 3, *self.size, device=self.device, requires_grad=True)
        try:
            with torch.enable_grad(), self.autocast():
                return self.reader(x).requires_grad
        except Exception:  # such as NumPy's, which takes no tensor that asks for gradients
            return False

    def trunk(self, z: Tensor, layer: str) -> Activations:
        """z: (N, latent_dim). Returns the layer's output, bfloat16 where `low`."""
        return joined(self._run(z.to(self.device), lambda one: self.frozen.trunk(one, layer)))

    def advance(self, a: Activations, after: str, to: str) -> Activations:
        """The output of the layer `to`, from that of the layer `after`."""
        return joined(self._run(a.to(self.device), lambda one: self.frozen.advance(one, after, to)))

    def images(self, a: Activations, layer: str) -> Tensor:
        """a: the layer's output. Returns pictures (N, 3, H, W) in -1..1."""
        return torch.cat(self._run(a.to(self.device), lambda one: self.frozen.tail(one, layer))).clamp(-1, 1)

    def _run(self, some: In, run: Callable[[In], Out]) -> list[Out]:
        """`run` on a batch of latents or activations: on a CPU one at a time, as frozen kernels are packed for one."""
        with torch.inference_mode(), self.ledger.passing("generator", len(some)):
            if self.device.type != "cpu":
                return [run(some)]
            return [run(some[slice(i, i + 1)]) for i in range(len(some))]

    def labels(self, images: Tensor) -> Tensor:
        """images: (N, 3, H, W) in -1..1. Returns the concept that scores best in each pixel, (N, H, W) uint8."""
        parts = []
        with torch.inference_mode(), self.autocast(), self.ledger.passing("segmenter", len(images)):
            for s in batches(len(images), self._at_once):
                x = images[s].contiguous(memory_format=torch.channels_last)  # (B, 3, H, W)
                parts.append(self.reader(x).argmax(1).to(torch.uint8))  # (B, H, W)
        return torch.cat(parts)

    def features(self, images: Tensor) -> Tensor:
        """What Frechet distances are taken of: the segmenter's pooled features, or where it has none the means of every
        concept's probability and of its square.

        images: (N, 3, H, W) in -1..1. Returns (N, F), differentiable where images are.
        """
        with self.autocast():
            x = images.contiguous(memory_format=torch.channels_last)  # (N, 3, H, W)
            if isinstance(self.reader, UNet):
                return self.reader.pooled_features(x).float()
            p = self.reader(x).float().softmax(1)  # (N, C, H, W)
            return torch.cat([p.mean((2, 3)), p.square().mean((2, 3))], 1)

    def scores(self, a: Activations, layer: str) -> Tensor:
        """Differentiable: a, the layer's output, to log probabilities of the concepts, (N, C, H, W) float32."""
        with self.autocast():
            x = self.generator.tail(a, layer).clamp(-1, 1)  # (N, 3, H, W)
            scores = self.reader(x.contiguous(memory_format=torch.channels_last))  # (N, C, H, W)
        return scores.float().log_softmax(1)

    @property
    def _at_once(self) -> int:
        """Pictures of a batch: few on a CPU, so that a layer's output stays in its cache."""
        return _CPU_BATCH if self.device.type == "cpu" else _GPU_BATCH


def batches(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover 0..count."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))
