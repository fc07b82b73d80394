"""Layouts: what stands in each cell, in which colours, and the light it is seen in."""

import numpy as np
import pytest
import torch

from server.lab.scenes.concepts import CONCEPTS, GRASS, SKY, TREE
from server.lab.scenes.latent import LATENT_DIM, Latent
from server.lab.scenes.scene import Scene, sample_scene
from server.lab.train import layout as layouts
from server.lab.train.layout import (
    CHANNELS,
    COLOURS,
    LIGHT,
    SHARES,
    SHINE,
    Spread,
    cell_shares,
    importance,
    layouts_of,
    light,
    quarters,
    shining,
    sketches_of,
)
from server.lab.village.colours import Expected
from server.model.latents import latent_of

C = len(CONCEPTS)
GREEN = torch.tensor([0.2, 0.6, 0.1])


@pytest.fixture
def expected() -> Expected:
    """Every concept is green in any light."""
    weights = torch.zeros(31, C, 3)
    weights[0] = GREEN
    return Expected(weights.flatten(1))


def lone_cell() -> tuple[torch.Tensor, torch.Tensor]:
    """A picture of 64 pixels, white grass with one red cell of tree in row 4, column 6."""
    labels = torch.zeros(1, C, 64, 64)
    labels[:, GRASS] = 1.0
    images = torch.ones(1, 3, 64, 64)
    where = (slice(None), slice(None), slice(16, 20), slice(24, 28))
    labels[where] = 0.0
    labels[:, TREE, 16:20, 24:28] = 1.0
    images[where] = torch.tensor([1.0, -1.0, -1.0])[:, None, None]
    return images, labels


def test_the_light_is_what_the_scene_reads() -> None:
    z = np.stack([latent_of(seed, LATENT_DIM) for seed in range(5)])
    read = [Latent(row).group("light") for row in z]
    assert np.allclose(light(torch.from_numpy(z)).numpy(), read, atol=1e-6)


def test_quarters_lie_one_after_the_other() -> None:
    maps = torch.zeros(1, 2, 64, 64)
    maps[0, 1, 8:10, 14:16] = 1.0  # row 2, column 3: the upper right quarter
    found = quarters(maps)
    assert found.shape == (1, 8, 16, 16)
    assert found[0, 4:, 2, 3].tolist() == [0.0, 1.0, 0.0, 0.0]
    assert found.sum() == 1.0


def test_shares_of_cells_are_those_of_their_quarters() -> None:
    seen = torch.rand(2, CHANNELS, 16, 16)
    assert torch.allclose(cell_shares(seen)[:, TREE], seen[:, 4 * TREE : 4 * TREE + 4].mean(1))


def test_sun_and_stars_shine() -> None:
    seeds = range(200)
    night = next(s for s in map(sample_scene, seeds) if s.sky.colours.night > 0.9 and s.sky.sun_shine > 0.9)
    found = shining([night], 64)[0, 0]
    assert found[int(night.sky.sun_y * 64), int(night.sky.sun_x * 64)] > 0.8
    assert 0.001 < float((found > 0.01).float().mean()) < 0.05
    assert found.max() <= 1


def test_layouts_hold_it_all(expected: Expected) -> None:
    images, labels = lone_cell()
    z = torch.from_numpy(latent_of(3, LATENT_DIM))[None]
    scenes: list[Scene] = [sample_scene(3)]
    found = layouts_of(images, labels, z, scenes, expected)
    assert found.shape == (1, CHANNELS, 16, 16)
    assert found[0, 4 * TREE : 4 * TREE + 4, 4, 6].tolist() == [1.0] * 4
    assert float(found[0, SHARES].sum()) == 4 * 256
    assert not found[0, SHINE].any()  # there is no sky in this picture
    assert torch.equal(found[0, LIGHT, 5, 5], light(z)[0])
    assert found[0, COLOURS][3 * TREE, 4, 6] > 0.95


def test_carried_layouts_leave_the_other_units_empty() -> None:
    seen = torch.rand(2, CHANNELS, 16, 16)
    found = layouts.carried(seen, CHANNELS + 5)
    assert torch.equal(found[:, :CHANNELS], seen)
    assert not found[:, CHANNELS:].any()


def test_a_spread_measures_in_deviations() -> None:
    torch.manual_seed(0)
    seen = 0.5 + 0.2 * torch.randn(50, CHANNELS, 16, 16)
    measured = Spread(seen).measure(seen)
    assert measured.mean((0, 2, 3)).abs().max() < 1e-4
    assert (measured.std((0, 2, 3)) - 1).abs().max() < 1e-3


def test_colours_of_what_is_absent_matter_little() -> None:
    seen = torch.zeros(1, CHANNELS, 16, 16)
    seen[:, 4 * SKY : 4 * SKY + 4, :4] = 1.0
    weight = importance(seen)
    assert weight[0, COLOURS][3 * SKY, 0, 0] == pytest.approx(3.1)
    assert weight[0, COLOURS][3 * SKY, 10, 0] == pytest.approx(0.1)
    assert weight[0, COLOURS][3 * TREE, 0, 0] == pytest.approx(0.1)
    assert weight[:, SHARES].min() == weight[:, LIGHT].max() == 1.0


def test_a_sketch_tells_the_shares_of_cells() -> None:
    made = torch.rand(2, CHANNELS, 16, 16)
    sketch = sketches_of(made)
    assert sketch.shape == (2, 4 * C, 8, 8)
    shares = cell_shares(made)
    assert torch.equal(sketch[1, 4 * TREE + 1, 2, 3], shares[1, TREE, 4, 7])  # the top right quarter of its cell
    assert torch.equal(sketch[0, 4 * SKY + 2, 5, 0], shares[0, SKY, 11, 0])
