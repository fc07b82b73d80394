"""The painter: `render(picture)`, a pure function that any number of threads may call.

    painter = Painter(catalog)
    pixels = painter.render(picture)             # uint8 (H, W, 3), float32 arithmetic
    frame = painter.frame(picture)               # within 1 of 255 of that, faster where it is painted on
    draft = painter.frame(picture, draft=True)   # about that, faster still: bfloat16
    drafts = painter.drafts_of(pictures)         # of several people's, in one pass

The model is never written to. The trunk's activations are kept for each scene, so that another edit of a scene
runs only the tail; of pictures that are painted on, the tail's are kept as well (`live`).
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Generator as Steps
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from server.errors import NoSegmenter, UnknownLayer
from server.model.catalog import Catalog, Model
from server.model.device import bfloat16_is_fast, exact_float32
from server.model.generator import Activations, Chain, Generator, joined
from server.model.pixels import Pixels, to_images, to_pixels
from server.painting.batches import Prepared, Together, most_together
from server.painting.blend import edited
from server.painting.cache import ByteCache
from server.painting.drafts import BoxedDrafts
from server.painting.edits import Check, Covered, PlacedEdit, covered, go_on, place
from server.painting.growing import GrowingStrokes
from server.painting.live import LivePictures
from server.painting.passes import at_layer, draw, local_behind
from server.painting.picture import Picture, Region
from server.painting.precision import Drafts, Precision, compare_drafts
from server.painting.regions import region
from server.painting.scenes import Scene, scene_of

TRUNK_BYTES = 128 * 2**20
COVERAGE_BYTES = 16 * 2**20
PASS_BYTES = 64 * 2**20
# An update takes a little longer than its share of the multiplications: small boxes and copies of what is kept.
LARGEST_UPDATE = 0.8
MEASURED_TOGETHER = 16  # drafts of a pass that is measured where there is a GPU
DRAFT_TIME = 0.5  # of a pass in bfloat16, of one in float32, until it has been measured

Featuremaps = NDArray[np.float32]
Labels = NDArray[np.intp]


class Painter:
    """Renders pictures of a catalog's models.

    device: a torch device. trunk_bytes, pass_bytes: the most that the kept activations of trunks and of pictures that
    are painted on take. precision: of drafts; auto is bfloat16 where that is fast and close, which the processor says
    at first, and `measure_drafts` later. drafts: what that measured.
    """

    def __init__(
        self,
        catalog: Catalog,
        device: str = "cpu",
        trunk_bytes: int = TRUNK_BYTES,
        pass_bytes: int = PASS_BYTES,
        precision: Precision = "auto",
    ) -> None:
        self.catalog, self.device = catalog, device
        exact_float32(torch.device(device))
        self.drafts: Drafts | None = None
        self._precision = precision
        self._trunks: ByteCache[Activations] = ByteCache(trunk_bytes, lambda a: a.nbytes)
        self._coverages: ByteCache[NDArray[np.float32]] = ByteCache(COVERAGE_BYTES, lambda cells: cells.nbytes)
        self._growing = GrowingStrokes()
        self.live = LivePictures(pass_bytes)
        self._boxed, self._together = BoxedDrafts(), Together(device)
        self._lock = threading.Lock()
        self._generators: dict[tuple[str, torch.dtype], Generator] = {}

    def render(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        """The picture's pixels, (H, W, 3). draft: in bfloat16 where that is faster, a level or two off in the mean.

        Raises PictureError for what the model cannot draw, UnknownModel, WeightError, DissectionError, and what
        `check` raises.
        """
        model = self.catalog.get(picture.model)
        with torch.inference_mode():
            placed = self._place(picture, model, check)
            return self._draw(scene_of(picture, model), model, placed, draft, check)

    def prepare(self, picture: Picture) -> Picture | Prepared:
        """The picture with its edits' masks on their grids, which any thread may do while the device is busy; as it is
        where a mask names a concept, as finding that takes the device. Raises what `render` raises."""
        if any(isinstance(edit.mask, Region) for edit in picture.edits):
            return picture
        return self._prepared(picture, go_on)

    def frame(self, picture: Picture | Prepared, draft: bool = False, check: Check = go_on) -> Pixels:
        """The pixels of a picture that somebody paints on, (H, W, 3): within 1 of 255 of those that `render` gives.

        Where a frame before was much the same and the generator's blocks reach little, only what the difference reaches
        is computed. draft: as with `render`, where that is faster still. Raises what `render` raises.
        """
        prepared = self._prepared(picture, check)
        picture, model, placed = prepared.picture, prepared.model, prepared.placed
        with torch.inference_mode():
            scene = scene_of(picture, model)
            generator = self._generator(model, draft=False)
            at = _first_layer(generator, model, scene, placed, model.edit_layer)
            draft = draft and (self.draft_dtype != torch.float32 or generator.exact_layer is not None)
            chain = generator if isinstance(generator, Chain) and local_behind(generator, at) is not None else None
            update = None if chain is None else self.live.nearest(chain, scene.digest, placed)
            if update is not None and update.share <= LARGEST_UPDATE * (self._draft_time if draft else 1):
                return self.live.follow(update, scene.digest, check).copy()
            self.live.frames["draft" if draft else "pass"] += 1
            if chain is None or draft:
                return self._draw(scene, model, placed, draft, check)
            a = self._output(scene, generator, at)
            return self.live.keep(chain, scene.digest, draw(chain, a, at, placed, check)).copy()

    def drafts_of(self, pictures: Sequence[Picture | Prepared], check: Check = go_on) -> list[Pixels | Exception]:
        """Drafts of several pictures, (H, W, 3) each, or what `render` raises for one. Those of one model that are
        edited from the same layer on are drawn in one pass, whole. Raises what `check` raises."""
        results: dict[int, Pixels | Exception] = {}
        groups: dict[tuple[Generator, str], list[tuple[int, Prepared, Scene]]] = defaultdict(list)
        for i, picture in enumerate(pictures):
            check()
            try:
                one = self._prepared(picture, go_on)
                generator = self._generator(one.model, draft=True)
                scene = scene_of(one.picture, one.model)
                groups[generator, _first_layer(generator, one.model, scene, one.placed)].append((i, one, scene))
            except Exception as error:  # the others' pictures are none the worse for it
                results[i] = error
        with torch.inference_mode():
            for (generator, at), members in groups.items():
                most = most_together(generator)
                for part in (members[begin : begin + most] for begin in range(0, len(members), most)):
                    check()
                    outputs = self._outputs([scene for _, _, scene in part], generator, at)
                    drawn = self._together.draw(generator, at, outputs, [one.placed for _, one, _ in part], check)
                    for (i, _, _), pixels in zip(part, drawn, strict=True):
                        results[i] = pixels
                    self.live.frames["draft"] += len(part)
        return [results[i] for i in range(len(pictures))]

    def featuremaps(self, picture: Picture, layer: str, check: Check = go_on) -> Featuremaps:
        """The layer's output in the picture, its edits up to that layer included: (H, W, units).

        Raises what `render` raises, and UnknownLayer, for one before the picture's base, too.
        """
        model = self.catalog.get(picture.model)
        with torch.inference_mode():
            generator = self._generator(model, draft=False)
            generator.layer(layer)
            placed = self._place(picture, model, check)
            scene = scene_of(picture, model)
            if generator.index(layer) < scene.first(generator):
                raise UnknownLayer(f"the picture begins behind {layer}, with its base")
            r = self._run(scene, model, generator, layer, placed, check).r  # (1, C, H, W)
            return r[0].permute(1, 2, 0).cpu().numpy().copy()

    def covered(self, picture: Picture, check: Check = go_on) -> Covered:
        """How much of each pixel the edits are at: (H, W), 0..1. Raises what `render` raises."""
        model = self.catalog.get(picture.model)
        with torch.inference_mode():
            placed = self._place(picture, model, check)
        return covered(placed[len(placed) - len(picture.edits) :], model.generator.size)  # cleaning stands first

    def labels(self, picture: Picture, check: Check = go_on) -> Labels:
        """Which of `model.segmenter.concepts` each pixel of the picture shows: (H, W).

        Raises what `render` raises, and NoSegmenter where the model has none.
        """
        model = self.catalog.get(picture.model)
        return _labels(self.render(picture, check=check), model)

    @property
    def draft_dtype(self) -> torch.dtype:
        """What drafts are computed in."""
        if self._precision == "auto":
            fast = bfloat16_is_fast(torch.device(self.device)) if self.drafts is None else self.drafts.worth_it
            return torch.bfloat16 if fast else torch.float32
        return torch.bfloat16 if self._precision == "bfloat16" else torch.float32

    def measure_drafts(self) -> Steps[None, None, None]:
        """Measure drafts of the default model against float32, a pass a step; nothing where they are in float32."""
        if self.draft_dtype == torch.float32:
            return
        model = self.catalog.get()
        exact, low = (self._generator(model, draft) for draft in (False, True))
        number = MEASURED_TOGETHER if torch.device(self.device).type == "cuda" else 1
        self.drafts = yield from compare_drafts(exact, low, model.edit_layer, number)

    @property
    def caches(self) -> dict[str, ByteCache[Any]]:
        """What is kept: the activations of trunks, and masks on their grids."""
        return {"trunks": self._trunks, "masks": self._coverages}

    def _prepared(self, picture: Picture | Prepared, check: Check) -> Prepared:
        if isinstance(picture, Prepared):
            return picture
        model = self.catalog.get(picture.model)
        with torch.inference_mode():
            return Prepared(picture, model, self._place(picture, model, check))

    @property
    def _draft_time(self) -> float:
        return DRAFT_TIME if self.drafts is None else self.drafts.time

    def _place(self, picture: Picture, model: Model, check: Check) -> list[PlacedEdit]:
        def find_region(before: Picture, mask: Region, placed: list[PlacedEdit]) -> NDArray[np.float32]:
            """In float32 for drafts too, so that a draft shows the same region."""
            assert model.segmenter is not None  # resolving the edit has seen to it
            labels = _labels(self._draw(scene_of(before, model), model, placed, False, check), model)
            return region(labels == model.segmenter.concepts.index(mask.concept), mask.at).astype(np.float32)

        return place(picture, model, self._coverages, self._growing, find_region, check)

    def _draw(self, scene: Scene, model: Model, placed: list[PlacedEdit], draft: bool, check: Check) -> Pixels:
        generator = self._generator(model, draft)
        exact, last = generator.exact_layer, generator.layers[-1].name
        depths = [scene.first(generator), *(generator.index(p.edit.layer.name) for p in placed)]
        if draft and exact is not None and max(depths) <= generator.index(exact):
            return self._boxed.draw(scene.digest, generator, self._run(scene, model, generator, exact, placed, check))
        pixels: Pixels = to_pixels(generator.tail(self._run(scene, model, generator, last, placed, check), last))[0]
        return pixels

    def _run(
        self,
        scene: Scene,
        model: Model,
        generator: Generator,
        to: str,
        placed: list[PlacedEdit],
        check: Check,
    ) -> Activations:
        """The output of layer `to`, the edits at it and at the layers before it applied."""
        order = [layer.name for layer in generator.layers]
        at = _first_layer(generator, model, scene, placed, to)
        a = self._output(scene, generator, at)
        for name in order[order.index(at) : order.index(to) + 1]:
            here = at_layer(placed, name)
            if here:
                check()
                a = generator.advance(a, at, name)
                a = a.edited(edited(a.r, here))
                at = name
        return generator.advance(a, at, to)

    def _output(self, scene: Scene, generator: Generator, layer: str) -> Activations:
        """What the layer puts out before any edit."""
        return self._trunks.get_or_make((generator, layer, *scene.digest), lambda: scene.output(generator, layer))

    def _outputs(self, scenes: Sequence[Scene], generator: Generator, layer: str) -> list[Activations]:
        """What the layer puts out before any edit in several scenes; those of latents that are not kept yet are made at
        once."""
        keys = [(generator, layer, *scene.digest) for scene in scenes]
        kept = [self._trunks.get(key) for key in keys]
        several = [*zip(scenes, keys, kept, strict=True)]
        missing = {key: scene.start for scene, key, a in several if a is None and scene.of_latent}
        made: dict[tuple[object, ...], Activations] = {}
        if missing:
            a = generator.trunk(torch.from_numpy(np.stack([*missing.values()])), layer)
            # Joining copies: a part that is kept must not keep the whole.
            made = {key: self._trunks.put(key, joined([a[i : i + 1]])) for i, key in enumerate(missing)}
        return [a or made.get(key) or self._output(scene, generator, layer) for scene, key, a in several]

    def _generator(self, model: Model, draft: bool) -> Generator:
        dtype = self.draft_dtype if draft else torch.float32
        key = (model.name, dtype)
        with self._lock, torch.inference_mode():
            if key not in self._generators:
                self._generators[key] = model.generator.frozen(dtype, self.device)
            return self._generators[key]


def _first_layer(
    generator: Generator, model: Model, scene: Scene, placed: Sequence[PlacedEdit], to: str | None = None
) -> str:
    """The layer whose output is kept as the scene's: the first that is edited, up to the layer `to`; the model's usual
    one, or `to` if that comes first, where none is; none before the scene's base."""
    order = [layer.name for layer in generator.layers]
    last = len(order) - 1 if to is None else order.index(to)
    edited = [i for i in (order.index(p.edit.layer.name) for p in placed) if i <= last]
    first = min(edited, default=min(last, order.index(model.edit_layer)))
    return order[max(first, scene.first(generator))]


def _labels(pixels: Pixels, model: Model) -> Labels:
    """pixels: (H, W, 3). Returns the index of each pixel's concept, (H, W)."""
    if model.segmenter is None:
        raise NoSegmenter(f"{model.name!r} has no segmenter")
    with torch.inference_mode():
        images = to_images(pixels[None]).contiguous(memory_format=torch.channels_last)  # (1, 3, H, W)
        return model.segmenter(images)[0].argmax(0).numpy()  # (H, W)
