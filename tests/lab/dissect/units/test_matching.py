"""Two passes over blocks find what whole arrays in memory give."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.dissect.running.workers import Workers
from server.lab.dissect.units.matching import ARRAYS, by_layer, draw_and_count, flat, match_units
from server.lab.dissect.units.samples import Samples, activations, draw_samples
from tests.helpers.handmade import CONCEPTS, passes
from tests.helpers.matching import matched

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
    r = activations(p, whole.seeds, "layer2").r
    want = matched(r, whole.labels, len(CONCEPTS))
    assert set(want) == set(ARRAYS)
    for layer in LAYERS:  # both hold the same
        for name in set(ARRAYS) - {"strongest", "regions"}:
            assert found[layer][name] == pytest.approx(want[name], abs=1e-5), name
    peaks = r.amax((2, 3))[:, 2].numpy()  # of unit 2, which differs in every sample
    assert found["layer1"]["strongest"][2].tolist() == (5 + np.argsort(-peaks)[:4]).tolist()


def test_the_mean_and_the_quantiles_are_those_of_all_samples() -> None:
    r = activations(passes(), range(200), "layer1").r
    labels = draw_samples(passes(), 200, 0).labels
    arrays = matched(r, labels, len(CONCEPTS))
    values = r.transpose(0, 1).flatten(1).numpy()
    assert arrays["mean"] == pytest.approx(values.mean(1), abs=1e-5)
    assert arrays["deviation"] == pytest.approx(values.std(1), abs=1e-4)
    assert arrays["high"] == pytest.approx(np.quantile(values, 0.99, axis=1, method="inverted_cdf"), rel=2**-8)


def test_one_file_holds_the_arrays_of_all_layers() -> None:
    layers = {"layer1": {"iou": np.zeros(2)}, "layer2": {"iou": np.ones(2), "mean": np.ones(1)}}
    arrays = flat(layers)
    assert list(arrays) == ["layer1/iou", "layer2/iou", "layer2/mean"]
    assert by_layer(arrays) == layers
