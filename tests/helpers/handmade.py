"""A generator made by hand, whose units are known masks, and a segmenter that reads its colours exactly.

The picture is 32x32: ground (concept 0, green), a red patch where unit 0 is above 1, a blue one where unit 1
is. Units 2 and 3 are noise that no pixel depends on; unit 4 is unit 0 upside down, and as dead.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.dissect.running.passes import Passes
from server.lab.dissect.trials.experiment import Experiments
from server.lab.dissect.trials.layout import Layout
from server.lab.dissect.units.samples import draw_samples
from server.model.generator import Chain, Generator, Layer

RED, BLUE = 1, 2
CONCEPTS = ("ground", "red", "blue")
COLOURS = torch.tensor([[-0.6, 0.6, -0.6], [0.8, -0.6, -0.6], [-0.6, -0.6, 0.8]])  # (C, 3)
ON, OFF = 4.0, 0.5
UNITS = 5


class HandmadeGenerator(Chain):
    """Two layers that hold the same: five units at 8x8. The latent says where the patches lie."""

    family = "by hand"
    latent_dim = 8
    size = 32, 32
    layers = (Layer("layer1", UNITS, 8, 8), Layer("layer2", UNITS, 8, 8))

    def block(self, name: str) -> Callable[[Tensor], Tensor]:
        return {"layer1": featuremaps, "layer2": torch.clone, self.output_name: colours}[name]

    def frozen(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Generator:
        return self


def featuremaps(z: Tensor) -> Tensor:
    """z: (N, 8, 1, 1). Returns (N, 5, 8, 8)."""
    z = z.flatten(1)  # (N, 8)
    at = torch.arange(8.0)
    maps = []
    for first in (0, 2):
        centre = 3.5 + 2.0 * z[:, first : first + 2].clamp(-1.2, 1.2)  # (N, 2)
        near = (at[None, :, None] - centre[:, :1, None]).abs() < 1.6
        near = near & ((at[None, None, :] - centre[:, 1:, None]).abs() < 1.6)  # (N, 8, 8)
        maps.append(torch.where(near, ON, OFF))
    noise = [z[:, 4 + i, None, None] * torch.sin(at)[None, None] * torch.ones(8, 1) for i in range(2)]
    return torch.stack([*maps, *noise, -maps[0]], 1)


def colours(r: Tensor) -> Tensor:
    """r: (N, 5, 8, 8). Returns (N, 3, 32, 32); blue lies over red."""
    up = F.interpolate(r.float()[:, :2], scale_factor=4)  # (N, 2, 32, 32)
    red, blue = torch.sigmoid(4 * (up - 1)).unbind(1)
    weights = torch.stack([(1 - red) * (1 - blue), red * (1 - blue), blue], 1)  # (N, 3, 32, 32)
    return torch.einsum("nchw,ck->nkhw", weights, COLOURS)


class ColourSegmenter:
    """Scores a pixel by its distance to the concepts' colours."""

    concepts = CONCEPTS

    def __call__(self, images: Tensor) -> Tensor:
        """images: (N, 3, R, R). Returns (N, 3, R, R)."""
        return -8 * (images[:, None] - COLOURS[None, :, :, None, None]).square().sum(2)


def passes() -> Passes:
    """Both, in float32."""
    return Passes(HandmadeGenerator(), ColourSegmenter(), False, torch.device("cpu"))


def experiments(learning: int = 8, measuring: int = 16) -> Experiments:
    """Masks of every concept on 120 samples."""
    p = passes()
    samples = draw_samples(p, 120, 0)
    return Experiments(p, samples, Layout.of(samples.labels, len(CONCEPTS)), learning, measuring, 0)
