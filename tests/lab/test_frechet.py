"""The Frechet distance."""

import pytest
import torch

from server.lab.frechet import Gaussian, frechet_distance, gaussian_of


def test_frechet_distance_of_shifted_gaussians() -> None:
    eye = torch.eye(3, dtype=torch.float64)
    a = Gaussian(torch.zeros(3, dtype=torch.float64), eye)
    b = Gaussian(torch.full((3,), 2.0, dtype=torch.float64), 4 * eye)
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(a, b) == pytest.approx(12.0 + 3.0)  # |2,2,2|^2 + 3 (1 - 2)^2


def test_the_distance_of_normal_clouds_is_the_closed_form() -> None:
    g = torch.Generator().manual_seed(0)
    a = gaussian_of(torch.randn(200_000, 2, generator=g))
    b = gaussian_of(torch.randn(200_000, 2, generator=g) * torch.tensor([2.0, 3.0]) + torch.tensor([1.0, 0.0]))
    assert frechet_distance(a, b) == pytest.approx(1 + (2 - 1) ** 2 + (3 - 1) ** 2, rel=0.02)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))


def test_one_vector_is_too_few() -> None:
    with pytest.raises(ValueError, match="two"):
        gaussian_of(torch.zeros(1, 3))
