"""Training of an inpainter on a model's own samples, parts of which are brushed away.

It runs for hours on a CPU; an interrupted run goes on from its checkpoint. What is kept is a running mean of the
weights, which is steadier than the weights at any step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from server.files import INPAINTER, file_sha256, write_text, write_whole
from server.lab.inpainting.examples import OF_EACH, draw, holes, parts
from server.lab.inpainting.judge import Judge
from server.lab.inpainting.losses import inpainter_loss, judge_loss
from server.lab.training.checkpoint import Parts, restore, store
from server.lab.training.descent import descend, follow
from server.lab.training.pace import pace, set_rate
from server.model.catalog import Model
from server.model.device import bfloat16_is_fast
from server.model.generator import Generator
from server.model.inpainter import Inpainter, save_inpainter

RATE = 4e-4
MOMENTA = (0.5, 0.99)
FIRST_SEED = 2**31  # of the samples it is trained on; those before are for others
STORED_EVERY = 200  # steps
CHECKPOINT, CARD = "inpainter.part", "inpainter.md"

Show = Callable[[int, float], object]  # takes the steps done and how far off a missing pixel is, 0..2


@dataclass(frozen=True)
class Training:
    """steps: of `batch` samples each, which give OF_EACH examples, `side` pixels square."""

    steps: int
    batch: int = 2
    side: int = 128


def train_inpainter(model: Model, training: Training, device: torch.device, show: Show) -> Inpainter:
    """Train, write the inpainter into the model's folder, and return it.

    A training that was interrupted goes on from the checkpoint there. Raises OSError.
    """
    drawing = model.generator.frozen(torch.bfloat16 if bfloat16_is_fast(device) else torch.float32, device)
    torch.manual_seed(0)
    run = _Run(Inpainter(), Judge(), device)
    checkpoint = model.folder / CHECKPOINT
    for step in range(restore(checkpoint, training, run.parts), training.steps):
        show(step + 1, run.step(drawing, training, step))
        if (step + 1) % STORED_EVERY == 0:
            store(checkpoint, training, step + 1, run.parts)
    inpainter = run.mean.eval().cpu()
    weights = None if model.weights is None else file_sha256(model.weights)
    write_whole(model.folder / INPAINTER, lambda part: save_inpainter(part, inpainter, weights))
    checkpoint.unlink(missing_ok=True)
    return inpainter


class _Run:
    """An inpainter, its judge, and what they are taught with."""

    def __init__(self, inpainter: Inpainter, judge: Judge, device: torch.device) -> None:
        self.device = device
        self.inpainter, self.judge, self.mean = inpainter, judge, Inpainter()
        self.mean.load_state_dict(inpainter.state_dict())
        self.mean.requires_grad_(False)
        for network in (inpainter, judge, self.mean):
            network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._filling = torch.optim.Adam(inpainter.parameters(), RATE, MOMENTA)
        self._judging = torch.optim.Adam(judge.parameters(), RATE, MOMENTA)

    def step(self, drawing: Generator, training: Training, step: int) -> float:
        """One step of both; the same for the same step, whether the run was interrupted before or not."""
        rng = np.random.default_rng(step)
        seeds = FIRST_SEED + training.batch * step + np.arange(training.batch)
        images = parts(draw(drawing, seeds.tolist(), self.device), training.side, rng)  # (N, 3, side, side)
        missing = holes(training.batch * OF_EACH, images.shape[2], images.shape[3], rng).to(self.device)
        images = images.contiguous(memory_format=torch.channels_last)
        for optimiser in (self._filling, self._judging):
            set_rate(optimiser, RATE * pace(step, step / training.steps))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16_is_fast(self.device)):
            self.judge.requires_grad_(False)
            loss, filled, off = inpainter_loss(self.inpainter, self.judge, images, missing)
            self.judge.requires_grad_(True)
            judged = judge_loss(self.judge, images, filled, missing)
        descend(self._filling, loss)
        descend(self._judging, judged)
        follow(self.mean, self.inpainter, step)
        return float(off)

    @property
    def parts(self) -> Parts:
        """What the next step needs."""
        return {
            "inpainter": self.inpainter,
            "judge": self.judge,
            "mean": self.mean,
            "filling": self._filling,
            "judging": self._judging,
        }


def write_card(model: Model, training: Training, measured: str, pictures: int) -> None:
    """What the inpainter is, and what was measured of it."""
    lines = [
        f"# The inpainter of {model.title}",
        "",
        "Fills what is missing from a picture, coarse to fine, with contextual attention (Yu et al. 2018;",
        "`server/model/inpainter.py`): a way of `unitbrush compare`.",
        "",
        f"Trained by `unitbrush inpainter {model.name}` on the generator's own samples, strokes, dabs and rectangles of"
        f" which were missing: {training.steps} steps of {training.batch * OF_EACH} parts of {training.side} pixels.",
        "",
        f"On {pictures} samples that it was not trained on, likewise:",
        "",
        measured,
        "",
        f"Licence of the weights: that of the generator, {model.license}.",
    ]
    write_text(model.folder / CARD, "\n".join([*lines, ""]))
