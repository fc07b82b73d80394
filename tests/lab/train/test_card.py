"""The model card holds the measured figures, and none that were not measured."""

import json
from pathlib import Path

import pytest

from server.lab.train.card import write_card
from server.lab.train.config import TrainConfig, save_config


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.json").write_text('{"title": "Hamlet", "license": "CC0-1.0"}')
    save_config(folder / "training.json", TrainConfig())
    report = {
        "images": 50,
        "frechet": 0.4321,
        "frechet_floor": 0.0123,
        "agreement": 0.9276,
        "shares": {"tree": {"renderings": 0.1, "samples": 0.08}, "door": {"renderings": 0.0, "samples": 0.01}},
        "understood": {"tree": 0.456, "door": 0.5},
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
    assert "| tree | 0.8 |" in text


def test_a_missing_measurement_is_an_error(model: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_card(model, tmp_path)
