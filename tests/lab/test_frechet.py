"""The Frechet distance."""

import pytest
import torch

from server.lab.frechet import Gaussian, frechet_distance


def test_frechet_distance_of_shifted_gaussians() -> None:
    eye = torch.eye(3, dtype=torch.float64)
    a = Gaussian(torch.zeros(3, dtype=torch.float64), eye)
    b = Gaussian(torch.full((3,), 2.0, dtype=torch.float64), 4 * eye)
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(a, b) == pytest.approx(12.0 + 3.0)  # |2,2,2|^2 + 3 (1 - 2)^2
