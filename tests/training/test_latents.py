"""Latents of scenes: brought to zero mean and unit covariance, and kept there."""

import pytest
import torch

from server.training.data import SceneData, halve_scenes, render_scenes
from server.training.latents import Moments, distance_from_white, scene_latents, whiten
from server.training.state import RunState
from tests.training.test_train import SMALL


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> SceneData:
    folder = tmp_path_factory.mktemp("latents")
    list(render_scenes(folder / "full", 250, 128, processes=2))
    halve_scenes(folder / "full", folder / "half")
    return SceneData(folder / "half", 50)


def test_whitening_makes_the_scenes_latents_white(data: SceneData) -> None:
    state = RunState(SMALL, torch.device("cpu"))
    with torch.no_grad():
        state.latent_encoder.out.bias[: SMALL.latent_dim] += 3.0
        state.latent_encoder.out.bias[SMALL.latent_dim :] -= 4.0
    assert distance_from_white(*scene_latents(state, data)) > 1.0
    whiten(state, data)
    mean, log_variance = scene_latents(state, data)
    assert distance_from_white(mean, log_variance) < 0.1
    assert mean.mean(0).abs().max() < 0.2


def test_layer1_undoes_the_whitening(data: SceneData) -> None:
    state = RunState(SMALL, torch.device("cpu"))
    kernel = state.generator.block("layer1").conv.weight
    with torch.no_grad():
        before, _ = scene_latents(state, data)
        was = torch.einsum("odhw,nd->nohw", kernel, before - before.mean(0))
        whiten(state, data)
        after, _ = scene_latents(state, data)
        now = torch.einsum("odhw,nd->nohw", kernel, after)
    # Equal but for one factor, what PixelNorm divides by; and for the encoder's bf16.
    factor = (was * now).sum() / now.square().sum()
    assert factor > 0
    assert (was - factor * now).square().mean() < 0.01 * was.square().mean()


def test_the_moments_loss_pulls_towards_white() -> None:
    torch.manual_seed(0)
    moments = Moments(4)
    spread = torch.tensor([2.0, 0.5, 1.0, 1.0], requires_grad=True)
    shift = torch.tensor([1.0, 0.0, 0.0, 0.0], requires_grad=True)
    optimiser = torch.optim.SGD([spread, shift], 0.05)
    for _ in range(1500):
        optimiser.zero_grad()
        moments.loss(torch.randn(64, 4) * spread + shift).backward()
        optimiser.step()
    assert torch.allclose(spread, torch.ones(4), atol=0.1)
    assert torch.allclose(shift, torch.zeros(4), atol=0.1)
