from __future__ import annotations

import numpy as np
import torch

from server.lab.dissect.units.regions import REGION, Strongest


def test_the_strongest_samples_come_first_with_their_regions() -> None:
    r = torch.zeros(6, 2, 8, 8)
    for i in range(6):
        r[i, 0, :4, :4] = float(i)
        r[i, 1, 7, 7] = float(-i)
    seen = Strongest()
    seen.add(np.arange(6), r)
    strongest, regions = seen.regions(np.array([2.5, -0.5], np.float32))
    assert strongest[0].tolist() == [5, 4, 3, 2]
    assert set(strongest[1].tolist()) <= set(range(6))
    on = np.unpackbits(regions[0, 0]).reshape(REGION, REGION)
    assert on[:10, :10].all()
    assert not on[14:].any()
    assert not on[:, 14:].any()


def test_fewer_samples_than_wanted_are_all_there_is() -> None:
    seen = Strongest()
    seen.add(np.arange(2), torch.randn(2, 3, 4, 4))
    strongest, regions = seen.regions(np.zeros(3, np.float32))
    assert strongest.shape == (3, 2)
    assert regions.shape == (3, 2, REGION**2 // 8)


def test_blocks_in_any_order_give_the_same() -> None:
    r = torch.randn(40, 5, 4, 4, generator=torch.Generator().manual_seed(0))
    r[7] = r[21]  # equal peaks
    whole, parts = Strongest(), Strongest()
    whole.add(np.arange(40), r)
    for part in (slice(30, 40), slice(0, 11), slice(11, 30)):
        parts.add(np.arange(40)[part], r[part])
    for a, b in zip(whole.regions(np.zeros(5, np.float32)), parts.regions(np.zeros(5, np.float32)), strict=True):
        assert np.array_equal(a, b)
