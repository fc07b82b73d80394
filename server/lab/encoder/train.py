"""Training of an encoder on a generator's own samples, made hard to read, so that other pictures can be read as well.

It learns to tell the latent or the featuremaps that a sample was made from, and, of these, those that draw the sample:
what the generator makes of some of its answers is compared with the pictures, too. That costs five times as much as all
the rest, so they are few.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.files import ENCODER, file_sha256, write_text, write_whole
from server.inversion.invert import generator_on
from server.lab.training.checkpoint import Parts, restore, store
from server.lab.training.descent import descend
from server.lab.training.pace import pace, set_rate
from server.lab.training.segmenters import harden
from server.model.catalog import Model
from server.model.device import bfloat16_is_fast
from server.model.encoder import Encoder, aim_at, save_encoder
from server.model.generator import Generator
from server.model.latents import latents_of

RATE = 1.5e-3
IMAGE_WEIGHT = 2.0  # of the mean difference of pictures beside that of what they are made from
DRAWN = 2  # of a batch, whose answers are drawn
COUNTED = 64  # samples that mean and deviation are of
HELD_OUT, AT_ONCE = 32, 8  # samples that it is measured on, and how many at a time
FIRST_SEED = 2**31  # of the samples it is trained on; those before are for others
STORED_EVERY = 200  # steps
CHECKPOINT, CARD = "encoder.part", "encoder.md"

Show = Callable[[int, float], object]  # takes the steps done and the loss


@dataclass(frozen=True)
class Training:
    """layer: whose featuremaps it tells, None for the latent. steps: of `batch` samples each."""

    layer: str | None
    steps: int
    batch: int


def train_encoder(model: Model, training: Training, device: torch.device, show: Show) -> str:
    """Train, write the encoder and its card into the model's folder, and return what was measured of it, a line.

    A training that was interrupted goes on from the checkpoint there. Raises UnknownLayer, ValueError for an encoder
    that would be too large, and OSError.
    """
    generator = generator_on(device, model.generator)
    dtype = torch.bfloat16 if bfloat16_is_fast(device) else torch.float32
    drawing = model.generator.frozen(dtype, device)
    aim = aim_at(generator, training.layer)
    torch.manual_seed(0)
    encoder = Encoder(aim, generator.resolution)
    with torch.no_grad():
        z = latents_of(range(COUNTED), generator.latent_dim).to(device)
        aimed = z if training.layer is None else generator.trunk(z, training.layer).r.float()
        axes: tuple[int, ...] = (0,) if training.layer is None else (0, 2, 3)
        deviation, mean = torch.std_mean(aimed, axes)
        encoder.mean.copy_(mean.view_as(encoder.mean))
        encoder.deviation.copy_((deviation + 1e-3 * deviation.max() + 1e-6).view_as(encoder.deviation))
    encoder.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(encoder.parameters(), RATE)
    checkpoint = model.folder / CHECKPOINT
    parts: Parts = {"encoder": encoder, "optimiser": optimiser}
    for step in range(restore(checkpoint, training, parts), training.steps):
        set_rate(optimiser, RATE * pace(step, step / training.steps))
        loss = _step(generator, drawing, encoder, optimiser, training, step, device)
        show(step + 1, loss)
        if (step + 1) % STORED_EVERY == 0:
            store(checkpoint, training, step + 1, parts)
    encoder.eval().cpu()
    weights = None if model.weights is None else file_sha256(model.weights)
    write_whole(model.folder / ENCODER, lambda part: save_encoder(part, encoder, weights))
    measured = measure_on_samples(model.generator, encoder)
    write_text(model.folder / CARD, _card(model, training, measured))
    checkpoint.unlink(missing_ok=True)
    return measured


def samples(generator: Generator, drawing: Generator, layer: str | None, z: Tensor) -> tuple[Tensor, Tensor]:
    """What an encoder is to tell, latents or featuremaps, and the images, (N, 3, H, W), -1..1. drawing: the generator,
    frozen. z: (N, latent_dim)."""
    at = layer or generator.layers[0].name
    at_once = 1 if z.is_cpu else len(z)  # so that what layers put out stays in a processor's cache
    images = [
        drawing.tail(drawing.trunk(some, at), at).float() for some in torch.split(z, at_once)
    ]  # (n, 3, H, W) each
    return z if layer is None else generator.trunk(z, at).r.float(), torch.cat(images).clamp(-1, 1)


def redrawn(generator: Generator, layer: str | None, z: Tensor, estimate: Tensor) -> Tensor:
    """The images of what an encoder gives, (N, 3, H, W). z: the latents, which other layers may read."""
    at = layer or generator.layers[0].name
    if layer is None:
        return generator.tail(generator.trunk(estimate, at), at)
    return generator.tail(generator.trunk(z, at).edited(estimate), at)


def _step(
    generator: Generator,
    drawing: Generator,
    encoder: Encoder,
    optimiser: torch.optim.Optimizer,
    training: Training,
    step: int,
    device: torch.device,
) -> float:
    """One step of descent; the same for the same step, whether the training was interrupted before or not."""
    rng = np.random.default_rng(step)
    torch.manual_seed(step)
    seeds = FIRST_SEED + training.batch * step + np.arange(training.batch)
    z = latents_of(seeds.tolist(), generator.latent_dim).to(device)  # (N, latent_dim)
    with torch.no_grad():
        target, images = samples(generator, drawing, training.layer, z)
    standard = encoder.standard(harden(images.cpu(), rng).to(device))
    estimate = standard * encoder.deviation + encoder.mean
    loss = F.smooth_l1_loss(standard, (target - encoder.mean) / encoder.deviation)
    drawn = redrawn(generator, training.layer, z[:DRAWN], estimate[:DRAWN])
    loss = loss + IMAGE_WEIGHT * (drawn - images[:DRAWN]).abs().mean()
    descend(optimiser, loss)
    return float(loss.detach())


def measure_on_samples(generator: Generator, encoder: Encoder) -> str:
    """How near it comes to samples that it was not trained on, in a line."""
    latents = latents_of(range(COUNTED, COUNTED + HELD_OUT), generator.latent_dim)
    figures = []
    with torch.inference_mode():
        for z in torch.split(latents, AT_ONCE):
            target, images = samples(generator, generator, encoder.aim.layer, z)
            estimate = encoder(images)
            drawn = redrawn(generator, encoder.aim.layer, z, estimate).clamp(-1, 1)
            error = (drawn - images).square().mean((1, 2, 3)).clamp(min=1e-9)  # (N,)
            psnr = (10 * torch.log10(4 / error)).mean()
            missed, variance = (estimate - target).square().mean(), (target - encoder.mean).square().mean()
            figures.append([float(psnr), float(missed), float(variance)])
    psnr_mean, missed_mean, variance_mean = np.mean(figures, 0).tolist()
    explained = 100 * (1 - missed_mean / max(variance_mean, 1e-12))
    return f"on {HELD_OUT} samples held out: {psnr_mean:.1f} dB, {explained:.0f} % of the variance explained"


def _card(model: Model, training: Training, measured: str) -> str:
    aim = "the latent" if training.layer is None else f"the featuremaps of {training.layer}"
    return "\n".join(
        [
            f"# The encoder of {model.title}",
            "",
            f"Tells {aim} that a picture would be made from: where `unitbrush invert` begins.",
            "",
            f"Trained by `unitbrush encoder {model.name}` on the generator's own samples, blurred, noised and shifted"
            f" in colour: {training.steps} steps of {training.batch}. Measured {measured}.",
            "",
            f"Licence of the weights: that of the generator, {model.license}.",
            "",
        ]
    )
