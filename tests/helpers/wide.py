"""A model whose pictures are no squares: a small network of one's own that draws 80x48 pixels, wider than high."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from server.files import CARD, SEGMENTER, write_json
from server.lab.dissect.report.dissection import save_dissection
from server.model.segmenter import UNet, save_segmenter
from server.results.brush import Brush, Dissection, RankedUnit
from tests.helpers.networks import LATENT, Edit, initialised
from tests.helpers.tiny import CONCEPTS, SEEN

REFERENCE = "tests.helpers.wide:wide"
SIZE = 48, 80  # of its pictures, height and width
GRID = 12, 20  # of the layer that is painted at
UNITS = 10  # of that layer


class Wide(nn.Module):
    """Featuremaps of 6x10, 12x20 and 24x40 cells."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Linear(LATENT, 8 * 6 * 10)
        self.middle, self.last = nn.Conv2d(8, UNITS, 3, 1, 1), nn.Conv2d(UNITS, 8, 3, 1, 1)
        self.colours = nn.Conv2d(8, 3, 1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.start(z).view(-1, 8, 6, 10)
        x = F.leaky_relu(self.middle(doubled(x)), 0.2)
        x = F.leaky_relu(self.last(doubled(x)), 0.2)
        return torch.tanh(doubled(self.colours(x)))


def doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2)


def wide() -> nn.Module:
    """One with random weights, always the same."""
    with torch.random.fork_rng():
        return initialised(Wide())


def by_hand(network: nn.Module, z: Tensor, edit: Edit) -> Tensor:
    x = network.start(z).view(-1, 8, 6, 10)
    x = F.leaky_relu(edit("middle", network.middle(doubled(x))), 0.2)
    x = F.leaky_relu(edit("last", network.last(doubled(x))), 0.2)
    return torch.tanh(doubled(edit("colours", network.colours(x))))


def write_wide(folder: Path, name: str = "wide", **card: Any) -> None:
    """The network, a segmenter, and a brush of every concept at its middle layer, under models/ and dissect_results/.
    Its code is to be trusted, REFERENCE."""
    models = folder / "models" / name
    models.mkdir(parents=True)
    document = {"schema": 1, "module": REFERENCE, "latent_dim": LATENT, "layers": ["middle", "last"]}
    write_json(models / CARD, {**document, "range": [-1, 1], "license": "CC0-1.0", **card})
    with torch.random.fork_rng():
        torch.manual_seed(6)
        save_segmenter(models / SEGMENTER, UNet(SEEN, (6, 6, 6, 6)))
    brushes = [
        Brush(
            concept=concept,
            layer="middle",
            units=tuple(RankedUnit((u + i) % UNITS, iou=0.2, effect=0.1, level=4.0 - i) for u in range(UNITS)),
            recommended_units=5,
            draw_effect=0.4 - i / 10,
            remove_effect=0.3,
            best=True,
        )
        for i, concept in enumerate(CONCEPTS)
    ]
    save_dissection(folder / "dissect_results" / name, Dissection(name, tuple(brushes)))
