"""Contact sheets: every picture in its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from server.lab.scenes.concepts import CONCEPTS
from server.lab.village.contact import nearest, write_sheets
from server.model.segmenter import UNet
from tests.lab.village.test_evaluate import sketching


def judge() -> UNet:
    torch.manual_seed(1)
    return UNet(CONCEPTS, (6, 6, 6, 6)).eval().requires_grad_(False)


def test_three_sheets_are_written(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, 256, 256, 3), np.uint8)
    write_sheets(tmp_path / "pictures", sketching().frozen(), pictures, judge())
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {
        "samples.jpg",
        "interpolations.jpg",
        "nearest.jpg",
    }
    assert all(max(Image.open(path).size) == 1600 for path in (tmp_path / "pictures").iterdir())


def test_a_picture_that_was_trained_on_is_nearest_to_itself() -> None:
    generator = sketching()
    with torch.inference_mode():
        made = generator(torch.randn(1, 128, generator=torch.Generator().manual_seed(3)))
        own = next(iter(generator(torch.from_numpy(np.random.RandomState(5).standard_normal(128)[None]).float())))
    pictures = np.stack(
        [
            ((x.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
            for x in (made[0], 1 - own, own, -own, own.flip(0))
        ]
    )
    sheet = np.asarray(nearest(generator.frozen(), pictures, judge(), range(5, 6)))
    first, below = sheet[:256], sheet[258 : 258 + 256]
    assert np.abs(first.astype(int) - below).mean() < 1
