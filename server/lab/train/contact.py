"""Contact sheets of a trained generator, for a critical eye."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from server.lab.scenes.render import render
from server.lab.scenes.scene import sample_scene
from server.lab.scenes.sheet import contact_sheet
from server.lab.train.data import SceneData
from server.lab.train.evaluate import drawn, rendered, sampled, segmenter_input
from server.model.latents import latents_of
from server.model.pixels import Pixels, to_pixels
from server.model.progressive import ProgressiveGenerator
from server.model.segmenter import UNet

COLUMNS = 8


def _pixels(batches: Iterator[Tensor]) -> list[Pixels]:
    return list(to_pixels(torch.cat(list(batches))))


def samples(generator: ProgressiveGenerator, seeds: range) -> Image.Image:
    """The scenes that seeds mean, rendered, in the upper half; the generator's pictures of the same in the lower."""
    size = generator.resolution
    scenes = [render(sample_scene(seed), size)[0] for seed in seeds]
    made = _pixels(sampled(generator, seeds))
    upper, lower = (np.asarray(contact_sheet(images, COLUMNS)) for images in (scenes, made))
    gap = np.full((8, upper.shape[1], 3), 255, np.uint8)
    return Image.fromarray(np.concatenate([upper, gap, lower]))


def interpolations(generator: ProgressiveGenerator, seeds: range) -> Image.Image:
    """Rows that go from the picture of one seed to that of the next, in equal steps between their latents."""
    z = latents_of(seeds, generator.latent_dim)  # (N, D)
    share = torch.linspace(0, 1, COLUMNS)[None, :, None]  # (1, 8, 1)
    between = z[:-1, None] * (1 - share) + z[1:, None] * share  # (N - 1, 8, D)
    return contact_sheet(_pixels(drawn(generator, between.flatten(0, 1))), COLUMNS)


def nearest(
    generator: ProgressiveGenerator, data: SceneData, judge: UNet, seeds: range, among: int = 2000
) -> Image.Image:
    """Samples in the first row; below each the four renderings out of the first `among` trained on whose pooled
    features, in the judge's eyes, are nearest to its own."""

    def features(images: Tensor) -> Tensor:
        return judge.pooled_features(segmenter_input(images))

    with torch.inference_mode():
        trained = torch.cat([features(x) for x in rendered(data, 0, min(among, data.count - data.held_out))])  # (M, F)
        made = torch.cat(list(sampled(generator, seeds)))  # (N, 3, R, R)
        spread = trained.std(0).clamp(min=1e-6)  # (F,)
        closest = torch.cdist(features(made) / spread, trained / spread).topk(4, largest=False).indices  # (N, 4)
    rows = [list(to_pixels(made))]
    rows += [[np.array(data.images[int(i), 0]) for i in column] for column in closest.T]
    return contact_sheet([image for row in rows for image in row], len(seeds))


def write_sheets(folder: Path, generator: ProgressiveGenerator, data: SceneData, judge: UNet) -> None:
    """Write samples.jpg, interpolations.jpg and nearest.jpg into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, sheet in (
        ("samples", samples(generator, range(24))),
        ("interpolations", interpolations(generator, range(5))),
        ("nearest", nearest(generator, data, judge, range(COLUMNS))),
    ):
        sheet.save(folder / f"{name}.jpg", quality=90)
