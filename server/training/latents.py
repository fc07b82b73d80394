"""Keeping the latents of scenes where the generator will look for them: around zero, of unit covariance.

A variational autoencoder's latents drift from their prior, the more as PixelNorm makes the generator blind to their
length. `whiten` moves both sides back at once, changing pictures little; `Moments` keeps them there.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from server.generators.progressive import ProgressiveGenerator
from server.training.data import SceneData
from server.training.state import RunState

SCENES = 2000
BATCH = 40


@torch.no_grad()
def scene_latents(state: RunState, data: SceneData) -> tuple[Tensor, Tensor]:
    """Means and log variances of the first scenes' latents: (M, latent_dim) each."""
    generator = state.generator
    found: list[tuple[Tensor, Tensor]] = []
    for a in range(0, min(SCENES, data.count - data.held_out) // BATCH * BATCH, BATCH):
        batch = data.take(torch.arange(a, a + BATCH).numpy())
        with torch.autocast(state.device.type, torch.bfloat16):
            r = generator.block(state.config.edit_layer)(state.encoder(batch.images, batch.labels))
            mean, log_variance = state.latent_encoder(r)
        found.append((mean.float(), log_variance.float().clamp(-8, 4)))
    return torch.cat([m for m, _ in found]), torch.cat([v for _, v in found])


@torch.no_grad()
def whiten(state: RunState, data: SceneData) -> None:
    """Give the scenes' latents zero mean and unit covariance, and let layer1 undo the change.

    With covariance Q L Q', a latent z becomes L^-1/2 Q' (z - mean) and layer1's kernel W becomes W Q L^1/2 / c, where c
    is what PixelNorm divides by now and did not before. The mean can only go to layer1's bias, averaged over its cells.
    """
    mean, log_variance = scene_latents(state, data)
    variance = log_variance.exp().mean(0)  # (D,), of the noise
    centre = mean.mean(0)  # (D,)
    covariance = torch.cov(mean.T) + variance.diag()  # (D, D)
    scale, turn = torch.linalg.eigh(covariance)  # (D,), (D, D)
    scale = scale.clamp(min=1e-4)
    into = turn.T / scale.sqrt()[:, None]  # (D, D): to white
    back = turn * scale.sqrt()[None, :]  # (D, D): from white
    length = float(((centre.square().sum() + scale.sum()) / len(scale)).sqrt())

    d = len(scale)
    out = state.latent_encoder.out
    weight, bias = out.weight, out.bias
    weight[:d] = (into @ weight[:d].flatten(1)).view_as(weight[:d])
    bias[:d] = into @ (bias[:d] - centre)
    weight[d:] = 0.0
    bias[d:] = ((turn.square().T @ variance) / scale).log()

    for generator in (state.generator, state.average["generator"]):
        assert isinstance(generator, ProgressiveGenerator)
        block = generator.block("layer1")
        kernel = block.conv.weight  # (O, D, 4, 4)
        constant = torch.einsum("odhw,d->ohw", kernel * block.scale, centre / length)  # (O, 4, 4)
        block.wscale.b.add_(constant.mean((1, 2)))
        kernel.copy_(torch.einsum("odhw,de->oehw", kernel, back) / length)


class Moments:
    """Running first and second moments of latents, and the loss that pulls them to 0 and to the unit matrix."""

    def __init__(self, latent_dim: int, memory: float = 0.98) -> None:
        self.mean = torch.zeros(latent_dim)
        self.second = torch.eye(latent_dim)
        self.memory = memory

    def loss(self, z: Tensor) -> Tensor:
        """z: (N, D). Its gradient is that of |E z|^2 + |E zz' - 1|^2 / 2 at the running moments, a dimension."""
        mean, second = z.mean(0), z.T @ z / z.shape[0]  # (D,), (D, D)
        self.mean.lerp_(mean.detach(), 1 - self.memory)
        self.second.lerp_(second.detach(), 1 - self.memory)
        away = self.second - torch.eye(len(self.mean))
        return (2 * (self.mean * mean).sum() + (away * second).sum()) / len(self.mean)


def distance_from_white(mean: Tensor, log_variance: Tensor) -> float:
    """How far latents are from zero mean and unit covariance: the root mean square of what is wrong in both."""
    second = mean.T @ mean / len(mean) + log_variance.exp().mean(0).diag()
    return float(F.mse_loss(second, torch.eye(len(second))).sqrt())
