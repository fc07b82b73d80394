"""The painting rule: edits are composed "over"."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from server.painting.blend import blend

unit_interval = st.floats(0, 1, width=32)


@given(
    arrays(np.float32, (2, 2, 2), elements=unit_interval),
    unit_interval,
    unit_interval,
    st.floats(-9, 9),
    st.floats(-9, 9),
)
def test_later_edits_lie_over_earlier_ones(masks: np.ndarray, s1: float, s2: float, v1: float, v2: float) -> None:
    before = np.random.RandomState(0).standard_normal((2, 2)).astype(np.float32)
    r = torch.from_numpy(before)
    r = blend(r, torch.from_numpy(masks[0] * np.float32(s1)), torch.tensor(v1))
    r = blend(r, torch.from_numpy(masks[1] * np.float32(s2)), torch.tensor(v2))
    # The formula of the design, as it stands there.
    a1, a2 = masks[0].astype(float) * s1, masks[1].astype(float) * s2
    a = 1 - (1 - a2) * (1 - a1)
    with np.errstate(invalid="ignore", divide="ignore"):
        v = np.where(a > 0, (v1 * a1 * (1 - a2) + v2 * a2) / a, 0)
    np.testing.assert_allclose(r.numpy(), before * (1 - a) + v * a, atol=1e-5)


def test_nothing_outside_the_mask_changes_by_a_bit() -> None:
    before = torch.randn(2, 2, generator=torch.Generator().manual_seed(0))
    r = blend(before, torch.tensor([[0, 0.5], [0, 0]]), torch.tensor(7.0))
    expected = before.clone()
    expected[0, 1] = before[0, 1] * 0.5 + 3.5
    assert torch.equal(r, expected)


def test_it_is_numpys_float32_to_the_last_bit() -> None:
    random = np.random.RandomState(3)
    r, a, v = (random.rand(64, 64).astype(np.float32) for _ in range(3))
    expected = r * (1 - a) + v * a
    assert np.array_equal(blend(*(torch.from_numpy(x) for x in (r, a, v))).numpy(), expected)
