"""Pictures of how a run is doing."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from server.scenes.concepts import PALETTE
from server.scenes.sheet import contact_sheet
from server.training import edits
from server.training.data import Batch
from server.training.state import RunState


def to_pixels(x: Tensor) -> np.ndarray:
    """(N, 3, R, R) in -1..1 to (N, R, R, 3) uint8."""
    y = ((x.float().clamp(-1, 1) + 1) * 127.5 + 0.5).byte()
    return y.permute(0, 2, 3, 1).contiguous().numpy()


@torch.no_grad()
def sample_sheet(state: RunState, held: Batch, z: Tensor, rng: np.random.Generator) -> Image.Image:
    """Rows of 8: held-out scenes, the same rebuilt; scenes, the same edited, what was meant; samples and labels."""
    config, average = state.config, state.average
    generator, head, encoder = average["generator"], average["head"], average["encoder"]
    edit = generator.block(config.edit_layer)  # type: ignore[operator]

    def draw(r: Tensor) -> tuple[Tensor, Tensor]:
        f = generator.advance(r, config.edit_layer, config.last_layer)  # type: ignore[operator]
        return generator.block(generator.output_name)(f), head(f)  # type: ignore[operator]

    with torch.autocast(state.device.type, torch.bfloat16):
        x, _ = draw(edit(encoder(held.images[:8], held.labels[:8])))
        task = edits.rehearse(held, rng, plain=0)
        r = edit(encoder(task.images, task.labels)).float()
        y, _ = draw(edits.apply(r, task.alpha, task.factor, state.levels))
        drawn, scores = draw(generator.trunk(z, config.edit_layer))  # type: ignore[operator]
    rows = [held.images[:8], x, task.images, y, task.target, drawn]
    images = list(np.concatenate([to_pixels(row) for row in rows]))
    labels = PALETTE[scores[:8].argmax(1).numpy()]
    return contact_sheet([*images, *labels], 8)
