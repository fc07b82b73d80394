"""Scenes on disk: rendered once, with twins and layouts."""

from pathlib import Path

import numpy as np
import pytest
import torch

from server.lab.scenes.render import render
from server.lab.scenes.scene import sample_scene
from server.lab.train.layout import layouts_of
from server.lab.train.store import (
    FIRST_SEED,
    SceneStore,
    onehot_of,
    render_scenes,
    scene_latents,
    unpacked,
)
from server.lab.train.twins import twin_of
from server.model.pixels import to_images


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("few")
    assert list(render_scenes(found, 20, 10, 32, processes=1)) == [20, 40, 50]
    return found


def test_layouts_are_those_of_the_pictures(folder: Path) -> None:
    store = SceneStore(folder)
    images, labels, layouts = (np.array(store.open(name)) for name in ("images", "labels", "layouts"))
    scenes = [sample_scene(FIRST_SEED + i) for i in range(20)]
    for twin in range(2):
        x, y = to_images(images[:, twin]), onehot_of(labels[:, twin])
        expected = layouts_of(x, y, scene_latents(range(20)), scenes, store.expected())
        assert torch.allclose(unpacked(layouts[:, twin]), expected.clamp(0, 1), atol=3e-3)


@pytest.mark.parametrize("index", [20, 21])
def test_more_layouts_follow_the_pictures(folder: Path, index: int) -> None:
    store, scene = SceneStore(folder), sample_scene(FIRST_SEED + index)
    assert store.open("more").shape[:2] == (10, 2)
    for twin, (image, label) in enumerate((render(scene, 32), twin_of(scene, index).drawn(32))):
        shown, latents = (to_images(image[None]), onehot_of(label[None])), scene_latents([index])
        expected = layouts_of(*shown, latents, [scene], store.expected())
        stored = unpacked(np.array(store.open("more")[index - 20, twin]))
        assert torch.allclose(stored, expected[0].clamp(0, 1), atol=3e-3)


def test_rendering_again_renders_nothing(folder: Path) -> None:
    names = ("images", "labels", "layouts", "more", "expected")
    before = [(folder / f"{name}.npy").stat().st_mtime_ns for name in names]
    assert list(render_scenes(folder, 20, 10, 32, processes=1))[-1] == 50
    assert [(folder / f"{name}.npy").stat().st_mtime_ns for name in names] == before


def test_a_chunk_that_was_broken_off_is_made_again(folder: Path) -> None:
    store = SceneStore(folder)
    whole = np.array(store.open("more"))
    store.open("more", "r+")[3:] = 0
    store.done("more")[0] = False
    list(render_scenes(folder, 20, 10, 32, processes=1))
    assert np.array_equal(store.open("more"), whole)
    assert store.done("more").all()
