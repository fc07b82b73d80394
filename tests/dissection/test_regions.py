from __future__ import annotations

import numpy as np
import torch

from server.dissection.regions import REGION, strongest_samples


def test_the_strongest_samples_come_first_with_their_regions() -> None:
    r = torch.zeros(6, 2, 8, 8)
    for i in range(6):
        r[i, 0, :4, :4] = float(i)
        r[i, 1, 7, 7] = float(-i)
    strongest, regions = strongest_samples(r, np.array([2.5, -0.5], np.float32), 3)
    assert strongest[0].tolist() == [5, 4, 3]
    assert set(strongest[1].tolist()) <= set(range(6))
    on = np.unpackbits(regions[0, 0]).reshape(REGION, REGION)
    assert on[:10, :10].all()
    assert not on[14:].any()
    assert not on[:, 14:].any()


def test_fewer_samples_than_wanted_are_all_there_is() -> None:
    strongest, regions = strongest_samples(torch.randn(2, 3, 4, 4), np.zeros(3, np.float32))
    assert strongest.shape == (3, 2)
    assert regions.shape == (3, 2, REGION**2 // 8)
