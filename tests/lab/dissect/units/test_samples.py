from __future__ import annotations

import numpy as np
import torch

from server.lab.dissect.running.passes import Passes
from server.lab.dissect.running.workers import Workers
from server.lab.dissect.units.samples import activations, draw_samples, label_pictures, layer_outputs
from server.model.progressive import ProgressiveGenerator
from tests.helpers.handmade import CONCEPTS, passes


def test_a_sample_depends_on_its_seed_alone() -> None:
    many, few = draw_samples(passes(), 60, 0), draw_samples(passes(), 5, 52)
    assert list(few.seeds) == [52, 53, 54, 55, 56]
    assert np.array_equal(many.images[52:57], few.images)
    assert np.array_equal(many.labels[52:57], few.labels)
    a = activations(passes(), [54, 52], "layer1")
    assert torch.equal(a.r, activations(passes(), many.seeds, "layer1").r[[54, 52]])


def test_labels_name_concepts() -> None:
    samples = draw_samples(passes(), 20, 0)
    assert samples.concepts == CONCEPTS
    assert set(np.unique(samples.labels)) == {0, 1, 2}


def test_pictures_are_labelled_as_the_samples_were() -> None:
    samples = draw_samples(passes(), 7, 3)
    assert np.array_equal(label_pictures(passes(), samples.images, Workers(torch.device("cpu"))), samples.labels)


def test_one_pass_gives_the_output_of_every_layer() -> None:
    torch.manual_seed(0)
    generator = ProgressiveGenerator(8, (12, 10, 8))
    p = Passes(generator, passes().segmenter, False, torch.device("cpu"))
    outputs = dict(layer_outputs(p, range(3), ("layer2", "layer3", "layer6")))
    for layer, a in outputs.items():
        torch.testing.assert_close(a.r, activations(p, range(3), layer).r, atol=1e-5, rtol=1e-5)
    assert list(outputs) == ["layer2", "layer3", "layer6"]
