"""Two passes over blocks find what whole arrays in memory give."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.dissect.agreement import measure_agreement
from server.lab.dissect.levels import measure_levels
from server.lab.dissect.quantiles import QuantileSketch
from server.lab.dissect.samples import Samples, draw_samples, featuremaps
from server.lab.dissect.survey import QUANTILES, draw_and_count, layer_outputs, match_units
from server.lab.dissect.workers import Workers
from server.model.progressive import ProgressiveGenerator
from tests.helpers.handmade import CONCEPTS, passes

LAYERS = ("layer1", "layer2")
WORKERS = Workers(torch.device("cpu"))


def test_the_passes_give_what_whole_arrays_give() -> None:
    p, seeds = passes(), range(5, 205)
    drawn = draw_and_count(p, seeds, LAYERS, WORKERS)
    whole = draw_samples(p, len(seeds), 5)
    assert np.array_equal(drawn["images"], whole.images)
    assert np.array_equal(drawn["labels"], whole.labels)
    quantiles = {layer: drawn[f"{layer}/quantiles"] for layer in LAYERS}
    found = match_units(p, Samples(5, CONCEPTS, drawn["images"], drawn["labels"]), LAYERS, quantiles, WORKERS)
    r = featuremaps(p, whole.seeds, "layer2")
    sketch = QuantileSketch.empty(r.shape[1])
    sketch.add(r)
    agreement = measure_agreement(r, whole.labels, len(CONCEPTS), sketch)
    for name, value in vars(agreement).items():
        assert found["layer2"][name] == pytest.approx(value, abs=1e-6), name
    low, high = sketch.quantile((0.01, 0.99)).unbind(1)
    for name, value in vars(measure_levels(r, whole.labels, len(CONCEPTS), low, high)).items():
        assert found["layer2"][name] == pytest.approx(value, abs=1e-5), name
    assert found["layer1"]["quantiles"] == pytest.approx(sketch.quantile(QUANTILES).numpy())
    peaks = r.amax((2, 3))[:, 2].numpy()  # of unit 2, which differs in every sample
    assert found["layer1"]["strongest"][2].tolist() == (5 + np.argsort(-peaks)[:4]).tolist()


def test_one_pass_gives_the_output_of_every_layer() -> None:
    torch.manual_seed(0)
    generator = ProgressiveGenerator(8, (12, 10, 8))
    p = type(passes())(generator, passes().segmenter, False, torch.device("cpu"))
    outputs = dict(layer_outputs(p, range(3), ("layer2", "layer3", "layer6")))
    for layer, r in outputs.items():
        torch.testing.assert_close(r, featuremaps(p, range(3), layer), atol=1e-5, rtol=1e-5)
    assert list(outputs) == ["layer2", "layer3", "layer6"]
