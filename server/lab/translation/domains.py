"""The pictures of two seasons: the model's own samples, by the season that their latents mean."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from server.errors import UsageError
from server.lab.scenes.latent import LATENT_DIM
from server.lab.scenes.scene import scene_of
from server.model.generator import Generator
from server.model.latents import latent_of, latents_of
from server.model.pixels import to_pixels

# From and to which season (`Scene.season`) a domain's pictures are: snow lies in all of the one, in none of the other.
DOMAINS = {"summer": (0.35, 0.65), "winter": (0.0, 0.1)}


def seeds_of(domain: str, first: int, latent_dim: int) -> Iterator[int]:
    """The seeds of a domain's scenes, from the first on. Raises UsageError where the model's latents are no
    villages'."""
    if latent_dim != LATENT_DIM:
        raise UsageError("only the village's latents tell the season of their scenes")
    low, high = DOMAINS[domain]
    return (seed for seed in count(first) if low <= scene_of(latent_of(seed, latent_dim)).season <= high)


def draw_pictures(generator: Generator, domain: str, first: int, number: int) -> np.ndarray:
    """So many of a domain's pictures, (N, H, W, 3) uint8. generator: frozen. Raises what `seeds_of` raises."""
    seeds = seeds_of(domain, first, generator.latent_dim)
    layer, pictures = generator.layers[0].name, []
    with torch.inference_mode():
        for _ in tqdm(range(number), desc=f"pictures of {domain}", mininterval=5, disable=number < 20):
            z = latents_of([next(seeds)], generator.latent_dim)  # (1, latent_dim)
            pictures.append(to_pixels(generator.tail(generator.trunk(z, layer), layer))[0])
    return np.stack(pictures)


def crops(pictures: np.ndarray, number: int, side: int, rng: np.random.Generator) -> Tensor:
    """Random parts of random pictures, some of them mirrored: (number, 3, side, side), -1..1; whole ones at most."""
    _, height, width, _ = pictures.shape
    side = min(side, height, width)
    parts = []
    for _ in range(number):
        top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
        part = pictures[rng.integers(len(pictures)), top : top + side, left : left + side]
        parts.append(part[:, ::-1] if rng.random() < 0.5 else part)
    return torch.from_numpy(np.stack(parts)).permute(0, 3, 1, 2).float() / 127.5 - 1
