"""A small network that looks at a picture and tells what a generator would make it from: its latent, or the
featuremaps of one of its layers.

    encoder = Encoder(Aim("layer4", (256, 8, 8)), resolution=128)
    r = encoder(images)        # (N, 256, 8, 8)

It is where an inversion begins (`server.inversion`); `server.lab.encoder` trains it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field, TypeAdapter
from torch import Tensor, nn

from server.files import ENCODER
from server.model.catalog import Model
from server.model.generator import Generator
from server.model.tensors import load_beside, load_own, save_beside
from server.results.reading import Text, Whole

log = logging.getLogger(__name__)

SIDE = 128  # pixels it looks at, at most
WIDTHS = (32, 64, 96, 128, 160)  # channels at a half, a quarter, ... of those
REACHES = (1, 2, 4)  # cells between the taps of the layers at the end
SQUEEZED = 64  # channels of the 4x4 cells that a latent is read off

_Side = Annotated[Whole, Field(ge=1, le=2**14)]
_shape: TypeAdapter[tuple[_Side] | tuple[_Side, _Side, _Side]] = TypeAdapter(tuple[_Side] | tuple[_Side, _Side, _Side])
_side: TypeAdapter[int] = TypeAdapter(_Side)
_text: TypeAdapter[str] = TypeAdapter(Text)


@dataclass(frozen=True)
class Aim:
    """What an encoder tells: the featuremaps of a layer, (units, height, width), or a latent, (latent_dim,)."""

    layer: str | None
    shape: tuple[int, ...]


def aim_at(generator: Generator, layer: str | None) -> Aim:
    """At a layer's featuremaps; at the latent for None. Raises UnknownLayer."""
    if layer is None:
        return Aim(None, (generator.latent_dim,))
    at = generator.layer(layer)
    return Aim(layer, (at.units, at.height, at.width))


def _conv(inputs: int, outputs: int, stride: int = 1, reach: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, reach, reach, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Encoder(nn.Module):
    """resolution: the longer side of pictures it is for; others run too. mean, deviation: of what it tells, over
    samples."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, aim: Aim, resolution: int) -> None:
        super().__init__()
        self.aim, self.resolution = aim, resolution
        self.side = 16
        while 2 * self.side <= min(SIDE, resolution):
            self.side *= 2
        cells = 4 if aim.layer is None else max(aim.shape[1:])
        steps: list[nn.Module] = [nn.PixelUnshuffle(2), _conv(12, WIDTHS[0])]
        at, width = self.side // 2, WIDTHS[0]
        for wider in WIDTHS[1:]:
            if at < 2 * cells:
                break
            steps += [_conv(width, wider, stride=2), _conv(wider, wider)]
            at, width = at // 2, wider
        self.down = nn.Sequential(*steps, _conv(width, WIDTHS[-1]))
        width = WIDTHS[-1]
        self.far = nn.ModuleList(_conv(width, width, reach=reach) for reach in REACHES)
        self.head: nn.Module
        if aim.layer is None:
            squeeze = nn.Conv2d(width, SQUEEZED, 1)
            self.head = nn.Sequential(squeeze, nn.ReLU(), nn.Flatten(), nn.Linear(16 * SQUEEZED, aim.shape[0]))
        else:
            self.head = nn.Conv2d(width, aim.shape[0], 1)
        one = aim.shape if aim.layer is None else (aim.shape[0], 1, 1)
        self.register_buffer("mean", torch.zeros(one))
        self.register_buffer("deviation", torch.ones(one))

    def standard(self, images: Tensor) -> Tensor:
        """images: (N, 3, H, W), -1..1. Returns what `forward` does in deviations from the mean, (N, *aim.shape)."""
        if images.shape[2:] != (self.side, self.side):
            images = F.interpolate(images, size=(self.side, self.side), mode="area")
        x = self.down(images)  # (N, C, h, w)
        grid = (4, 4) if self.aim.layer is None else self.aim.shape[1:]
        if x.shape[2:] != grid:
            x = F.interpolate(x, size=grid, mode="area")
        for layer in self.far:
            x = x + layer(x)
        estimate: Tensor = self.head(x)
        return estimate

    def forward(self, images: Tensor) -> Tensor:
        """images: (N, 3, H, W), -1..1. Returns latents, (N, latent_dim), or featuremaps, (N, units, height, width)."""
        return self.standard(images) * self.deviation + self.mean


def save_encoder(path: Path, encoder: Encoder, generator: str | None) -> None:
    """Write it. generator: the SHA-256 of the one it is for. Raises ValueError for one that would be too large."""
    aims = {} if encoder.aim.layer is None else {"layer": encoder.aim.layer}
    meta = {**aims, "shape": json.dumps(encoder.aim.shape), "resolution": str(encoder.resolution)}
    save_beside(path, "encoder", encoder, meta, generator)


def load_encoder(path: Path) -> tuple[Encoder, str]:
    """Read an encoder for inference, and the SHA-256 of the generator it is for, empty where unknown. Raises
    WeightError."""
    return load_beside(path, "encoder", _made)


def _made(meta: Mapping[str, str]) -> Encoder:
    shape = _shape.validate_python(tuple(json.loads(meta["shape"])))
    layer = _text.validate_python(meta["layer"]) if "layer" in meta else None
    if (layer is None) != (len(shape) == 1):
        raise ValueError("its shape is not what it aims at")
    return Encoder(Aim(layer, shape), _side.validate_python(int(meta["resolution"])))


def encoder_of(model: Model) -> Encoder | None:
    """The model's encoder; None where it has none, or one of another generator, of which the log tells. Raises
    WeightError where it is damaged."""
    path = model.folder / ENCODER
    encoder = load_own(path, load_encoder, model.weights)
    layers = None, *(layer.name for layer in model.generator.layers)
    if encoder is not None and encoder.aim in [aim_at(model.generator, layer) for layer in layers]:
        return encoder
    if path.is_file():
        log.warning("%s is of another generator: run `unitbrush encoder %s` again", path, model.name)
    return None
