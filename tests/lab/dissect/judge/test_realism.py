from __future__ import annotations

import pytest
import torch

from server.lab.dissect.judge.realism import Entropy, FrechetToScenes
from tests.helpers.handmade import passes


def test_an_unsure_segmenter_has_more_entropy() -> None:
    p = passes()
    clear = p.images(p.trunk(torch.zeros(1, 8), "layer1"), "layer1")
    readings = Entropy().read(p, torch.cat([clear, 0 * clear]))
    assert readings.shape == (2, 1)
    assert float(readings[1]) > 5 * float(readings[0])
    assert Entropy().total(readings) == pytest.approx(float(readings.mean()))
    assert Entropy().slope(readings).flatten().tolist() == [0.5, 0.5]


def test_the_slope_is_that_of_the_distance() -> None:
    g = torch.Generator().manual_seed(0)
    scenes = torch.randn(300, 4, generator=g, dtype=torch.float64)
    pictures = 1.4 * torch.randn(200, 4, generator=g, dtype=torch.float64) + 0.3
    measure = FrechetToScenes(scenes)
    step = 1e-4 * torch.randn(200, 4, generator=g, dtype=torch.float64)
    change = measure.total(pictures + step) - measure.total(pictures - step)
    assert float((measure.slope(pictures) * 2 * step).sum()) == pytest.approx(change, rel=1e-3)
    assert measure.total(scenes) == pytest.approx(0, abs=1e-6)
