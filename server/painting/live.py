"""Pictures that are painted on: their last passes, from which the next frame follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from server.model.generator import Chain
from server.model.pixels import Pixels
from server.painting.cache import ByteCache
from server.painting.edits import Check, PlacedEdit, go_on
from server.painting.passes import Pass, Update, changed_boxes, plan
from server.painting.scenes import Digest

MOST_COMPARED = 32  # passes of a scene; several people may paint on one


@dataclass(frozen=True)
class _Kept:
    """A pass, and the key of the one that it has grown out of."""

    drawn: Pass
    source: tuple[object, ...] | None = None


class LivePictures:
    """The last passes of the pictures that frames were drawn of, at most `max_bytes` of them.

    Nobody says which picture a frame belongs to: it follows from whichever pass of its scene it differs least from.
    That may be somebody else's, so a pass is still kept when one has grown out of it, but not when another has grown
    out of that: a painter takes two. What is handed out is shared: never write to it.

    frames: how many followed from a kept pass, took a whole one, or were drafts.
    """

    def __init__(self, max_bytes: int) -> None:
        self._passes: ByteCache[_Kept] = ByteCache(max_bytes, lambda one: one.drawn.nbytes)
        self._numbers = count()
        self.frames = {"update": 0, "pass": 0, "draft": 0}

    @property
    def nbytes(self) -> int:
        """The bytes of all passes now."""
        return self._passes.nbytes

    def nearest(self, generator: Chain, scene: Digest, placed: Sequence[PlacedEdit]) -> Update | None:
        """The least that makes the picture of these edits of a pass of the same scene; None where there is none.
        scene: what tells it from others."""
        layers = {layer.name: layer.height * layer.width for layer in generator.layers}
        best, least = None, float("inf")
        for _, one in self._passes.newest((generator, scene), MOST_COMPARED):
            boxes = changed_boxes(one.drawn, placed)
            if boxes is not None:
                changed = sum(box.area / layers[name] for name, box in boxes.items())
                best, least = (one.drawn, changed) if changed < least else (best, least)
        return None if best is None else plan(best, generator, placed)

    def follow(self, update: Update, scene: Digest, check: Check = go_on) -> Pixels:
        """Draw a picture from what is kept, and keep that: its pixels, (H, W, 3). Raises what `check` raises."""
        self.frames["update"] += 1
        drawn = update.run(check)
        if not update.boxes:
            return drawn.pixels
        source = None
        for key, one in self._passes.newest((update.generator, scene), MOST_COMPARED):
            if one.drawn is update.kept:
                source = key
                self._passes.forget(one.source)
        return self._put(update.generator, scene, _Kept(drawn, source))

    def keep(self, generator: Chain, scene: Digest, drawn: Pass) -> Pixels:
        """Keep what a whole pass left: its pixels, (H, W, 3)."""
        return self._put(generator, scene, _Kept(drawn))

    def _put(self, generator: Chain, scene: Digest, one: _Kept) -> Pixels:
        self._passes.put((generator, scene, next(self._numbers)), one)
        return one.drawn.pixels
