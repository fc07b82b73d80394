"""Where an inversion begins: with what an encoder tells of the picture, or with the nearest of some samples."""

from __future__ import annotations

from collections.abc import Generator as Steps
from dataclasses import dataclass

import torch
from torch import Tensor

from server.inversion.likeness import Likeness
from server.model.encoder import Encoder
from server.model.generator import Generator
from server.model.latents import latents_of

SAMPLES = 48
AT_ONCE = 4  # samples that are drawn before others have a turn


@dataclass(frozen=True)
class First:
    """z: a latent, (1, latent_dim). r: featuremaps at the layer, (1, units, height, width), where an encoder gives
    them, and z is zeros; None where the trunk makes them of z. scale: how much each unit of the layer varies over
    samples, least and most: what it reaches, (1, units, 1, 1) each."""

    z: Tensor
    r: Tensor | None
    scale: Tensor
    least: Tensor
    most: Tensor


def begin(
    generator: Generator, layer: str, target: Tensor, likeness: Likeness, encoder: Encoder | None, device: torch.device
) -> Steps[None, None, First]:
    """Gives None after each part of the work. target: (1, 3, H, W), -1..1. encoder: one that aims at the latent, or at
    the layer or one before it."""
    z = latents_of(range(SAMPLES), generator.latent_dim).to(device)  # (SAMPLES, latent_dim)
    units = generator.layer(layer).units
    mean, square = torch.zeros(units, device=device), torch.zeros(units, device=device)
    least, most = torch.full_like(mean, torch.inf), torch.full_like(mean, -torch.inf)
    distances: list[Tensor] = []
    for start in range(0, SAMPLES, AT_ONCE):
        with torch.no_grad():
            a = generator.trunk(z[start : start + AT_ONCE], layer)
            r = a.r.float()
            mean += r.mean((0, 2, 3)) * (AT_ONCE / SAMPLES)
            square += r.square().mean((0, 2, 3)) * (AT_ONCE / SAMPLES)
            least = torch.minimum(least, r.amin((0, 2, 3)))
            most = torch.maximum(most, r.amax((0, 2, 3)))
            if encoder is None:
                distances.append(likeness(generator.tail(a, layer).clamp(-1, 1)))
        yield
    deviation = (square - mean * mean).clamp(min=0).sqrt()  # (units,)
    scale = deviation.clamp(min=1e-3 * float(deviation.max()) + 1e-6)
    of_units = [figure.view(1, -1, 1, 1) for figure in (scale, least, most)]
    if encoder is None:
        return First(z[int(torch.cat(distances).argmin())][None], None, *of_units)
    with torch.no_grad():
        estimate = encoder.to(device)(target)
        if encoder.aim.layer is None:
            return First(estimate, None, *of_units)
        z = torch.zeros_like(z[:1])
        a = generator.trunk(z, encoder.aim.layer).edited(estimate)
        return First(z, generator.advance(a, encoder.aim.layer, layer).r, *of_units)
