"""Pictures of how a run is doing."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from server.lab.scenes.concepts import PALETTE
from server.lab.scenes.sheet import contact_sheet
from server.lab.train import edits
from server.lab.train.data import Batch, Views
from server.lab.train.layout import carried
from server.lab.train.state import RunState


def to_pixels(x: Tensor) -> np.ndarray:
    """(N, 3, R, R) in -1..1 to (N, R, R, 3) uint8."""
    y = ((x.float().clamp(-1, 1) + 1) * 127.5 + 0.5).byte()
    return y.permute(0, 2, 3, 1).contiguous().cpu().numpy()


@torch.no_grad()
def sample_sheet(state: RunState, scenes: Views, latents: Tensor, held: Batch, rng: np.random.Generator) -> Image.Image:
    """Sixteen held-out scenes in rows of 8: the scenes, the same drawn from their layouts, and from their latents;
    edits of them, what was drawn and what was meant; labels of the first row from latents."""
    units = state.config.carrier_width
    x, _ = state.draw(carried(scenes.layouts.to(state.device), units))
    drawn, scores = state.sample(latents)
    task = edits.rehearse(held, rng, edits.chance_kinds(rng, len(latents), plain=0)).to(state.device)
    y, _ = state.draw(edits.apply(carried(task.layouts, units), task.alpha, task.factor))
    rows = [part[half : half + 8] for half in (0, 8) for part in (scenes.images, x, drawn)]
    rows += [part[half : half + 8] for half in (0, 8) for part in (task.images, y, task.target)]
    images = list(np.concatenate([to_pixels(row) for row in rows]))
    labels = PALETTE[scores[:8].argmax(1).cpu().numpy()]
    return contact_sheet([*images, *labels], 8)
