"""The painter: `render(picture)`, a pure function that any number of threads may call.

    painter = Painter(catalog)
    pixels = painter.render(picture)             # uint8 (R, R, 3), float32 arithmetic
    frame = painter.render(picture, draft=True)  # within a few of 255 of that, faster: bfloat16

The model is never written to. The trunk's activations are kept for each scene, so that another edit of a scene
runs only the tail.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from server.cache import ByteCache
from server.catalog import Catalog, Model
from server.compose import Change, apply, changes, check
from server.generators.folded import FoldedGenerator
from server.mask import Mask, coverage
from server.picture import Picture, latent

TRUNK_BYTES = 128 * 2**20
COVERAGE_BYTES = 16 * 2**20

Pixels = NDArray[np.uint8]
Featuremaps = NDArray[np.float32]


class Painter:
    """Renders pictures of a catalog's models.

    device: a torch device. trunk_bytes: the most that the kept activations take.
    """

    def __init__(self, catalog: Catalog, device: str = "cpu", trunk_bytes: int = TRUNK_BYTES) -> None:
        self.catalog, self.device = catalog, device
        self._trunks: ByteCache[Tensor] = ByteCache(trunk_bytes)
        self._coverages: ByteCache[NDArray[np.float32]] = ByteCache(COVERAGE_BYTES)
        self._lock = threading.Lock()
        self._generators: dict[tuple[str, torch.dtype], FoldedGenerator] = {}

    def render(self, picture: Picture, draft: bool = False) -> Pixels:
        """The picture's pixels, (R, R, 3). draft: in bfloat16 where that is faster, up to about 7 of 255 off.

        Raises PictureError for what the model cannot draw, UnknownModel, WeightError, DissectionError.
        """
        model = self.catalog.get(picture.model)
        check(picture, model)
        with torch.inference_mode():
            generator = self._generator(model, draft)
            last = generator.layers[-1].name
            return _pixels(generator.tail(self._run(picture, model, generator, last), last))

    def featuremaps(self, picture: Picture, layer: str) -> Featuremaps:
        """The layer's output in the picture, its edits up to that layer included: (H, W, units).

        Raises what `render` raises.
        """
        model = self.catalog.get(picture.model)
        check(picture, model)
        with torch.inference_mode():
            generator = self._generator(model, draft=False)
            generator.layer(layer)
            r = self._run(picture, model, generator, layer)  # (1, C, H, W)
            return r[0].permute(1, 2, 0).cpu().numpy().copy()

    def warm_up(self, model: str | None = None) -> None:
        """Load a model (None: the default one) and run it, so that the first caller does not wait for it."""
        name = self.catalog.get(model).name
        for draft in (False, True):
            self.render(Picture(name, seed=0), draft)

    def _run(self, picture: Picture, model: Model, generator: FoldedGenerator, to: str) -> Tensor:
        """The output of layer `to`, the edits at it and at the layers before it applied: (1, C, H, W)."""
        order = [layer.name for layer in generator.layers]
        by_layer: dict[str, list[Change]] = {}
        for change in changes(picture, model):
            by_layer.setdefault(change.layer.name, []).append(change)
        edited = [name for name in order[: order.index(to) + 1] if name in by_layer]
        usual = model.dissection.edit_layer
        at = edited[0] if edited else order[min(order.index(to), order.index(usual))]
        r = self._trunk(picture, model, generator, at)
        for name in edited:
            r = self._edited(generator.advance(r, at, name), by_layer[name])
            at = name
        return generator.advance(r, at, to)

    def _trunk(self, picture: Picture, model: Model, generator: FoldedGenerator, layer: str) -> Tensor:
        z = latent(picture, generator.latent_dim)  # (latent_dim,)
        key = (model.name, generator.dtype, layer, hashlib.sha256(z.tobytes()).digest())
        return self._trunks.get(key, lambda: generator.trunk(torch.from_numpy(z)[None], layer))

    def _edited(self, r: Tensor, changes: Sequence[Change]) -> Tensor:
        """A copy of the featuremaps with the changes in it. r: (1, C, H, W)."""
        array = r[0].permute(1, 2, 0).float().cpu().numpy().copy()  # (H, W, C)
        for change in changes:
            apply(array, self._coverage(change.mask, change.layer.height, change.layer.width), change)
        return torch.from_numpy(array).permute(2, 0, 1)[None].to(r.device, r.dtype)  # (1, C, H, W)

    def _coverage(self, mask: Mask, height: int, width: int) -> NDArray[np.float32]:
        return self._coverages.get((mask, height, width), lambda: coverage(mask, height, width))

    def _generator(self, model: Model, draft: bool) -> FoldedGenerator:
        dtype = torch.bfloat16 if draft and _bfloat16_is_fast(self.device) else torch.float32
        key = (model.name, dtype)
        with self._lock:
            if key not in self._generators:
                self._generators[key] = FoldedGenerator(model.generator, dtype, self.device)
            return self._generators[key]


def _bfloat16_is_fast(device: str) -> bool:
    """Whether the processor multiplies bfloat16 itself; emulated, it is slower than float32."""
    if torch.device(device).type != "cpu":
        return True
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in names)


def _pixels(image: Tensor) -> Pixels:
    """image: (1, 3, R, R), about -1..1. Returns (R, R, 3): (x + 1) / 2 * 255, clamped and rounded."""
    levels = image[0].permute(1, 2, 0) * 127.5 + 128  # (R, R, 3), half up: truncated below
    pixels: Pixels = levels.clamp(0, 255).to(torch.uint8).contiguous().cpu().numpy()
    return pixels
