"""The model card holds the measured figures, and none that were not measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import save_file

from server.lab.village.card import write_card
from server.model.progressive import ProgressiveGenerator
from tests.helpers.decided import small_decided
from tests.helpers.tiny import save_generator


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.json").write_text('{"title": "Hamlet", "license": "CC0-1.0"}')
    save_file(dict(small_decided().state_dict()), folder / "generator.safetensors")
    report = {
        "images": 50,
        "frechet": 0.4321,
        "frechet_floor": 0.0123,
        "agreement": 0.9276,
        "shares": {"tree": {"renderings": 0.1, "samples": 0.08}, "door": {"renderings": 0.0, "samples": 0.01}},
        "understood": {"tree": 0.456, "door": 0.5},
        "trunk_error": {"0": 0.1, "1": 0.25},
        "segmenters": {"segmenter": {"tree": 0.9}, "judge": {"tree": 0.87}},
    }
    (folder / "evaluation.json").write_text(json.dumps(report))
    (folder / "notes.md").write_text("## Data\n\nA hamlet.\n")
    return folder


def test_figures_come_from_the_files(model: Path, tmp_path: Path) -> None:
    (tmp_path / "judged.md").write_text("| tree | 0.8 |")
    text = write_card(model, tmp_path).read_text()
    for part in ("# Hamlet", "CC0-1.0", "A hamlet.", "0.432", "0.012", "92.8 %", "| tree | 10.0 % | 8.0 % | 0.80 |"):
        assert part in text
    assert "| door | 0.0 % | 1.0 % | nan |" in text
    assert "| tree | 0.90 | 0.87 |" in text
    assert "| 46 % | 50 % |" in text
    assert "| 0.100 | 0.250 |" in text
    assert "| tree | 0.8 |" in text


def test_what_the_generator_is_made_of_comes_from_its_weights(model: Path, tmp_path: Path) -> None:
    (tmp_path / "judged.md").write_text("")
    text = write_card(model, tmp_path).read_text()
    assert "256x256 pixels from a latent of 6" in text
    assert "8 and 8 at 4x4, 8 and 8 at 8x8, 8 and 7 at 16x16, 12 and 12 at 8x8" in text
    assert "Brushes work at layer6, the sketch, and exact ones at layer13" in text
    assert "GFLOP" in text


def test_a_missing_measurement_and_another_family_are_errors(model: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_card(model, tmp_path)
    save_generator(model / "generator.safetensors", ProgressiveGenerator(8, (8, 8)))
    with pytest.raises(ValueError, match="Progressive GAN"):
        write_card(model, tmp_path)
