"""A small network that looks at a picture and tells what a generator would make it from: its latent, or the
featuremaps of one of its layers.

    encoder = Encoder(Aim("layer4", (256, 8, 8)), resolution=128)
    r = encoder(images)        # (N, 256, 8, 8)

It is where an inversion begins (`server.inversion`); `server.lab.encoder` trains it.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field, TypeAdapter
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from server.errors import WeightError
from server.files import ENCODER, file_sha256, is_lfs_pointer
from server.model.catalog import Model
from server.model.generator import Generator
from server.model.tensors import assign
from server.results.reading import Text, Whole, reason

log = logging.getLogger(__name__)

MAX_BYTES = 5 * 2**20  # of the file
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
    """Write it as float16. generator: the SHA-256 of the one it is for. Raises ValueError for more than MAX_BYTES."""
    state = encoder.state_dict()
    tensors = {name: (t.half() if t.is_floating_point() else t).contiguous() for name, t in state.items()}
    size = sum(t.nbytes for t in tensors.values())
    if size > MAX_BYTES:
        raise ValueError(f"the encoder would have {size} bytes; at most {MAX_BYTES} are right for one")
    aims = {} if encoder.aim.layer is None else {"layer": encoder.aim.layer}
    meta = {
        **aims,
        "shape": json.dumps(encoder.aim.shape),
        "resolution": str(encoder.resolution),
        "generator": generator or "",
    }
    save_file(tensors, str(path), metadata=meta)


def load_encoder(path: Path) -> tuple[Encoder, str]:
    """Read an encoder for inference, and the SHA-256 of the generator it is for, empty where unknown. Raises
    WeightError."""
    if is_lfs_pointer(path):
        raise WeightError(f"{path} is a Git LFS pointer, not the encoder itself: run `git lfs pull`")
    try:
        if path.stat().st_size > 2 * MAX_BYTES:
            raise ValueError(f"it has more than {2 * MAX_BYTES} bytes")
        with safe_open(str(path), framework="pt") as f:
            meta = f.metadata() or {}
            shape = _shape.validate_python(tuple(json.loads(meta["shape"])))
            layer = _text.validate_python(meta["layer"]) if "layer" in meta else None
            if (layer is None) != (len(shape) == 1):
                raise ValueError("its shape is not what it aims at")
            resolution = _side.validate_python(int(meta["resolution"]))
            with torch.device("meta"):  # nothing is reserved for what is not in the file
                encoder = Encoder(Aim(layer, shape), resolution)
            tensors = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118
        assign(encoder, tensors)
    except Exception as error:  # metadata and tensors may be anything
        raise WeightError(f"{path} holds no encoder this version can read: {reason(error)}") from error
    return encoder, meta.get("generator", "")


def encoder_of(model: Model) -> Encoder | None:
    """The model's encoder; None where it has none, or one of another generator, of which the log tells. Raises
    WeightError where it is damaged."""
    path = model.folder / ENCODER
    if not path.is_file():
        return None
    encoder, generator = load_encoder(path)
    known = {layer.name: (layer.units, layer.height, layer.width) for layer in model.generator.layers}
    expected = (model.generator.latent_dim,) if encoder.aim.layer is None else known.get(encoder.aim.layer)
    other = generator and model.weights is not None and generator != file_sha256(model.weights)
    if other or encoder.aim.shape != expected:
        log.warning("%s is of another generator: run `unitbrush encoder %s` again", path, model.name)
        return None
    return encoder
