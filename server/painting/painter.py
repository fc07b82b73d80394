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

from server.errors import NoSegmenter
from server.model.catalog import Catalog, Model
from server.model.device import bfloat16_is_fast
from server.model.generator import Activations, Generator
from server.model.latents import latent_of
from server.model.pixels import Pixels, to_images, to_pixels
from server.painting.blend import blend
from server.painting.cache import ByteCache
from server.painting.drafts import Drafts
from server.painting.edits import Check, PlacedEdit, go_on, place
from server.painting.picture import Picture, Region
from server.painting.regions import region
from server.results.directions import move

TRUNK_BYTES = 128 * 2**20
COVERAGE_BYTES = 16 * 2**20

Featuremaps = NDArray[np.float32]
Labels = NDArray[np.intp]


class Painter:
    """Renders pictures of a catalog's models.

    device: a torch device. trunk_bytes: the most that the kept activations take.
    """

    def __init__(self, catalog: Catalog, device: str = "cpu", trunk_bytes: int = TRUNK_BYTES) -> None:
        self.catalog, self.device = catalog, device
        self._trunks: ByteCache[Activations] = ByteCache(trunk_bytes, lambda a: a.nbytes)
        self._coverages: ByteCache[NDArray[np.float32]] = ByteCache(COVERAGE_BYTES, lambda cells: cells.nbytes)
        self._drafts = Drafts()
        self._lock = threading.Lock()
        self._generators: dict[tuple[str, torch.dtype], Generator] = {}

    def render(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        """The picture's pixels, (R, R, 3). draft: in bfloat16 where that is faster, up to about 7 of 255 off.

        Raises PictureError for what the model cannot draw, UnknownModel, WeightError, DissectionError, and what
        `check` raises.
        """
        model = self.catalog.get(picture.model)
        with torch.inference_mode():
            return self._draw(picture, model, self._place(picture, model, check), draft, check)

    def featuremaps(self, picture: Picture, layer: str, check: Check = go_on) -> Featuremaps:
        """The layer's output in the picture, its edits up to that layer included: (H, W, units).

        Raises what `render` raises, and UnknownLayer.
        """
        model = self.catalog.get(picture.model)
        with torch.inference_mode():
            generator = self._generator(model, draft=False)
            generator.layer(layer)
            placed = self._place(picture, model, check)
            r = self._run(picture, model, generator, layer, placed, check).r  # (1, C, H, W)
            return r[0].permute(1, 2, 0).cpu().numpy().copy()

    def labels(self, picture: Picture, check: Check = go_on) -> Labels:
        """Which of `model.segmenter.concepts` each pixel of the picture shows: (R, R).

        Raises what `render` raises, and NoSegmenter where the model has none.
        """
        model = self.catalog.get(picture.model)
        return _labels(self.render(picture, check=check), model)

    @property
    def draft_dtype(self) -> torch.dtype:
        """What drafts are computed in: bfloat16 where the device multiplies it itself, else float32."""
        return torch.bfloat16 if bfloat16_is_fast(torch.device(self.device)) else torch.float32

    def _place(self, picture: Picture, model: Model, check: Check) -> list[PlacedEdit]:
        def find_region(before: Picture, mask: Region, placed: list[PlacedEdit]) -> NDArray[np.float32]:
            """In float32 for drafts too, so that a draft shows the same region."""
            assert model.segmenter is not None  # resolving the edit has seen to it
            labels = _labels(self._draw(before, model, placed, False, check), model)
            return region(labels == model.segmenter.concepts.index(mask.concept), mask.at).astype(np.float32)

        return place(picture, model, self._coverages, find_region, check)

    def _draw(self, picture: Picture, model: Model, placed: list[PlacedEdit], draft: bool, check: Check) -> Pixels:
        generator = self._generator(model, draft)
        exact, last = generator.exact_layer, generator.layers[-1].name
        depth = generator.index
        if draft and exact is not None and all(depth(p.edit.layer.name) <= depth(exact) for p in placed):
            start = _start(picture, model)
            scene = (model.name, hashlib.sha256(start.tobytes()).digest(), start.ndim)
            return self._drafts.draw(scene, generator, self._run(picture, model, generator, exact, placed, check))
        pixels: Pixels = to_pixels(generator.tail(self._run(picture, model, generator, last, placed, check), last))[0]
        return pixels

    def _run(
        self,
        picture: Picture,
        model: Model,
        generator: Generator,
        to: str,
        placed: list[PlacedEdit],
        check: Check,
    ) -> Activations:
        """The output of layer `to`, the edits at it and at the layers before it applied."""
        order = [layer.name for layer in generator.layers]
        used = {p.edit.layer.name for p in placed}
        edited = [name for name in order[: order.index(to) + 1] if name in used]
        usual = model.edit_layer
        at = edited[0] if edited else order[min(order.index(to), order.index(usual))]
        a = self._trunk(picture, model, generator, at)
        for name in edited:
            check()
            a = generator.advance(a, at, name)
            a = a.edited(_edited(a.r, [p for p in placed if p.edit.layer.name == name]))
            at = name
        return generator.advance(a, at, to)

    def _trunk(self, picture: Picture, model: Model, generator: Generator, layer: str) -> Activations:
        start = _start(picture, model)

        def trunk() -> Activations:
            x = torch.from_numpy(start)[None]
            return generator.trunk(x, layer) if picture.w is None else generator.trunk_from_w(x, layer)

        key = (generator, layer, hashlib.sha256(start.tobytes()).digest(), start.ndim)
        return self._trunks.get_or_make(key, trunk)

    def _generator(self, model: Model, draft: bool) -> Generator:
        dtype = self.draft_dtype if draft else torch.float32
        key = (model.name, dtype)
        with self._lock:
            if key not in self._generators:
                self._generators[key] = model.generator.frozen(dtype, self.device)
            return self._generators[key]


def _start(picture: Picture, model: Model) -> NDArray[np.float32]:
    """What the trunk begins with: a latent, (latent_dim,), moved along directions, or every layer's w, w_shape."""
    generator = model.generator
    if picture.w is None:
        return move(latent(picture, generator.latent_dim), model.directions, picture.directions)
    return np.broadcast_to(np.asarray(picture.w, np.float32), generator.w_shape or ()).copy()


def latent(picture: Picture, latent_dim: int) -> NDArray[np.float32]:
    """The latent the picture starts from, before any direction moves it: (latent_dim,), or as long as its z."""
    if picture.z is not None:
        return np.asarray(picture.z, np.float32)
    assert picture.seed is not None  # the document's rule
    return latent_of(picture.seed, latent_dim)


def _edited(r: Tensor, placed: Sequence[PlacedEdit]) -> Tensor:
    """A copy of the featuremaps with the edits in it, blended in float32. r: (1, C, H, W)."""
    result = r.to(torch.float32, copy=True)  # (1, C, H, W)
    for p in placed:
        rows, columns = np.flatnonzero(p.coverage.any(1)), np.flatnonzero(p.coverage.any(0))
        if not len(rows):
            continue
        y, x = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        alpha = torch.from_numpy(p.coverage[y, x] * np.float32(p.edit.strength)).to(r.device)  # (h, w)
        units, levels = (torch.from_numpy(array).to(r.device) for array in (p.edit.units, p.edit.levels))  # (n,)
        result[0, units, y, x] = blend(result[0, units, y, x], alpha, levels[:, None, None])  # (n, h, w)
    return result.to(r.dtype)


def _labels(pixels: Pixels, model: Model) -> Labels:
    """pixels: (R, R, 3). Returns the index of each pixel's concept, (R, R)."""
    if model.segmenter is None:
        raise NoSegmenter(f"{model.name!r} has no segmenter")
    with torch.inference_mode():
        images = to_images(pixels[None]).contiguous(memory_format=torch.channels_last)  # (1, 3, R, R)
        return model.segmenter(images)[0].argmax(0).numpy()  # (R, R)
