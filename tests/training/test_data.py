"""Layouts: what stands in each cell, and the light it is seen in."""

import numpy as np
import pytest
import torch

from server.scenes.concepts import CONCEPTS, GRASS
from server.scenes.latent import Latent, latent_of
from server.training.data import FIRST_SEED, SceneData, Spread, layout, light, render_scenes


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> SceneData:
    folder = tmp_path_factory.mktemp("few")
    assert list(render_scenes(folder, 20, 32, processes=1)) == [20]
    return SceneData(folder, held_out=5)


def test_the_light_is_what_the_scene_reads() -> None:
    z = np.stack([latent_of(seed) for seed in range(5)])
    read = [Latent(row).group("light") for row in z]
    assert np.allclose(light(torch.from_numpy(z)).numpy(), read, atol=1e-6)


def test_a_layout_tells_shares_colours_and_light() -> None:
    labels = torch.zeros(1, len(CONCEPTS), 32, 32)
    labels[:, GRASS] = 1.0
    images = torch.full((1, 3, 32, 32), -1.0)
    images[:, 1] = 0.5
    z = torch.from_numpy(latent_of(3))[None]
    found = layout(images, labels, z)
    assert found.shape == (1, len(CONCEPTS) + 6, 16, 16)
    assert found[0, GRASS].min() == 1.0
    assert found[0, : len(CONCEPTS)].sum(0).max() == 1.0
    assert found[0, len(CONCEPTS) : len(CONCEPTS) + 3, 4, 4].tolist() == [0.0, 0.75, 0.0]
    assert torch.equal(found[0, -3:, 0, 0], light(z)[0])


def test_stored_layouts_are_those_of_the_scenes(data: SceneData) -> None:
    store = data.layouts()
    batch = data.take(np.array([4, 11]))
    expected = layout(batch.images, batch.labels, batch.latents)
    assert torch.allclose(store[[4, 11]].float(), expected, atol=2e-3)
    assert torch.equal(batch.latents[0], torch.from_numpy(latent_of(FIRST_SEED + 4)))


def test_a_spread_measures_in_deviations(data: SceneData) -> None:
    measured = Spread(store := data.layouts()).measure(store.float())
    assert measured.mean((0, 2, 3)).abs().max() < 0.1
    assert measured.std((0, 2, 3)).max() < 1.1


def test_held_out_scenes_are_never_drawn(data: SceneData) -> None:
    drawn = np.concatenate([data.chance(np.random.default_rng(s), 8) for s in range(50)])
    assert set(drawn.tolist()) == set(range(15))
