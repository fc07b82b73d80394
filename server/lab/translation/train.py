"""Training of a translator on a model's own pictures of two seasons, which need no pairs.

It runs for hours on a CPU; an interrupted run goes on from its checkpoint. What is kept is a running mean of the
weights, which is steadier than the weights at any step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from server.files import TRANSLATOR, file_sha256, write_text, write_whole
from server.lab.training.checkpoint import Parts, restore, store
from server.lab.training.descent import descend, follow
from server.lab.training.pace import pace, set_rate
from server.lab.translation.domains import DOMAINS, crops, draw_pictures
from server.lab.translation.judges import Judge
from server.lab.translation.losses import Name, judge_loss, translator_loss
from server.model.catalog import Model
from server.model.device import bfloat16_is_fast
from server.model.segmenter import UNet
from server.model.translator import Translator, save_translator

RATE = 2e-4
MOMENTA = (0.5, 0.999)
FIRST_SEED = 2**31 + 2**30  # of the pictures; those before are for others
STORED_EVERY = 100  # steps
CHECKPOINT, CARD = "translator.part", "translator.md"

Show = Callable[[int, float], object]  # takes the steps done and the loss


@dataclass(frozen=True)
class Training:
    """steps: of `batch` crops of each domain, `side` pixels square, of so many pictures a domain."""

    steps: int
    batch: int = 1
    side: int = 128
    pictures: int = 400


def train_translator(model: Model, training: Training, show: Show) -> Translator:
    """Train, write the translator into the model's folder, and return it.

    A training that was interrupted goes on from the checkpoint there. Raises UsageError where the model's pictures have
    no seasons, and OSError.
    """
    cpu = torch.device("cpu")
    drawing = model.generator.frozen(torch.bfloat16 if bfloat16_is_fast(cpu) else torch.float32)
    pictures = {domain: draw_pictures(drawing, domain, FIRST_SEED, training.pictures) for domain in DOMAINS}
    torch.manual_seed(0)
    first, second = DOMAINS
    run = _Run(Translator((first, second)), {domain: Judge() for domain in DOMAINS})
    checkpoint = model.folder / CHECKPOINT
    begin = restore(checkpoint, training, run.parts)
    name = model.segmenter if isinstance(model.segmenter, UNet) else None
    for step in range(begin, training.steps):
        loss = run.step(pictures, training, step, name)
        show(step + 1, loss)
        if (step + 1) % STORED_EVERY == 0:
            store(checkpoint, training, step + 1, run.parts)
    run.mean.eval()
    weights = None if model.weights is None else file_sha256(model.weights)
    write_whole(model.folder / TRANSLATOR, lambda part: save_translator(part, run.mean, weights))
    checkpoint.unlink(missing_ok=True)
    return run.mean


class _Run:
    """A translator, its judges, and what they are taught with."""

    def __init__(self, translator: Translator, judges: dict[str, Judge]) -> None:
        self.translator, self.judges = translator, judges
        self.mean = Translator(translator.domains)
        self.mean.load_state_dict(translator.state_dict())
        self.mean.requires_grad_(False)
        judging = [parameter for judge in judges.values() for parameter in judge.parameters()]
        self._painting = torch.optim.Adam(translator.parameters(), RATE, MOMENTA)
        self._judging = torch.optim.Adam(judging, RATE, MOMENTA)

    def step(self, pictures: dict[str, np.ndarray], training: Training, step: int, name: Name | None) -> float:
        """One step of both; the same for the same step, whether the run was interrupted before or not."""
        rng = np.random.default_rng(step)
        torch.manual_seed(step)
        images: dict[str, Tensor] = {
            domain: crops(some, training.batch, training.side, rng) for domain, some in pictures.items()
        }
        for optimiser in (self._painting, self._judging):
            set_rate(optimiser, RATE * pace(step, step / training.steps))
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16_is_fast(torch.device("cpu"))):
            loss, painted = translator_loss(self.translator, self.judges, images, name)
        descend(self._painting, loss)
        descend(self._judging, judge_loss(self.judges, images, painted))
        follow(self.mean, self.translator, step)
        return float(loss.detach())

    @property
    def parts(self) -> Parts:
        """What the next step needs."""
        return {
            "translator": self.translator,
            "mean": self.mean,
            "painting": self._painting,
            "judging": self._judging,
            **{f"judge of {domain}": judge for domain, judge in self.judges.items()},
        }


def write_card(model: Model, training: Training, measured: str) -> None:
    """What the translator is, and what was measured of it."""
    lines = [
        f"# The translator of {model.title}",
        "",
        f"Paints its pictures of {' as pictures of '.join(DOMAINS)} and the other way round, in many styles: a small",
        "MUNIT (Huang et al. 2018; `server/model/translator.py`).",
        "",
        f"Trained by `unitbrush translator {model.name}` on {training.pictures} of the generator's own pictures of each"
        f" season, unpaired: {training.steps} steps of {training.batch} parts of {training.side} pixels of each.",
        "",
        measured,
        "",
        f"Licence of the weights: that of the generator, {model.license}.",
    ]
    write_text(model.folder / CARD, "\n".join([*lines, ""]))
