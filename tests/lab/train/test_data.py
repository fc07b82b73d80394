"""Batches of rendered scenes."""

from pathlib import Path

import numpy as np
import pytest
import torch

from server.lab.scenes.concepts import CONCEPTS
from server.lab.scenes.render import render
from server.lab.scenes.scene import scene_of
from server.lab.train.data import LayoutData, SceneData, absent_latent, stroke_of
from server.lab.train.layout import CHANNELS, cell_shares, layouts_of
from server.lab.train.store import SceneStore, onehot_of, render_scenes, scene_latents, unpacked
from server.model.pixels import to_images


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("few")
    list(render_scenes(found, 20, 10, 32, processes=1))
    return found


@pytest.fixture
def data(folder: Path) -> SceneData:
    return SceneData(folder, held_out=5)


def test_scenes_come_with_their_twins(data: SceneData) -> None:
    batch = data.take(np.array([4, 11]))
    assert batch.scenes.images.shape == batch.twins.images.shape == (2, 3, 32, 32)
    assert batch.scenes.layouts.shape == (2, CHANNELS, 16, 16)
    assert torch.equal(batch.scenes.labels.sum(1), torch.ones(2, 32, 32))
    assert not torch.equal(batch.scenes.images, batch.twins.images)
    # The twin of the first lacks something, and that of the second answers a stroke.
    assert torch.equal(data.views(np.array([4, 11]), np.array([0, 1])).layouts, batch.scenes.layouts)
    assert torch.equal(data.views(np.array([4, 11]), np.array([1, 0])).layouts, batch.twins.layouts)
    assert stroke_of(4) is None
    assert stroke_of(11) is not None
    assert torch.equal(absent_latent(11), scene_latents([11])[0])  # type: ignore[arg-type]
    assert torch.equal(scene_latents(np.array([4, 11])), scene_latents(range(20))[[4, 11]])


def test_held_out_scenes_are_never_drawn(data: SceneData) -> None:
    drawn = np.concatenate([data.random_indices(np.random.default_rng(s), 8) for s in range(50)])
    assert set(drawn.tolist()) == set(range(15))
    asked = {a: {data.random_index(np.random.default_rng(s), a) for s in range(200)} for a in (False, True)}
    assert asked == {False: set(range(0, 15, 2)), True: set(range(1, 15, 2))}
    assert torch.equal(data.views(data.held_out_indices(2)).images, data.views(np.array([15, 16])).images)
    batch = data.take(data.held_out_indices(2))
    assert torch.equal(batch.scenes.images, data.views(np.array([15, 16]), np.array([1, 0])).images)


def test_layouts_are_drawn_from_all_but_those_held_out(data: SceneData) -> None:
    found = LayoutData(data)
    assert len(found) == 25
    whole = scene_latents(range(30))
    seen = set()
    for pair in found.sample(np.random.default_rng(0), 200):
        fuller = int(pair.stroke is not None)
        own = pair.absent if fuller else pair.latent
        assert own is not None
        i = int((whole == own).all(1).nonzero())
        seen.add(i)
        assert i % 2 == fuller
        assert (pair.latent is None) == bool(fuller)
        stored = data.layouts[i] if i < 20 else data.more[i - 20]
        assert torch.equal(pair.scene, unpacked(np.array(stored[fuller])))
        assert torch.equal(pair.twin, unpacked(np.array(stored[1 - fuller])))
    assert seen == {*range(15), *range(20, 30)}
    assert torch.equal(scene_latents(data.held_out_indices(5)), whole[15:20])
    assert torch.equal(data.views(data.held_out_indices(1)).layouts[0], unpacked(np.array(data.layouts[15, 0])))


def test_a_twin_has_the_latent_that_means_it(data: SceneData, folder: Path) -> None:
    expected, pairs = SceneStore(folder).expected(), [LayoutData(data).pair(i) for i in range(25)]
    found = [pair for pair in pairs if pair.absent is not None and pair.stroke is None]
    assert 5 < len(found) < 13
    off, removed = [], []
    for pair in found:
        assert pair.absent is not None
        scene = scene_of(pair.absent.numpy())
        image, label = render(scene, 32)
        means = layouts_of(to_images(image[None]), onehot_of(label[None]), pair.absent[None], [scene], expected)
        twin, own = cell_shares(pair.twin[None]), cell_shares(pair.scene[None])
        off.append(float((cell_shares(means) - twin).abs().mean()))
        removed.append(float((own - twin).abs().mean()))
    assert sum(off) < 0.4 * sum(removed)


def test_shares_are_of_the_whole_picture(data: SceneData) -> None:
    shares = data.shares()
    assert shares.shape == (len(CONCEPTS), 16, 16)
    assert torch.allclose(shares.sum(0), torch.ones(16, 16), atol=0.02)
