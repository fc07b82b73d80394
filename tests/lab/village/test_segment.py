"""Segmenters of the village: windows of stored pictures, and what their pixels show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from server.lab.scenes.concepts import CONCEPTS
from server.lab.village.parts import CONCEPT_OF_PART
from server.lab.village.segment import HELD_OUT, StoredPictures, train_segmenters
from server.model.pixels import to_pixels
from server.model.segmenter import load_segmenter

DRAWN, SIZE = HELD_OUT + 6, 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store of patches of parts, with room for one scene more than is drawn; red tells the scene, green the twin and
    blue the part."""
    parts = np.random.default_rng(0).integers(0, 30, (DRAWN + 1, 2, SIZE // 4, SIZE // 4), np.uint8)
    parts = parts.repeat(4, 2).repeat(4, 3)
    images = np.zeros((*parts.shape, 3), np.uint8)
    images[..., 0] = np.arange(DRAWN + 1)[:, None, None, None]
    images[:, 1, ..., 1] = 255
    images[..., 2] = parts
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "parts.npy", parts)
    (tmp_path / "done.txt").write_text(str(DRAWN))
    return tmp_path


def test_windows_come_with_the_concepts_of_their_parts(folder: Path) -> None:
    images, labels = StoredPictures.of(folder, 16).sample(np.random.default_rng(1), 64)
    assert (images.shape, labels.shape) == ((64, 3, 16, 16), (64, 16, 16))
    pixels = to_pixels(images)
    assert (labels.numpy() == CONCEPT_OF_PART[pixels[..., 2]]).all()
    assert set(pixels[..., 0].ravel().tolist()) == set(range(HELD_OUT, DRAWN))
    assert set(pixels[..., 1].ravel().tolist()) == {0, 255}


def test_scenes_held_out_are_shown_whole_and_never_trained_on(folder: Path) -> None:
    batches = list(StoredPictures.of(folder, 16).held_out())
    shown = np.concatenate([to_pixels(images)[:, 0, 0, 0] for images, _ in batches])
    assert shown.tolist() == list(range(HELD_OUT))
    assert all(labels.shape[1:] == (SIZE, SIZE) for _, labels in batches)


def test_rare_concepts_count_more(folder: Path) -> None:
    weights = StoredPictures.of(folder).weights()
    tree, path = (CONCEPTS.index(name) for name in ("tree", "path"))
    assert weights.shape == (len(CONCEPTS),)
    assert float(weights[tree]) < float(weights[path])  # of thirty parts five are of trees, one is path


def test_two_segmenters_are_trained_and_kept(folder: Path) -> None:
    run = folder / "run"
    train_segmenters(run, StoredPictures.of(folder, 32), images=8, batch=4)
    paths = [run / "segmenters" / f"{name}.safetensors" for name in ("segmenter", "judge")]
    first = [path.read_bytes() for path in paths]
    assert first[0] != first[1]
    with torch.inference_mode():
        assert load_segmenter(paths[0])(torch.zeros(1, 3, 32, 32)).shape == (1, len(CONCEPTS), 32, 32)
    assert (run / "segmenters" / "log.txt").read_text().count("IoU on pictures held out") == 2
    train_segmenters(run, StoredPictures.of(folder, 32), images=8, batch=4)
    assert [path.read_bytes() for path in paths] == first
