"""The painter: `render(picture)`, a pure function that any number of threads may call.

    painter = Painter(catalog)
    pixels = painter.render(picture)             # uint8 (R, R, 3), float32 arithmetic
    frame = painter.render(picture, draft=True)  # the same within a few of 255, faster: bfloat16

The model is never written to. The trunk's activations are kept for each scene, so that another edit of a
scene runs only the tail.
"""

from __future__ import annotations

import copy
import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from server.catalog import Catalog, Model
from server.compose import Change, apply, changes, check
from server.errors import PictureError
from server.generators.progressive import ProgressiveGenerator
from server.mask import MaskError, coverage
from server.picture import Picture, latent

CACHE_BYTES = 128 * 2**20

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class _Key:
    """A trunk's activation: of which model, latent and layer, in which precision."""

    model: str
    latent: bytes
    layer: str
    draft: bool


class TrunkCache:
    """The activations used last, bounded by their bytes. What it hands out must not be written to."""

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, Tensor] = OrderedDict()
        self._bytes = 0

    def get(self, key: object) -> Tensor | None:
        """The activation, or None where it is not kept."""
        with self._lock:
            r = self._kept.get(key)
            if r is not None:
                self._kept.move_to_end(key)
            return r

    def put(self, key: object, r: Tensor) -> None:
        """Keep the activation, and let go of those used longest ago while there is too much."""
        with self._lock:
            if key in self._kept or r.nbytes > self.max_bytes:
                return
            self._kept[key] = r
            self._bytes += r.nbytes
            while self._bytes > self.max_bytes:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= dropped.nbytes


class Painter:
    """Renders pictures of a catalog's models."""

    def __init__(self, catalog: Catalog, cache_bytes: int = CACHE_BYTES) -> None:
        self.catalog = catalog
        self.cache = TrunkCache(cache_bytes)
        self._lock = threading.Lock()
        self._drafts: dict[str, ProgressiveGenerator] = {}

    def render(self, picture: Picture, draft: bool = False) -> Pixels:
        """The picture's pixels, (R, R, 3). draft: bfloat16, up to about 7 of 255 off.

        Raises PictureError for what the model cannot draw, UnknownModel, WeightError.
        """
        model = self.catalog.get(picture.model)
        check(picture, model)
        with torch.inference_mode():
            return _pixels(self._image(picture, model, draft))

    def warm_up(self, model: str | None = None) -> None:
        """Load a model and run it once, so that the first caller does not wait for it."""
        name = self.catalog.get(model).name
        for draft in (False, True):
            self.render(Picture(name, seed=0), draft)

    def _image(self, picture: Picture, model: Model, draft: bool) -> Tensor:
        """(1, 3, R, R), about -1..1."""
        generator = self._draft(model) if draft else model.generator
        by_layer: dict[str, list[Change]] = {}
        for change in changes(picture, model):
            by_layer.setdefault(change.layer.name, []).append(change)
        edited = [layer.name for layer in generator.layers if layer.name in by_layer]
        start = edited[0] if edited else model.dissection.edit_layer
        r = self._trunk(picture, model, generator, start, draft)  # (1, C, H, W)
        at = start
        for name in edited:
            r = _edited(generator.advance(r, at, name), by_layer[name])
            at = name
        return generator.tail(r, at)

    def _trunk(
        self, picture: Picture, model: Model, generator: ProgressiveGenerator, layer: str, draft: bool
    ) -> Tensor:
        z = latent(picture, generator.latent_dim)  # (latent_dim,)
        key = _Key(model.name, hashlib.sha256(z.tobytes()).digest(), layer, draft)
        r = self.cache.get(key)
        if r is None:
            dtype = torch.bfloat16 if draft else torch.float32
            r = generator.trunk(torch.from_numpy(z)[None].to(dtype), layer)  # (1, C, H, W)
            self.cache.put(key, r)
        return r

    def _draft(self, model: Model) -> ProgressiveGenerator:
        with self._lock:
            if model.name not in self._drafts:
                self._drafts[model.name] = copy.deepcopy(model.generator).to(torch.bfloat16).fold()
            return self._drafts[model.name]


def _edited(r: Tensor, changes: list[Change]) -> Tensor:
    """A copy of the featuremaps with the changes in it. r: (1, C, H, W)."""
    array = r[0].permute(1, 2, 0).float().numpy().copy()  # (H, W, C)
    for i, change in enumerate(changes):
        try:
            where = coverage(change.mask, change.layer.height, change.layer.width)  # (H, W)
        except MaskError as error:
            raise PictureError(str(error), f"/edits/{i}/mask") from error
        apply(array, where, change)
    return torch.from_numpy(array).permute(2, 0, 1)[None].to(r.dtype)


def _pixels(image: Tensor) -> Pixels:
    """image: (1, 3, R, R), about -1..1. Returns (R, R, 3): (x + 1) / 2 * 255, clamped and rounded."""
    levels = image[0].float().permute(1, 2, 0) * 127.5 + 128  # (R, R, 3), half up: truncated below
    pixels: Pixels = levels.clamp(0, 255).to(torch.uint8).contiguous().numpy()
    return pixels
