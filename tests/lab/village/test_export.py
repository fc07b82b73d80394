"""The files that ship, made of a run's checkpoint."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from server.files import file_sha256
from server.lab.scenes.concepts import CONCEPTS
from server.lab.scenes.scene import sample_scene
from server.lab.village.evaluate import best_seeds
from server.lab.village.export import emptiest, empty_grounds, export
from server.model.catalog import Catalog
from server.model.decided import DecidedGenerator
from server.model.progressive import ProgressiveGenerator
from server.model.segmenter import UNet, save_segmenter
from tests.helpers.decided import SMALL, small_decided


def checkpoint(run: Path, **members: object) -> None:
    run.mkdir(parents=True)
    torch.save(members, run / "checkpoint.pt")


def test_a_model_that_the_catalog_loads_is_made_of_the_averaged_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.lab.village.export.best_seeds", partial(best_seeds, among=8))
    monkeypatch.setattr("server.lab.village.export._TRIED", 1)
    run, model = tmp_path / "run", tmp_path / "models" / "village"
    averaged = small_decided().state_dict()
    checkpoint(run, generator=small_decided(4).state_dict(), averaged=averaged, seen=8)
    (run / "segmenters").mkdir()
    for name in ("segmenter", "judge"):
        save_segmenter(run / "segmenters" / f"{name}.safetensors", UNet(CONCEPTS, (6, 6, 6, 6)))
    export(run, model, scenes=6)
    tensors = load_file(model / "generator.safetensors")
    assert all(tensor.dtype == torch.float16 for tensor in tensors.values())
    assert all(torch.equal(tensor, averaged[name].half()) for name, tensor in tensors.items())
    installed = Catalog(tmp_path / "models", tmp_path / "results").get("village")
    assert isinstance(installed.generator, DecidedGenerator)
    assert installed.generator.shape == SMALL
    assert (installed.family, installed.license) == ("decided, then drawn", "CC0-1.0")
    assert installed.segmenter is not None
    assert len(set(installed.scenes)) == 6
    assert all(set(seeds) & set(installed.scenes[3:6]) for seeds in empty_grounds())
    nights = [sample_scene(seed).light.night > 0 for seed in range(8)]
    assert [sample_scene(seed).light.night > 0 for seed in installed.scenes[:3]] == sorted(nights)[:3]
    card = json.loads((model / "model.json").read_text())
    assert card["sha256"] == {name: file_sha256(model / name) for name in card["sha256"]}
    assert len(card["sha256"]) == 3


def test_without_segmenters_a_model_still_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lab.village.export._TRIED", 1)
    checkpoint(tmp_path / "run", averaged=small_decided().state_dict())
    export(tmp_path / "run", tmp_path / "models" / "village")
    installed = Catalog(tmp_path / "models", tmp_path / "results").get("village")
    assert installed.segmenter is None
    assert list(installed.scenes) == [seeds[0] for seeds in empty_grounds()]


def test_a_checkpoint_of_another_family_is_refused(tmp_path: Path) -> None:
    checkpoint(tmp_path / "run", averaged=ProgressiveGenerator(8, (8, 8)).state_dict())
    with pytest.raises(ValueError, match="holds a Progressive GAN"):
        export(tmp_path / "run", tmp_path / "model")


def test_empty_grounds_have_nothing_on_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lab.village.export._TRIED", 2)
    grounds = [[sample_scene(seed) for seed in seeds] for seeds in empty_grounds()]
    assert [len(scenes) for scenes in grounds] == [2, 2, 2]
    assert not any(scene.buildings or scene.trees for scenes in grounds for scene in scenes)
    for meadow, winter, shore in zip(*grounds, strict=True):
        assert meadow.light.snow <= 0.5 < winter.light.snow
        assert (meadow.water, winter.water) == (None, None)
        assert shore.water is not None


def test_of_several_grounds_that_is_begun_with_on_which_the_judge_sees_least() -> None:
    class Seer:
        concepts = CONCEPTS
        trees = iter([3.0, -2.0, 1.0])

        def __call__(self, x: torch.Tensor) -> torch.Tensor:
            scores = torch.zeros(1, len(CONCEPTS), 4, 4)
            scores[:, CONCEPTS.index("tree")] = next(self.trees)
            return scores

    assert emptiest(small_decided(), Seer(), [5, 6, 7]) == 6  # type: ignore[arg-type]
