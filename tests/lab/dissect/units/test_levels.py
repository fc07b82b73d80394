from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.dissect.units.levels import Levels, LevelSums, levels_of


def measured(r: torch.Tensor, labels: np.ndarray, concepts: int, low: torch.Tensor, high: torch.Tensor) -> Levels:
    """From sums over two blocks."""
    sums = LevelSums(labels, concepts, r.shape[2])
    blocks = [LevelSums.of(r[s], sums.weights(labels[s])) for s in (slice(2), slice(2, None))]
    return levels_of([torch.stack(part).sum(0) for part in zip(*blocks, strict=True)], low, high)


def test_levels_are_those_of_well_filled_cells() -> None:
    """Concept 1 fills the upper half of the picture, and a fifth of one row of cells below."""
    r = torch.zeros(4, 2, 8, 8)
    labels = np.zeros((4, 40, 40), np.uint8)
    labels[:, :20] = 1
    labels[:, 20] = 1
    r[:, 0, :4] = 3.0
    r[:, 0, 4] = 100.0
    r[:, 1, :4] = -1.0
    ends = torch.tensor([[-2.0, 5.0], [-3.0, 6.0]])
    levels = measured(r, labels, 2, ends[:, 0], ends[:, 1])
    assert levels.present[:, 1].tolist() == pytest.approx([3.0, -1.0])
    assert levels.mean.tolist() == pytest.approx([(4 * 3 + 100) / 8, -0.5])
    assert levels.deviation[1] == pytest.approx(0.5)
    choices = levels.choices(1)
    assert choices["mean x2"].tolist() == pytest.approx([6.0, -2.0])
    assert choices["mean x4"].tolist() == pytest.approx([12.0, -4.0])
    assert choices["quantile"].tolist() == [5.0, 6.0]
    assert levels.contrast()[1, 1] == pytest.approx(-1.0)
    assert levels.contrast()[1, 0] > 0


def test_a_concept_never_seen_has_the_mean_as_its_level() -> None:
    r = torch.randn(5, 3, 8, 8)
    levels = measured(r, np.zeros((5, 16, 16), np.uint8), 2, torch.zeros(3), torch.ones(3))
    for concept in (0, 1):
        assert levels.present[:, concept].tolist() == pytest.approx(r.mean((0, 2, 3)).tolist(), abs=1e-5)
