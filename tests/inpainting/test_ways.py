from __future__ import annotations

import numpy as np
import pytest
import torch

from server.inpainting.ways import ATTENTION, WAYS, Removal, as_png, removals, ways_with
from server.model.inpainter import Inpainter
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture


@pytest.mark.parametrize("trained", [False, True])
def test_every_way_is_run_once_in_steps(painter: Painter, trained: bool) -> None:
    torch.manual_seed(1)
    inpainter = Inpainter().eval() if trained else None
    ways = ways_with(inpainter)
    assert set(WAYS) - set(ways) == (set() if trained else {ATTENTION})
    mask = np.zeros((16, 16), bool)
    mask[5:9, 6:10] = True
    came = list(removals(painter, Picture("village", 3), Edit("remove", "tree", as_png(mask)), mask, inpainter))
    results = [removal for removal in came if isinstance(removal, Removal)]
    assert tuple(removal.way for removal in results) == ways
    assert came.count(None) > 20  # PatchMatch's
    assert all(removal.pixels.shape == (16, 16, 3) for removal in results)  # as large as the mask
    outside = [removal.pixels[~mask] for removal in results[1:]]
    assert all(np.array_equal(pixels, outside[0]) for pixels in outside)
    assert len({removal.pixels.tobytes() for removal in results}) == len(ways)
