from __future__ import annotations

import numpy as np

from server.inpainting.ways import WAYS, Removal, as_png, removals
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture


def test_every_way_is_run_once_in_steps(painter: Painter) -> None:
    mask = np.zeros((16, 16), bool)
    mask[5:9, 6:10] = True
    came = list(removals(painter, Picture("village", 3), Edit("remove", "tree", as_png(mask)), mask))
    results = [removal for removal in came if isinstance(removal, Removal)]
    assert tuple(removal.way for removal in results) == WAYS
    assert came.count(None) > 20  # PatchMatch's
    assert all(removal.pixels.shape == (16, 16, 3) for removal in results)  # as large as the mask
    outside = [removal.pixels[~mask] for removal in results[1:]]
    assert all(np.array_equal(pixels, outside[0]) for pixels in outside)
    assert len({removal.pixels.tobytes() for removal in results}) == len(WAYS)
