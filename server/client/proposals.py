"""Things in a picture that the server found without a segmenter.

lake = picture.proposals().thing_at(0.8, 0.6)     # (height, width), booleans
picture.draw("grass", png=lake)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from server.client.reading import grey
from server.painting import proposals
from server.painting.proposals import RADIUS

Raster = NDArray[np.bool_]


@dataclass(frozen=True)
class Proposals:
    """Nested regions of a picture, by its colours."""

    width: int
    height: int
    labels: str
    parents: tuple[int, ...]
    prominence: tuple[float, ...]

    def thing_at(self, x: float, y: float, radius: float = RADIUS) -> Raster:
        """The region at a point that stands out most, about as large as a disc of that radius: (height, width), as
        `png` takes it for a mask. x, y: 0..1. radius: a fraction of the picture's width."""
        tree = self._tree()
        return tree.mask(tree.thing_at(x, y, radius))

    def regions_at(self, x: float, y: float) -> list[Raster]:
        """All regions at a point, from the smallest to the whole picture: (height, width) each."""
        tree = self._tree()
        return [tree.mask(region) for region in tree.regions_at(x, y)]

    def _tree(self) -> proposals.Proposals:
        return proposals.Proposals(grey(self.labels), self.parents, self.prominence)
