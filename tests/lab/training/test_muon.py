"""Muon: orthogonal steps for kernels, Adam's for biases."""

import pytest
import torch

from server.lab.training.muon import Muon, orthogonalised


@pytest.mark.parametrize("shape", [(24, 200), (200, 24), (32, 32)])
def test_singular_values_come_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalised(torch.randn(shape)))
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_directions_are_kept() -> None:
    torch.manual_seed(1)
    u, s, v = torch.linalg.svd(torch.randn(20, 60), full_matrices=False)
    found = orthogonalised(u @ torch.diag(s) @ v)
    assert torch.allclose(found @ v.T @ u.T, found @ (u @ v).T, atol=1e-5)
    off = u.T @ found @ v.T  # (20, 20), diagonal where the singular vectors are kept
    assert (off - torch.diag(off.diagonal())).abs().max() < 1e-3


def test_a_step_changes_a_kernel_by_its_rate() -> None:
    torch.manual_seed(2)
    kernel = torch.nn.Parameter(torch.randn(16, 8, 3, 3))
    before = kernel.detach().clone()
    optimiser = Muon([kernel], lr=0.01)
    kernel.grad = torch.randn_like(kernel)
    optimiser.step()
    change = (kernel.detach() - before).square().mean().sqrt()
    assert 0.007 < change < 0.012


def test_a_gradient_of_zeros_changes_nothing() -> None:
    kernel, bias = torch.nn.Parameter(torch.ones(4, 4)), torch.nn.Parameter(torch.ones(4))
    kernel.grad, bias.grad = torch.zeros(4, 4), torch.zeros(4)
    Muon([kernel, bias], lr=0.1).step()
    assert torch.equal(kernel.detach(), torch.ones(4, 4))
    assert torch.equal(bias.detach(), torch.ones(4))


def test_it_learns_a_linear_map() -> None:
    torch.manual_seed(3)
    true, x = torch.randn(6, 10), torch.randn(200, 10)
    layer = torch.nn.Linear(10, 6)
    optimiser = Muon(layer.parameters(), lr=0.05)
    losses = []
    for step in range(200):
        optimiser.param_groups[0]["lr"] = 0.05 * (1 - step / 200)
        loss = (layer(x) - x @ true.T).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.01 * losses[0]
