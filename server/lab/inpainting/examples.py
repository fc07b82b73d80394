"""What an inpainter learns on: parts of the model's own samples, and what is missing from them, as people brush."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from server.model.generator import Generator
from server.model.latents import latents_of
from server.painting.mask import coverage
from server.painting.picture import Area, Rect, Stroke, Strokes

LEAST, MOST = 0.01, 0.4  # of a picture, that is missing
OF_EACH = 2  # examples of a picture: a part as it is, and the whole, smaller

Mask = NDArray[np.bool_]  # (H, W)


def draw(generator: Generator, seeds: list[int], device: torch.device) -> Tensor:
    """The samples of these seeds, (N, 3, H, W), -1..1. generator: frozen, on that device."""
    at, images = generator.layers[0].name, []
    with torch.inference_mode():
        for seed in seeds:  # one by one, so that what layers put out stays in a processor's cache
            z = latents_of([seed], generator.latent_dim).to(device)  # (1, latent_dim)
            images.append(generator.tail(generator.trunk(z, at), at).float().clamp(-1, 1))
    return torch.cat(images).clone()  # of which, made for inference, no loss could be


def parts(images: Tensor, side: int, rng: np.random.Generator) -> Tensor:
    """Of each picture a part of so many pixels and the whole at about that size, half of them mirrored:
    (OF_EACH N, 3, side, side). images: (N, 3, H, W). Pictures that are smaller come as they are."""
    height, width = images.shape[2:]
    tall, wide = min(side, height), min(side, width)
    found = []
    for image in images:
        top, left = rng.integers(height - tall + 1), rng.integers(width - wide + 1)
        part = image[:, top : top + tall, left : left + wide]  # (3, side, side)
        whole = F.interpolate(image[None], size=(tall, wide), mode="area")[0]
        found += [one.flip(2) if rng.random() < 0.5 else one for one in (part, whole)]
    return torch.stack(found)


def brushed(height: int, width: int, rng: np.random.Generator) -> Mask:
    """What is missing, (height, width): strokes of a round brush, dabs or a rectangle, LEAST to MOST of it."""
    while True:
        mask = coverage(_area(rng), height, width, width / height) >= 0.5
        if LEAST <= mask.mean() <= MOST:
            return mask


def holes(number: int, height: int, width: int, rng: np.random.Generator) -> Tensor:
    """So many of them: (number, 1, height, width), 1 where it is missing, else 0."""
    masks = np.stack([brushed(height, width, rng) for _ in range(number)])
    return torch.from_numpy(masks[:, None].astype(np.float32))


def _area(rng: np.random.Generator) -> Area:
    kind = rng.integers(4)
    if kind == 0:
        size = rng.uniform(0.1, 0.7, 2)
        x, y = rng.uniform(0, 1 - size)
        return Rect((float(x), float(y), float(x + size[0]), float(y + size[1])))
    strokes = []
    for _ in range(rng.integers(1, 5)):
        radius = float(rng.uniform(0.03, 0.16))
        points = [rng.uniform(0, 1, 2)]
        for _ in range(0 if kind == 1 else rng.integers(2, 8)):
            # People go to and fro over what they want away: short steps any way.
            points.append((points[-1] + rng.normal(0, 0.12, 2)).clip(0, 1))
        strokes.append(Stroke(tuple((float(x), float(y)) for x, y in points), radius))
    return Strokes(tuple(strokes))
