"""The latent of a seed, by the formula of the contract."""

from __future__ import annotations

import numpy as np
import torch

from server.model.latents import latent_of, latents_of


def test_a_latent_is_that_of_the_contract() -> None:
    for seed in (0, 42, 2**32 - 1):
        z = latent_of(seed, 16)
        assert z.dtype == np.float32
        assert np.array_equal(z, np.random.RandomState(seed).standard_normal(16).astype(np.float32))


def test_several_are_rows() -> None:
    rows = latents_of([7, 3], 16)
    assert torch.equal(rows, torch.from_numpy(np.stack([latent_of(7, 16), latent_of(3, 16)])))
    assert latents_of([], 16).shape == (0, 16)
