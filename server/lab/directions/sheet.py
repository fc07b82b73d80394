"""A picture sheet of a model's directions: a row for each, from its low end to its high one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from server.files import write_whole
from server.lab.directions.measure import pictures
from server.lab.dissect.running.passes import Passes
from server.model.latents import latent_of
from server.model.pixels import to_pixels
from server.results.directions import Directions, move

COLUMNS = 5
GAP, MARGIN = 4, 26  # pixels


def write_sheet(path: Path, passes: Passes, directions: Directions, seeds: Sequence[int]) -> None:
    """Write the sheet as a JPEG: each direction on the scene of its own seed, the seeds taken by turns.

    Columns are even steps through the direction's range, the scene itself in the middle. Raises OSError.
    """
    height, width = passes.size
    rows = len(directions.all)
    page = Image.new("RGB", (COLUMNS * (width + GAP) - GAP, rows * (height + GAP + MARGIN) - GAP), "white")
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(15)
    for row, direction in enumerate(directions.all):
        seed = seeds[row % len(seeds)]
        z = latent_of(seed, directions.latent_dim)  # (latent_dim,)
        low, high = direction.range
        amounts = [*np.linspace(low, 0, COLUMNS // 2 + 1)[:-1], 0.0, *np.linspace(0, high, COLUMNS // 2 + 1)[1:]]
        moved = np.stack([move(z, directions, {direction.name: float(a)}) for a in amounts])
        images = to_pixels(pictures(passes, torch.from_numpy(moved)))  # (COLUMNS, H, W, 3)
        top = row * (height + GAP + MARGIN)
        caption = f"{direction.title}: {direction.low} to {direction.high}, {low:g} to {high:g}; scene {seed}"
        draw.text((0, top + 4), caption, "black", font)
        for column, image in enumerate(images):
            page.paste(Image.fromarray(image), (column * (width + GAP), top + MARGIN))
    write_whole(path, lambda p: page.save(p, "JPEG", quality=90, subsampling=0))
