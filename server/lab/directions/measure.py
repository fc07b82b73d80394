"""The effect of a direction, measured on pictures: how its attribute changes, and whether the layout stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from server.lab.directions.predictor import Floats, Predictor, Report
from server.lab.dissect.running.passes import Passes, batches
from server.model.latents import latents_of

BATCH = 25


@dataclass(frozen=True)
class DirectionEffect:
    """What one vector does. effects: (A,), change of each attribute per unit of amount, in the attributes' own units.
    kept: share of the segmenter's labels that stay at +-1."""

    effects: Floats
    kept: float


def pictures(passes: Passes, z: Tensor) -> Tensor:
    """z: (N, latent_dim). Returns pictures, (N, 3, H, W), -1..1."""
    first = passes.generator.layers[0].name
    return passes.images(passes.trunk(z, first), first)


def score_samples(passes: Passes, predictor: Predictor, seeds: range, report: Report) -> tuple[Floats, Floats]:
    """The latents of the seeds, (N, latent_dim), and the attributes that the predictor reads off their pictures,
    (N, A)."""
    z = latents_of(seeds, passes.generator.latent_dim)  # (N, latent_dim)
    scores = []
    for s in batches(len(seeds), BATCH):
        with torch.inference_mode():
            scores.append(predictor(pictures(passes, z[s])).cpu().numpy())
        report(s.stop / len(seeds))
    return z.numpy(), np.concatenate(scores)


def measure_effects(
    passes: Passes, predictor: Predictor, vectors: Floats, seeds: range, report: Report
) -> list[DirectionEffect]:
    """What each vector does to the pictures of the seeds at amounts of -1 and +1. vectors: (V, latent_dim)."""
    effects = np.zeros((len(vectors), len(predictor.mean)), np.float64)
    kept = np.zeros(len(vectors))
    for s in batches(len(seeds), BATCH):
        z = latents_of(seeds[s], passes.generator.latent_dim)  # (B, latent_dim)
        labels = passes.labels(pictures(passes, z))  # (B, H, W)
        for v, vector in enumerate(vectors):
            step = torch.from_numpy(vector.astype(np.float32))  # (latent_dim,)
            for amount in (-1, 1):
                x = pictures(passes, z + amount * step)  # (B, 3, H, W)
                with torch.inference_mode():
                    effects[v] += amount / 2 * predictor(x).sum(0).cpu().numpy()
                kept[v] += float((passes.labels(x) == labels).float().mean((1, 2)).sum()) / 2
        report(s.stop / len(seeds))
    count = len(seeds)
    return [
        DirectionEffect((e / count).astype(np.float32), float(k / count)) for e, k in zip(effects, kept, strict=True)
    ]
