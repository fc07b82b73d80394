"""Sheets of pictures that show how a run is doing."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from server.lab.scenes.concepts import PALETTE
from server.lab.scenes.sheet import contact_sheet
from server.lab.train import edits
from server.lab.train.data import SceneData
from server.lab.train.layout import carried
from server.lab.train.state import RunState
from server.lab.train.store import scene_latents
from server.model.pixels import to_pixels


@torch.no_grad()
def sample_sheet(state: RunState, data: SceneData, rng: np.random.Generator) -> Image.Image:
    """Sixteen held-out scenes in rows of 8: the scenes, the same drawn from their layouts, and from their latents;
    edits of them, what was drawn and what was meant; labels of the first row from latents."""
    index, units = data.held_out_indices(16), state.config.carrier_width
    scenes = data.views(index)
    x, _ = state.draw(carried(scenes.layouts.to(state.device), units))
    drawn, scores = state.sample(scene_latents(index))
    task = edits.rehearse(data.take(index), rng, edits.random_kinds(rng, len(index), plain=0)).to(state.device)
    y, _ = state.draw(edits.apply(carried(task.layouts, units), task.alpha, task.factor))
    rows = [part[half : half + 8] for half in (0, 8) for part in (scenes.images, x, drawn)]
    rows += [part[half : half + 8] for half in (0, 8) for part in (task.images, y, task.target)]
    images = list(np.concatenate([to_pixels(row) for row in rows]))
    labels = PALETTE[scores[:8].argmax(1).cpu().numpy()]
    return contact_sheet([*images, *labels], 8)
