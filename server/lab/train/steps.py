"""Single training steps: what each network is to do, and the loss that says how far it is from it.

Pictures of three kinds go through the tail: scenes, edits of scenes whose outcome is known (`edits.rehearse`), and
strokes whose outcome is not. The discriminator sees label maps beside pictures; the generator's label head makes those
of its pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.scenes.concepts import DOOR, WINDOW
from server.lab.train import edits
from server.lab.train.config import TrainConfig
from server.lab.train.layout import CHANNELS, GRID, SKETCH, Spread, carried, cell_shares, importance, sketches_of
from server.lab.train.networks import Judgement
from server.lab.train.sketching import Sketched
from server.lab.train.state import CARRIER, GUIDED, SKETCHER, RunState, draw_carried
from server.lab.train.window import Window
from server.model.device import bfloat16_is_fast
from server.model.generator import Activations

Figures = dict[str, float]


@dataclass(frozen=True)
class Functions:
    """The networks as they run: compiled where that is wanted, under `half` in bf16 where the device has it."""

    tail: Callable[[Tensor], tuple[Tensor, Tensor]]
    trunk: Callable[[Tensor, Tensor, Tensor], Tensor]
    discriminator: Callable[[Tensor], Judgement]
    half: Callable[[], torch.autocast]


def functions(state: RunState, compiled: bool) -> Functions:
    """The run's networks as functions; see `Functions`."""
    generator = state.generator

    def tail(r: Tensor) -> tuple[Tensor, Tensor]:
        return draw_carried(generator, state.head, r)

    def trunk(z: Tensor, alpha: Tensor, factor: Tensor) -> Tensor:
        sketched = edits.apply(generator.trunk(z, SKETCHER).r, alpha, factor)  # (N, U, 8, 8)
        sketched = sketched.contiguous(memory_format=torch.channels_last)
        return generator.advance(Activations(sketched), SKETCHER, CARRIER).r

    networks: list[Callable[..., Any]] = [tail, trunk, state.discriminator.forward]
    if compiled:
        networks = [torch.compile(f, dynamic=False) for f in networks]
    fast = bfloat16_is_fast(state.device)

    def half() -> torch.autocast:
        return torch.autocast(state.device.type, torch.bfloat16, enabled=fast)

    return Functions(networks[0], networks[1], networks[2], half)


def show(images: Tensor, labels: Tensor, keep: Tensor) -> Tensor:
    """What the discriminator sees: (N, 3 + C, R, R). Labels are blurred, as soft maps would give samples away, and
    hidden where `keep` (N, 1, 1, 1) is 0, so that pictures must convince by themselves too."""
    soft = F.avg_pool2d(labels, 3, 1, 1, count_include_pad=False)
    return torch.cat([images, soft * keep], 1)


def kept(n: int, hide: float, device: torch.device) -> Tensor:
    """(n, 1, 1, 1): 0 with probability `hide`, else 1."""
    return (torch.rand(n, 1, 1, 1, device=device) >= hide).float()


def discriminator_loss(real: Judgement, fake: Judgement) -> Tensor:
    """The non-saturating loss (Goodfellow et al., 2014)."""
    return F.softplus(-real.scores.float()).mean() + F.softplus(fake.scores.float()).mean()


def generator_loss(fake: Judgement) -> Tensor:
    """The generator's side of `discriminator_loss`."""
    return F.softplus(-fake.scores.float()).mean()


def match_loss(real: Judgement, fake: Judgement) -> Tensor:
    """Mean distance of pictures' features from those of the pictures they should be, in units of the features' mean
    size (feature matching: Wang et al., "High-Resolution Image Synthesis", CVPR 2018, eq. 3)."""
    terms = []
    for a, b in zip(real.features, fake.features, strict=True):
        true = a.detach().float()
        terms.append((b.float() - true).abs().mean() / true.abs().mean().clamp(min=1e-3))
    return torch.stack(terms).mean()


