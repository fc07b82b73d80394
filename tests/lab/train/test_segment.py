"""Segmenters: what they are shown."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from server.lab.scenes.concepts import CONCEPTS
from server.lab.train.data import SceneData, Views
from server.lab.train.segment import RenderedPictures
from server.lab.train.store import render_scenes
from server.lab.training.segmenters import train_segmenter
from server.model.segmenter import load_segmenter


def test_scenes_and_twins_are_shown_alike_and_none_that_is_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(render_scenes(tmp_path, 20, 0, 32, processes=1))
    data, shown = SceneData(tmp_path, held_out=5), []
    views = data.views

    def noted(index: Any, twin: Any = 0) -> Views:
        shown.append((np.asarray(index), np.broadcast_to(twin, np.shape(index))))
        return views(index, twin)

    monkeypatch.setattr(data, "views", noted)
    path = tmp_path / "segmenter.safetensors"
    found = train_segmenter(RenderedPictures(data), path, 0, 64, lambda line: None, torch.device("cpu"), batch=16)
    assert set(found) == set(CONCEPTS)
    assert len(shown) == 5  # four batches, and then those held out
    index, twins = (np.concatenate(part) for part in zip(*shown[:4], strict=True))
    assert index.max() < 15
    assert 16 < twins.sum() < 48
    assert shown[4][0].tolist() == [15, 16, 17, 18, 19]
    assert not shown[4][1].any()
    assert load_segmenter(path)(torch.zeros(1, 3, 32, 32)).shape == (1, len(CONCEPTS), 32, 32)
