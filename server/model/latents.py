"""Seeds and latents: the one formula by which every picture begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def latent_of(seed: int, latent_dim: int) -> NDArray[np.float32]:
    """The latent of a seed, 0..2**32-1: (latent_dim,) independent standard normals. Part of the contract."""
    return np.random.RandomState(seed).standard_normal(latent_dim).astype(np.float32)


def latents_of(seeds: Sequence[int], latent_dim: int) -> Tensor:
    """The latents of several seeds: (N, latent_dim)."""
    rows = [latent_of(seed, latent_dim) for seed in seeds]
    return torch.from_numpy(np.asarray(rows, np.float32).reshape(len(rows), latent_dim))


def latent_table(random_state: int, latent_dim: int, rows: int) -> Iterator[NDArray[np.float32]]:
    """The table whose rows are the latents of GAN Dissection's pictures, without end: (rows, latent_dim) at a time."""
    random = np.random.RandomState(random_state)
    while True:
        yield random.standard_normal((rows, latent_dim)).astype(np.float32)
