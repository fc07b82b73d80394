"""Images to pixels and back."""

from __future__ import annotations

import numpy as np
import torch

from server.model.pixels import to_images, to_pixels


def test_levels_are_rounded_half_up_and_clamped() -> None:
    x = torch.tensor([-2.0, -1.0, 0.0, 1.0, 3.0]).view(1, 1, 1, 5).expand(1, 3, 1, 5)
    pixels = to_pixels(x)
    assert pixels.shape == (1, 1, 5, 3)
    assert pixels[0, 0, :, 0].tolist() == [0, 0, 128, 255, 255]


def test_every_level_survives_the_way_there_and_back() -> None:
    pixels = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    images = to_images(pixels)
    assert (images.shape, float(images.min()), float(images.max())) == ((1, 3, 16, 16), -1, 1)
    assert np.array_equal(to_pixels(images), pixels)
