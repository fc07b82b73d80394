from __future__ import annotations

import pytest
import torch

from server.dissection.levels import measure_levels


def test_levels_are_those_of_well_filled_cells() -> None:
    r = torch.zeros(4, 2, 8, 8)
    shares = torch.zeros(4, 2, 8, 8)
    shares[:, 1, :4] = 0.9
    shares[:, 1, 4] = 0.2
    shares[:, 0] = 1 - shares[:, 1]
    r[:, 0, :4] = 3.0
    r[:, 0, 4] = 100.0
    r[:, 1, :4] = -1.0
    ends = torch.tensor([[-2.0, 5.0], [-3.0, 6.0]])
    levels = measure_levels(r, shares, ends[:, 0], ends[:, 1])
    assert levels.present[:, 1].tolist() == pytest.approx([3.0, -1.0], abs=1e-3)
    assert levels.mean.tolist() == pytest.approx([(4 * 3 + 100) / 8, -0.5], abs=1e-4)
    choices = levels.choices(1)
    assert choices["mean x1.5"].tolist() == pytest.approx([4.5, -1.5], abs=1e-3)
    assert choices["quantile"].tolist() == [5.0, 6.0]
    assert levels.contrast()[1, 1] == pytest.approx(-1.0, abs=1e-2)
    assert levels.contrast()[1, 0] > 0


def test_a_concept_never_seen_has_the_mean_as_its_level() -> None:
    r = torch.randn(5, 3, 8, 8)
    levels = measure_levels(r, torch.zeros(5, 1, 8, 8), torch.zeros(3), torch.ones(3))
    assert levels.present[:, 0].tolist() == pytest.approx(r.mean((0, 2, 3)).tolist(), abs=1e-4)
