"""The whole recipe: its stages in order, each once, and what is measured at its end."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from server.lab.scenes.concepts import CONCEPTS
from server.lab.village import pipeline
from server.lab.village.evaluate import best_seeds
from server.lab.village.pipeline import Recipe, train_village
from server.lab.village.segment import HELD_OUT
from server.model.catalog import Catalog
from server.model.segmenter import UNet, save_segmenter
from tests.lab.village.test_evaluate import sketching

RECIPE = Recipe(segmenters=16, compared=2)


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """The stages that ran and what each was told; they leave small files as the real ones do."""
    ran: list[tuple[str, Any]] = []

    def trunk(folder: Path, settings: Any) -> None:
        ran.append(("trunk", settings))
        folder.mkdir(parents=True)

    def painter(folder: Path, settings: Any) -> None:
        ran.append(("painter", settings))
        scenes = folder / "scenes"
        scenes.mkdir()
        rng = np.random.default_rng(0)
        np.save(scenes / "images.npy", rng.integers(0, 256, (HELD_OUT + 6, 2, 256, 256, 3), np.uint8))
        np.save(scenes / "parts.npy", rng.integers(0, 30, (HELD_OUT + 6, 2, 256, 256), np.uint8))
        (scenes / "done.txt").write_text(str(HELD_OUT + 6))
        torch.save({"averaged": sketching().state_dict()}, folder / "checkpoint.pt")

    def segmenters(folder: Path, pictures: Any, images: int) -> None:
        ran.append(("segmenters", images))
        assert len(pictures.images) == HELD_OUT + 6
        (folder / "segmenters").mkdir()
        for name in ("segmenter", "judge"):
            save_segmenter(folder / "segmenters" / f"{name}.safetensors", UNet(CONCEPTS, (6, 6, 6, 6)))

    monkeypatch.setattr(pipeline, "train_trunk", trunk)
    monkeypatch.setattr(pipeline, "train", painter)
    monkeypatch.setattr(pipeline, "train_segmenters", segmenters)
    monkeypatch.setattr("server.lab.village.export.best_seeds", partial(best_seeds, among=6))
    monkeypatch.setattr("server.lab.village.export._TRIED", 1)
    monkeypatch.setattr("server.lab.village.store._FITTED", 8)
    return ran


def test_one_run_makes_a_model_and_says_how_it_compares(stages: list[tuple[str, Any]], tmp_path: Path) -> None:
    run, model = tmp_path / "run", tmp_path / "models" / "village"
    train_village(run, model, RECIPE)
    assert stages == [("trunk", RECIPE.trunk), ("painter", RECIPE.painter), ("segmenters", 16)]
    assert Catalog(tmp_path / "models", tmp_path / "results").get("village").segmenter is not None
    report = json.loads((model / "evaluation.json").read_text())
    assert report["images"] == 2
    assert set(report["segmenters"]["judge"]) == set(CONCEPTS)
    assert {path.stem for path in (model / "pictures").iterdir()} == {"samples", "interpolations", "nearest"}
    assert "Frechet distance" in (run / "log.txt").read_text()


def test_a_run_that_was_interrupted_goes_on_at_its_stage(
    stages: list[tuple[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "train_segmenters", cut)
        with pytest.raises(KeyboardInterrupt):
            train_village(tmp_path / "run", tmp_path / "model", RECIPE)
    assert [name for name, _ in stages] == ["trunk", "painter"]
    monkeypatch.setattr(pipeline, "measure", lambda *args: None)
    monkeypatch.setattr(pipeline, "_summary", lambda *args: None)
    train_village(tmp_path / "run", tmp_path / "model", RECIPE)
    assert [name for name, _ in stages] == ["trunk", "painter", "segmenters"]
