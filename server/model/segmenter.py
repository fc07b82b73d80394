"""A small U-Net that labels every pixel with a concept (after Ronneberger et al., 2015).

It works on 2x2 pixel patches folded into channels and unfolds its scores again, so that small things (doors,
windows) keep their outline at a quarter of the cost of a network that runs at full size.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from server.errors import DissectionError, WeightError
from server.files import is_lfs_pointer
from server.model.tensors import assign
from server.results.reading import Text, Whole, reason

WIDTHS = (32, 64, 96, 128)
MAX_UNITS, MAX_BYTES = 8192, 2**28

_Width = Annotated[Whole, Field(ge=1, le=MAX_UNITS)]
# Labels are bytes: more concepts have none.
_concepts: TypeAdapter[tuple[str, ...]] = TypeAdapter(Annotated[tuple[Text, ...], Field(min_length=1, max_length=256)])
_widths: TypeAdapter[tuple[int, int, int, int]] = TypeAdapter(tuple[_Width, _Width, _Width, _Width])


class Segmenter(Protocol):
    """What dissection and the studio need of a segmenter: images in, per-pixel concept scores out."""

    concepts: tuple[str, ...]

    def __call__(self, images: Tensor) -> Tensor:
        """images: (N, 3, H, W), -1..1. Returns scores (N, len(concepts), H, W); the largest one names the pixel."""
        ...


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def _up(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


class UNet(nn.Module):
    """Four scales, from half the picture's size to a sixteenth of it. Pictures whose sides are no multiples of 16 have
    their edges repeated beyond them.
    """

    def __init__(self, concepts: tuple[str, ...], widths: tuple[int, int, int, int] = WIDTHS) -> None:
        super().__init__()
        a, b, c, d = widths
        self.concepts, self.widths = concepts, widths
        self.down0 = nn.Sequential(_conv(12, a), _conv(a, a))
        self.down1 = nn.Sequential(_conv(a, b, 2), _conv(b, b))
        self.down2 = nn.Sequential(_conv(b, c, 2), _conv(c, c))
        self.down3 = nn.Sequential(_conv(c, d, 2), _conv(d, d))
        self.up2 = _conv(d + c, c)
        self.up1 = _conv(c + b, b)
        self.up0 = _conv(b + a, a)
        self.head = nn.Conv2d(a, 4 * len(concepts), 1)

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """images: (N, 3, H, W). Returns features at a half, a quarter, an eighth and a sixteenth of that size."""
        if any(side % 16 for side in images.shape[2:]):
            height, width = images.shape[2:]
            images = F.pad(images, (0, -width % 16, 0, -height % 16), mode="replicate")
        x0 = self.down0(F.pixel_unshuffle(images, 2))  # (N, a, H/2, W/2)
        x1 = self.down1(x0)  # (N, b, H/4, W/4)
        x2 = self.down2(x1)  # (N, c, H/8, W/8)
        x3 = self.down3(x2)  # (N, d, H/16, W/16)
        return x0, x1, x2, x3

    def forward(self, images: Tensor) -> Tensor:
        """images: (N, 3, H, W), -1..1. Returns scores (N, C, H, W)."""
        x0, x1, x2, x3 = self.encode(images)
        y = self.up2(torch.cat([_up(x3), x2], 1))  # (N, c, H/8, W/8)
        y = self.up1(torch.cat([_up(y), x1], 1))  # (N, b, H/4, W/4)
        y = self.up0(torch.cat([_up(y), x0], 1))  # (N, a, H/2, W/2)
        scores = F.pixel_shuffle(self.head(y), 2)  # (N, C, H, W), or larger where the picture was
        return scores[..., : images.shape[2], : images.shape[3]]

    def pooled_features(self, images: Tensor) -> Tensor:
        """The mean of the two deepest features over the picture, for Frechet distances: (N, c + d)."""
        _, _, x2, x3 = self.encode(images)
        return torch.cat([x2.mean((2, 3)), x3.mean((2, 3))], 1)


def save_segmenter(path: Path, network: UNet, notes: Mapping[str, str] | None = None) -> None:
    """Write weights (as float16, half the bytes for a loss below the noise) and concept names as safetensors, with
    notes on where they come from.
    """
    state = network.state_dict()
    tensors = {name: (t.half() if t.is_floating_point() else t).contiguous() for name, t in state.items()}
    meta = {"concepts": json.dumps(network.concepts), "widths": json.dumps(network.widths)}
    meta |= notes or {}
    save_file(tensors, str(path), metadata=meta)


def segmenter_notes(path: Path) -> dict[str, str]:
    """The names, widths and notes in a segmenter's file. Raises WeightError."""
    try:
        with safe_open(str(path), framework="pt") as f:
            return f.metadata() or {}
    except Exception as error:  # as below
        raise WeightError(f"{path} holds no segmenter this version can read: {reason(error)}") from error


def load_segmenter(path: Path) -> UNet:
    """Read a segmenter for inference (evaluation mode, channels last). Raises WeightError."""
    if is_lfs_pointer(path):
        raise WeightError(f"{path} is a Git LFS pointer, not the segmenter itself: run `git lfs pull`")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES} bytes")
        with safe_open(str(path), framework="pt") as f:
            meta = f.metadata() or {}
            concepts = _concepts.validate_python(json.loads(meta["concepts"]))
            widths = _widths.validate_python(json.loads(meta["widths"]))
            if len(set(concepts)) != len(concepts):
                raise ValueError("a concept stands twice")
            with torch.device("meta"):  # nothing is reserved for what is not in the file
                network = UNet(concepts, widths)
            tensors = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118
        assign(network, tensors)
    except Exception as error:  # metadata and tensors may be anything
        raise WeightError(f"{path} holds no segmenter this version can read: {reason(error)}") from error
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def renamed(segmenter: Segmenter, names: Mapping[str, str]) -> Segmenter:
    """The same segmenter, its concepts under other names. Raises DissectionError where two would have one name."""
    concepts = tuple(names.get(concept, concept) for concept in segmenter.concepts)
    if len(set(concepts)) < len(concepts):
        raise DissectionError(f"names.json gives two concepts of the segmenter one name: {', '.join(concepts)}")
    other = copy.copy(segmenter)  # its weights are the same tensors
    other.concepts = concepts
    return other


def cell_shares(labels: NDArray[np.uint8], concepts: int, height: int, width: int | None = None) -> Tensor:
    """Each concept's share of each cell of a raster over the picture, a square one where only its height is given.

    labels: (N, H, W), the index of each pixel's concept. Returns (N, concepts, height, width) float32; where the raster
    is finer than the picture, its pixels repeat.
    """
    y = torch.from_numpy(labels)  # (N, H, W)
    size, grid = y.shape[1:], (height, width or height)
    shares = torch.empty(len(y), concepts, *grid)
    for c in range(concepts):
        shown = (y == c).float()[:, None]  # (N, 1, H, W)
        if size[0] < grid[0] or size[1] < grid[1]:
            cells = F.interpolate(shown, size=grid)
        elif size[0] % grid[0] or size[1] % grid[1]:
            cells = F.adaptive_avg_pool2d(shown, grid)
        else:
            cells = F.avg_pool2d(shown, (size[0] // grid[0], size[1] // grid[1]))
        shares[:, c] = cells[:, 0]
    return shares
