"""Contact sheets of a trained generator, for a critical eye."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from server.lab.scenes.render import render
from server.lab.scenes.scene import sample_scene
from server.lab.scenes.sheet import contact_sheet
from server.lab.village.evaluate import rendered, sampled, segmenter_input
from server.model.generator import Generator
from server.model.latents import latents_of
from server.model.pixels import Pixels, to_pixels
from server.model.segmenter import UNet

COLUMNS = 8
# Of training's renderings, how many `nearest` looks among.
_AMONG = 2000


def samples(generator: Generator, seeds: range) -> Image.Image:
    """The scenes that seeds mean, rendered, in the upper half; the generator's pictures of the same in the lower."""
    size = generator.resolution
    scenes = [render(sample_scene(seed), size)[0] for seed in seeds]
    made = [to_pixels(x)[0] for x in sampled(generator, seeds)]
    upper, lower = (np.asarray(contact_sheet(images, COLUMNS)) for images in (scenes, made))
    gap = np.full((8, upper.shape[1], 3), 255, np.uint8)
    return Image.fromarray(np.concatenate([upper, gap, lower]))


@torch.inference_mode()
def interpolations(generator: Generator, seeds: range) -> Image.Image:
    """Rows that go from the picture of one seed to that of the next, in equal steps between their latents."""
    z, layer = latents_of(seeds, generator.latent_dim), generator.layers[-1].name  # (N, D)
    share = torch.linspace(0, 1, COLUMNS)[None, :, None]  # (1, 8, 1)
    between = (z[:-1, None] * (1 - share) + z[1:, None] * share).flatten(0, 1)  # (8 (N - 1), D)
    made = [to_pixels(generator.tail(generator.trunk(one[None], layer), layer))[0] for one in between]
    return contact_sheet(made, COLUMNS)


@torch.inference_mode()
def nearest(generator: Generator, pictures: Pixels, judge: UNet, seeds: range) -> Image.Image:
    """Samples in the first row; below each the four of the first renderings trained on, (M, R, R, 3), whose pooled
    features, in the judge's eyes, are nearest to its own."""

    def features(images: Tensor) -> Tensor:
        return judge.pooled_features(segmenter_input(images))

    trained = torch.cat([features(x) for x in rendered(pictures[:_AMONG])])  # (M, F)
    made = torch.cat(list(sampled(generator, seeds)))  # (N, 3, R, R)
    spread = trained.std(0).clamp(min=1e-6)  # (F,)
    closest = torch.cdist(features(made) / spread, trained / spread).topk(4, largest=False).indices  # (N, 4)
    rows = [list(to_pixels(made))]
    rows += [[np.array(pictures[int(i)]) for i in column] for column in closest.T]
    return contact_sheet([image for row in rows for image in row], len(seeds))


def write_sheets(folder: Path, generator: Generator, pictures: Pixels, judge: UNet) -> None:
    """Write samples.jpg, interpolations.jpg and nearest.jpg into `folder`. pictures: renderings that were trained on,
    (M, R, R, 3)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, sheet in (
        ("samples", samples(generator, range(2 * COLUMNS))),
        ("interpolations", interpolations(generator, range(4))),
        ("nearest", nearest(generator, pictures, judge, range(COLUMNS))),
    ):
        sheet.thumbnail((1600, 1600), Image.Resampling.LANCZOS)
        sheet.save(folder / f"{name}.jpg", quality=90)
