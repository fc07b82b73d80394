"""Coverage of strokes that grow under a pen: what was drawn of one for the frame before is not drawn again.

A sample is inside a stroke where it is inside any of its segments. So those of its beginning are kept, and the segments
that came since are drawn into a copy: to the bit what all of them together give.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.painting.cache import ByteCache
from server.painting.mask import Array, Floats, coverage, rasterise, sampled, samples, segments_of
from server.painting.picture import Area, Strokes

GROWING_BYTES = 4 * 2**20
LOOSE = 8  # segments at the pen that the next frame may have otherwise


@dataclass(frozen=True)
class _Begun:
    """The beginning of a stroke: its segments, (S, 5), on a picture of some aspect, and which samples they cover."""

    segments: Floats
    inside: NDArray[np.bool_]
    aspect: float

    @property
    def nbytes(self) -> int:
        return self.segments.nbytes + self.inside.nbytes


class GrowingStrokes:
    """The strokes drawn last, up to a little before their ends. Safe between threads."""

    def __init__(self, max_bytes: int = GROWING_BYTES) -> None:
        self._begun: ByteCache[_Begun] = ByteCache(max_bytes, lambda begun: begun.nbytes)

    def coverage(self, mask: Area, height: int, width: int, aspect: float = 1.0) -> Array:
        """What `mask.coverage` gives. Raises what that raises."""
        if not isinstance(mask, Strokes) or any(stroke.erase for stroke in mask.strokes):
            return coverage(mask, height, width, aspect)
        segments = segments_of(mask.strokes, aspect)  # (S, 5)
        if len(segments) <= 2 * LOOSE:
            return coverage(mask, height, width, aspect)
        key = (height, width, aspect, segments[0].tobytes())
        begun = self._begun.get(key)
        if begun is None or not np.array_equal(begun.segments, segments[: len(begun.segments)]):
            begun = _Begun(segments[:0], samples(height, width), aspect)
        if len(segments) > len(begun.segments) + 2 * LOOSE:
            begun = _drawn(begun, segments[:-LOOSE])
            self._begun.forget(key)
            self._begun.put(key, begun)
        return sampled(_drawn(begun, segments).inside, height, width)


def _drawn(begun: _Begun, segments: Floats) -> _Begun:
    """The stroke of these segments, which begin with those that are drawn already."""
    inside = begun.inside.copy()
    rasterise(segments[len(begun.segments) :], inside, True, begun.aspect)
    return _Begun(segments, inside, begun.aspect)
