from __future__ import annotations

import numpy as np
import torch

from server.lab.dissect.samples import draw_samples, featuremaps, to_pixels
from tests.helpers.handmade import CONCEPTS, passes


def test_a_sample_depends_on_its_seed_alone() -> None:
    many, few = draw_samples(passes(), 60, 0), draw_samples(passes(), 5, 52)
    assert list(few.seeds) == [52, 53, 54, 55, 56]
    assert np.array_equal(many.images[52:57], few.images)
    assert np.array_equal(many.labels[52:57], few.labels)
    r = featuremaps(passes(), [54, 52], "layer1")
    assert torch.equal(r, featuremaps(passes(), many.seeds, "layer1")[[54, 52]])


def test_pixels_are_rounded_and_clamped() -> None:
    x = torch.tensor([-2.0, -1.0, 0.0, 1.0, 3.0]).view(1, 1, 1, 5).expand(1, 3, 1, 5)
    assert to_pixels(x)[0, 0, :, 0].tolist() == [0, 0, 128, 255, 255]


def test_labels_name_concepts() -> None:
    samples = draw_samples(passes(), 20, 0)
    assert samples.concepts == CONCEPTS
    assert set(np.unique(samples.labels)) == {0, 1, 2}
