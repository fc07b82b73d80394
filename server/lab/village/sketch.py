"""The sketch of a scene, which the trunk makes of a latent and everything behind it draws a picture from.

In 16x16 cells, numbers in 0..1: of every kind of thing the share of the cell that it fills; of every concept its colour
there, continued from around where it does not stand; how much of the cell sun, moon and stars fill; season, time of day
and cloudiness. Drawing sets shares of kinds and removing zeroes them, as GAN Dissection's units are set.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.scenes.answer import BrushStroke
from server.lab.scenes.scene import Scene
from server.lab.village.colours import GRID, Expected, continued_colours, own_colours
from server.lab.village.drawing import Drawing
from server.lab.village.parts import CONCEPT_OF_KIND, KINDS, kinds_of, part
from server.model.pixels import Pixels, to_images
from server.painting.mask import coverage

SHARES = slice(0, len(KINDS))
COLOURS = slice(SHARES.stop, SHARES.stop + 36)
SHINE = COLOURS.stop
LIGHT = slice(SHINE + 1, SHINE + 4)
CHANNELS = LIGHT.stop
# Shares that count as there, and as gone.
_THERE, _GONE = 0.3, 0.02


def onehot(values: Pixels, count: int) -> Tensor:
    """Maps (N, R, R) of values below `count`: (N, count, R, R) of 0 and 1."""
    index = torch.from_numpy(values.astype(np.int64))[:, None]  # (N, 1, R, R)
    return torch.zeros(len(values), count, *values.shape[1:]).scatter_(1, index, 1.0)


def colour_sums(drawings: list[Drawing]) -> tuple[Tensor, Tensor]:
    """See `server.lab.village.colours.own_colours`: (N, 12, 3, 16, 16) and (N, 12, 1, 16, 16)."""
    labels = onehot(np.stack([d.labels for d in drawings]), 12)
    return own_colours(to_images(np.stack([d.image for d in drawings])), labels)


def light_of(scenes: list[Scene]) -> Tensor:
    """Season, time of day and cloudiness: (N, 3)."""
    return torch.tensor([[s.season, s.daytime, s.cloudiness] for s in scenes], dtype=torch.float32)


def expected_colours(drawings: list[Drawing], scenes: list[Scene]) -> Expected:
    """The colours that concepts have on average in some light."""
    colours, shares = colour_sums(drawings)
    return Expected.fitted(colours.sum((3, 4)) / GRID**2, shares.sum((3, 4)) / GRID**2, light_of(scenes))


def sketches_of(drawings: list[Drawing], scenes: list[Scene], expected: Expected) -> Tensor:
    """The sketches of drawn scenes: (N, CHANNELS, 16, 16)."""
    kinds = F.adaptive_avg_pool2d(onehot(np.stack([d.kinds for d in drawings]), len(KINDS)), GRID)
    light = light_of(scenes)
    colours = continued_colours(*colour_sums(drawings), expected.at(light)).flatten(1, 2)  # (N, 36, 16, 16)
    sun = torch.from_numpy(np.stack([d.parts == part("sun") for d in drawings]).astype(np.float32))[:, None]
    same = light[:, :, None, None].expand(-1, -1, GRID, GRID)
    return torch.cat([kinds, colours, F.adaptive_avg_pool2d(sun, GRID), same], 1)


def applied(sketches: Tensor, alpha: Tensor, value: Tensor) -> Tensor:
    """Sketches (N, CHANNELS, 16, 16) with shares set to `value`, (N,), as far as alpha (N, kinds, 16, 16) says."""
    shares = sketches[:, SHARES] * (1 - alpha) + value[:, None, None, None] * alpha
    return torch.cat([shares, sketches[:, SHARES.stop :]], 1)


def stroke_alpha(stroke: BrushStroke, kinds: tuple[int, ...] | None = None) -> Tensor:
    """alpha (kinds, 16, 16) of a stroke. kinds: those that it asks for; by default all of its concept."""
    alpha = torch.zeros(len(KINDS), GRID, GRID)
    alpha[list(kinds or kinds_of(stroke.concept))] = torch.from_numpy(coverage(stroke.mask, GRID, GRID))
    return alpha


def removal_alpha(scene: Tensor, without: Tensor, rng: np.random.Generator) -> Tensor:
    """alpha (kinds, 16, 16) that removes, with all kinds of their concepts, what `without` lacks of a sketch; often a
    cell more around."""
    gone = (scene - without)[SHARES].clamp(min=0)  # (kinds, 16, 16)
    alpha = torch.zeros_like(gone)
    for concept in set(CONCEPT_OF_KIND[(gone.amax((1, 2)) > _THERE).numpy()].tolist()):
        kinds = list(kinds_of(concept))
        mask = (gone[kinds].sum(0, keepdim=True) > _GONE).float()  # (1, 16, 16)
        if rng.random() < 0.5:
            mask = F.max_pool2d(mask[None], 3, 1, 1)[0]
        alpha[kinds] = mask
    return alpha


def asked_kinds(scene: Tensor, answer: Tensor, concept: int) -> tuple[int, ...] | None:
    """The kind of a concept that an answer has most more of, alone; None where it has none more."""
    kinds = kinds_of(concept)
    more = (answer - scene)[list(kinds)].clamp(min=0).sum((1, 2))  # (kinds of the concept,)
    return (kinds[int(more.argmax())],) if float(more.max()) > _THERE else None