def penalty(discriminator: torch.nn.Module, real: Tensor, weight: float) -> Tensor:
    """R1 gradient penalty on real examples (Mescheder et al., ICML 2018)."""
    x = real.detach().requires_grad_(True)
    scores = discriminator(x).scores
    (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    # A pixel is seen by a few patches, so the sum is per patch as it would be per picture elsewhere.
    loss: Tensor = 0.5 * weight * slope.square().sum((1, 2, 3)).mean() / scores[0].numel()
    return loss


def carry(state: RunState, layouts: Tensor, noise: bool) -> Tensor:
    """Layouts (N, CHANNELS, 16, 16) as the carrier's activations, (N, U, 16, 16); with `noise`, a little like those
    that the trunk makes."""
    if noise:
        layouts = layouts + state.config.noise * torch.randn_like(layouts)
    return carried(layouts, state.config.carrier_width)


def guided_trunk(state: RunState, f: Functions, task: Sketched) -> dict[str, Tensor]:
    """What the trunk makes of the task's latents: "sketch", (N, SKETCH, 8, 8), without its strokes; "layout", (N,
    CHANNELS, 16, 16), with them; and by the names of GUIDED the coarse layouts that the guides read there, without
    them, in units of the spread."""
    generator, seen = state.generator, {}
    x = task.latents[:, :, None, None]  # (N, D, 1, 1)
    for layer in generator.layers[: generator.index(CARRIER) + 1]:
        with f.half():
            x = generator.block(layer.name)(x)
        if layer.name in GUIDED:
            seen[layer.name] = state.guides[layer.name](x.float())
        if layer.name == SKETCHER:
            seen["sketch"] = x[:, :SKETCH].float()
            x = edits.apply(x.float(), task.alpha, task.factor)
    return {**seen, "layout": x[:, :CHANNELS].float()}


def trunk_losses(seen: dict[str, Tensor], task: Sketched, spread: Spread, plain: int) -> dict[str, Tensor]:
    """Mean squares by which what `guided_trunk` gives is off, in units of the spread: "lost", of the first `plain`
    layouts; "stroke", of the others, which have strokes, what these change counted six times; "sketch"; and by the
    names of GUIDED."""
    wanted, weight = spread.measure(task.target), importance(task.target) * (1 + 5 * task.inside)
    wrong = weight * (spread.measure(seen["layout"]) - wanted).square()  # (N, CHANNELS, 16, 16)
    before = spread.measure(task.before)
    sketch = (seen["sketch"] - sketches_of(task.before)) / spread.sketch
    losses = {"lost": wrong[:plain].mean(), "stroke": wrong[plain:].mean(), "sketch": sketch.square().mean()}
    for name in GUIDED:
        coarse = F.adaptive_avg_pool2d(before, seen[name].shape[-1])
        losses[name] = (seen[name] - coarse).square().mean()
    return losses


@dataclass(frozen=True)
class Drawn:
    """Outcome of `draw`: the window's pictures and label scores, what they should be, and the loss that those with a
    known outcome carry. All (N, ., h, w)."""

    images: Tensor
    scores: Tensor
    target: Tensor
    target_labels: Tensor
    loss: Tensor
    figures: Figures


def draw(
    state: RunState, f: Functions, r: Tensor, task: edits.Rehearsal, weights: Tensor, trust: Tensor, window: Window
) -> Drawn:
    """Edit layouts, draw a window of them, and compare the first K pictures with what they should become.

    r: (N, U, 16, 16), the carrier's activations of the task's scenes; weights: see `concept_weights`; trust: (K,), how
    much each picture's difference counts.
    """
    config: TrainConfig = state.config
    cell, known = config.size // GRID, len(trust)
    edited = edits.apply(r, task.alpha, task.factor).contiguous(memory_format=torch.channels_last)
    with f.half():
        images, scores = f.tail(window.opened(edited))
    images, scores = window.trimmed(images.float(), cell), window.trimmed(scores.float(), cell)
    target, labels = window.inner(task.target, cell), window.inner(task.target_labels, cell)
    inside = window.inner(task.inside, cell)[:known]
    rows = trust[:, None, None, None] * window.inner(task.counts, cell)[:known]  # (K, 1, h, w)
    wrong = rows * (images[:known] - target[:known])
    fine, coarse = wrong.abs().mean(), F.avg_pool2d(wrong, 4).abs().mean()
    # Edited pixels are few: their labels count as much as all the others together.
    cross = -(weights * labels[:known] * F.log_softmax(scores[:known], 1)).sum(1, keepdim=True)  # (K, 1, h, w)
    label = (rows * cross).mean() + (rows * cross * inside).sum() / inside.sum().clamp(min=1.0)
    loss = config.reconstruct * (fine + coarse) + config.label * label
    figures = {"l1": float(fine.detach()), "coarse": float(coarse.detach()), "label": float(label.detach())}
    return Drawn(images, scores, target, labels, loss, figures)


@dataclass(frozen=True)
class RandomStrokes(edits.Tensors):
    """Strokes whose outcome is not known: alpha (n, C, 16, 16) and factor (n,), see `edits.apply`, and the concepts
    they are about (n,)."""

    alpha: Tensor
    factor: Tensor
    chosen: Tensor


def random_strokes(rng: np.random.Generator, shares: Tensor, layouts: Tensor) -> RandomStrokes:
    """A stroke on each of some pictures: every second draws a concept at a place where the world has it often enough,
    the others remove one that is there.

    shares: (C, 16, 16), see `SceneData.shares`; layouts: (n, CHANNELS or more, 16, 16).
    """
    n, c = len(layouts), shares.shape[0]
    masks, there = edits.blobs(rng, n), cell_shares(layouts)  # (n, 1, 16, 16), (n, C, 16, 16)
    alpha, chosen = torch.zeros(n, c, GRID, GRID), torch.zeros(n, dtype=torch.int64)
    factor = torch.from_numpy(rng.uniform(*edits.DRAWN, n).astype(np.float32))
    factor[1::2] = 0.0
    usual = shares.flatten(1).max(1).values  # (C,)
    usual[[DOOR, WINDOW]] = torch.inf  # too small to fill a stroke; twins teach them
    for i in range(n):
        remove = i % 2 == 1
        inside = ((there[i] if remove else shares) * masks[i]).sum((1, 2)) / masks[i].sum().clamp(min=1.0)  # (C,)
        fitting = (inside > (0.1 if remove else 0.15 * usual)).nonzero().flatten().tolist() or [int(inside.argmax())]
        chosen[i] = fitting[rng.integers(len(fitting))]
        alpha[i, chosen[i]] = masks[i, 0]
    return RandomStrokes(alpha, factor, chosen)


def stroke_losses(
    before: Tensor, after: Tensor, scores: Tensor, strokes: RandomStrokes, window: Window
) -> tuple[Tensor, Tensor]:
    """What such strokes must do: that the concept is drawn inside, or gone, and that nothing changes far away.

    before, after: (n, 3, h, w), the window's pictures without and with the stroke; scores: (n, C, h, w), of those with
    it. Returns (cross entropy inside, mean change outside).
    """
    size, n = after.shape[-2:], after.shape[0]
    mask = window.inner(strokes.alpha.amax(1, keepdim=True), 1)  # (n, 1, rows, columns)
    inside = F.interpolate(mask, size=size, mode="bilinear")  # (n, 1, h, w)
    far = 1 - F.interpolate(F.max_pool2d(mask, 5, 1, 2).ceil(), size=size)  # (n, 1, h, w)
    probability = scores.softmax(1)[torch.arange(n, device=scores.device), strokes.chosen][:, None]  # (n, 1, h, w)
    area = inside.sum((1, 2, 3)).clamp(min=1.0)  # (n,)
    filled = (probability * inside).sum((1, 2, 3)) / area  # (n,)
    gone = -(torch.log1p(-probability.clamp(max=0.9999)) * inside).sum((1, 2, 3)) / area  # (n,)
    # What is drawn need not fill a stroke, as few things have a brush's outline; what is removed must be gone from all.
    drawn = -filled.clamp(min=1e-4).log() * (area > 1)
    obey = torch.where(strokes.factor > 0, drawn, gone).mean()
    calm = ((after - before.detach()).abs() * far).mean()
    return obey, calm
