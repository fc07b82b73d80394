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
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from server.errors import NoSegmenter
from server.model.catalog import Catalog, Model
from server.model.folded import FoldedGenerator
from server.painting.cache import ByteCache
from server.painting.edits import Placed, apply, check, cleaning, settled
from server.painting.mask import Region, coverage, pool
from server.painting.picture import Picture, digest, latent
from server.painting.regions import region
from server.results.directions import move

TRUNK_BYTES = 128 * 2**20
COVERAGE_BYTES = 16 * 2**20

Pixels = NDArray[np.uint8]
Featuremaps = NDArray[np.float32]
Labels = NDArray[np.intp]


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
        with torch.inference_mode():
            return self._draw(picture, model, self._place(picture, model), draft)

    def featuremaps(self, picture: Picture, layer: str) -> Featuremaps:
        """The layer's output in the picture, its edits up to that layer included: (H, W, units).

        Raises what `render` raises.
        """
        model = self.catalog.get(picture.model)
        with torch.inference_mode():
            generator = self._generator(model, draft=False)
            generator.layer(layer)
            r = self._run(picture, model, generator, layer, self._place(picture, model))  # (1, C, H, W)
            return r[0].permute(1, 2, 0).cpu().numpy().copy()

    def labels(self, picture: Picture) -> Labels:
        """Which of `model.segmenter.concepts` each pixel of the picture shows: (R, R).

        Raises what `render` raises, and NoSegmenter where the model has none.
        """
        model = self.catalog.get(picture.model)
        return _labels(self.render(picture), model)

    @property
    def draft_dtype(self) -> torch.dtype:
        """What drafts are computed in: bfloat16 where the processor multiplies it itself, else float32."""
        return torch.bfloat16 if _bfloat16_is_fast(self.device) else torch.float32

    def warm_up(self, model: str | None = None) -> None:
        """Load a model (None: the default one) and run it, so that the first caller does not wait for it."""
        name = self.catalog.get(model).name
        for draft in (False, True):
            self.render(Picture(name, seed=0), draft)

    def _place(self, picture: Picture, model: Model) -> list[Placed]:
        """The changes the picture makes, each with its coverage of its layer's grid: cleaning, then the edits.

        Raises PictureError.
        """
        changes = check(picture, model)
        placed: list[Placed] = []
        for change in cleaning(model) if picture.clean else ():
            everywhere = np.ones((change.layer.height, change.layer.width), np.float32)
            placed.append(Placed(change, everywhere))
        for i, change in enumerate(changes):
            height, width = change.layer.height, change.layer.width
            if isinstance(change.mask, Region):
                before = replace(picture, edits=picture.edits[:i])
                whole = replace(change.mask, erase=())  # whatever is erased of it, the region is the same
                find = partial(self._region, before, whole, model, placed)
                where = pool(self._coverages.get((digest(before), whole), find), height, width, change.mask.erase)
            else:
                make = partial(coverage, change.mask, height, width)
                where = self._coverages.get((change.mask, height, width), make)
            placed.append(Placed(change, where))
        return placed

    def _region(self, before: Picture, mask: Region, model: Model, placed: list[Placed]) -> NDArray[np.float32]:
        """The raster of a mask that names a concept, 0 or 1: (R, R).

        Found in float32 for drafts too, so that a draft shows the same region.
        """
        assert model.segmenter is not None  # `check` has seen to it
        labels = _labels(self._draw(before, model, placed, draft=False), model)
        return region(labels == model.segmenter.concepts.index(mask.concept), mask.at).astype(np.float32)

    def _draw(self, picture: Picture, model: Model, placed: list[Placed], draft: bool) -> Pixels:
        generator = self._generator(model, draft)
        last = generator.layers[-1].name
        return _pixels(generator.tail(self._run(picture, model, generator, last, placed), last))

    def _run(self, picture: Picture, model: Model, generator: FoldedGenerator, to: str, placed: list[Placed]) -> Tensor:
        """The output of layer `to`, the edits at it and at the layers before it applied: (1, C, H, W)."""
        placed = settled(placed, model.generator.index)
        order = [layer.name for layer in generator.layers]
        used = {p.change.layer.name for p in placed}
        edited = [name for name in order[: order.index(to) + 1] if name in used]
        usual = model.dissection.edit_layer
        at = edited[0] if edited else order[min(order.index(to), order.index(usual))]
        r = self._trunk(picture, model, generator, at)
        for name in edited:
            r = _edited(generator.advance(r, at, name), [p for p in placed if p.change.layer.name == name])
            at = name
        return generator.advance(r, at, to)

    def _trunk(self, picture: Picture, model: Model, generator: FoldedGenerator, layer: str) -> Tensor:
        z = move(latent(picture, generator.latent_dim), model.directions, picture.directions)  # (latent_dim,)
        key = (model.name, generator.dtype, layer, hashlib.sha256(z.tobytes()).digest())
        return self._trunks.get(key, lambda: generator.trunk(torch.from_numpy(z)[None], layer))

    def _generator(self, model: Model, draft: bool) -> FoldedGenerator:
        dtype = self.draft_dtype if draft else torch.float32
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


def _edited(r: Tensor, placed: Sequence[Placed]) -> Tensor:
    """A copy of the featuremaps with the changes in it. r: (1, C, H, W)."""
    array = r[0].permute(1, 2, 0).float().cpu().numpy().copy()  # (H, W, C)
    for p in placed:
        apply(array, p.where, p.change)
    return torch.from_numpy(array).permute(2, 0, 1)[None].to(r.device, r.dtype)  # (1, C, H, W)


def _labels(pixels: Pixels, model: Model) -> Labels:
    """pixels: (R, R, 3). Returns the index of each pixel's concept, (R, R)."""
    if model.segmenter is None:
        raise NoSegmenter(f"{model.name!r} has no segmenter")
    with torch.inference_mode():
        images = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1  # (1, 3, R, R)
        scores = model.segmenter(images.contiguous(memory_format=torch.channels_last))  # (1, concepts, R, R)
        return scores[0].argmax(0).numpy()


def _pixels(image: Tensor) -> Pixels:
    """image: (1, 3, R, R), about -1..1. Returns (R, R, 3): (x + 1) / 2 * 255, clamped and rounded."""
    levels = image[0].permute(1, 2, 0) * 127.5 + 128  # (R, R, 3), half up: truncated below
    pixels: Pixels = levels.clamp(0, 255).to(torch.uint8).contiguous().cpu().numpy()
    return pixels
