from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from server.lab.dissect.clusters import teaching
from server.lab.dissect.clusters.grouping import Groups, find_groups
from server.lab.dissect.clusters.teaching import crop_side, draw_grouped, fresh_network, labels_of, reads, teach
from server.lab.dissect.running.workers import Workers
from tests.helpers.handmade import passes

CPU = torch.device("cpu")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "STEPS", 150)


@pytest.mark.usefixtures("short")
def test_regions_are_learnt_from_pictures_alone() -> None:
    p = passes()
    # Ground, red and blue; what no pixel shows does not count.
    centres = F.normalize(torch.tensor([[1.0, 1, 0, 0, 0], [1, 0.1, 0, 0, 0], [0.1, 1, 0, 0, 0]]), dim=1)
    groups = Groups("layer1", torch.tensor([1.0, 1, 1e6, 1e6, 1e6]), centres, ())
    data = draw_grouped(p, groups, range(100, 180), Workers(CPU))
    said: list[int] = []
    networks = [fresh_network(("a", "b", "c"), 1) for _ in range(2)]
    for network in networks:
        teach(network, data, 2, CPU, False, lambda done, total: said.append(total - done))
    assert said == [*range(149, -1, -1)] * 2
    fresh = draw_grouped(p, groups, range(300, 330), Workers(CPU))
    assert min(reads(networks[0], fresh)) > 0.4
    assert np.array_equal(*(labels_of(network, fresh.images) for network in networks))


def test_labels_are_those_of_the_layer_that_was_grouped() -> None:
    p = passes()
    groups = find_groups(p, "layer1", 3, range(20), 0)
    data = draw_grouped(p, groups, range(40, 50), Workers(CPU))
    r = p.trunk(torch.from_numpy(np.random.RandomState(42).standard_normal((1, 8)).astype(np.float32)), "layer1").r
    assert np.array_equal(data.labels[2], groups.labels(r, (32, 32))[0])
    assert data.images.shape == (10, 32, 32, 3)


@pytest.mark.parametrize(("size", "side"), [(8, 8), (16, 16), (28, 16), (64, 48), (128, 96), (1024, 128)])
def test_crops_leave_out_the_edges(size: int, side: int) -> None:
    assert crop_side(size) == side
