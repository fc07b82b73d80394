from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.cli import main
from server.painting.imaging import TEXT_KEY
from tests.helpers.tiny import write_model

PICTURE = {"model": "village", "seed": 5}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_model(tmp_path, latent_dim=128)
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("UNITBRUSH_RESULTS_DIR", str(tmp_path / "dissect_results"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "picture.json").write_text(json.dumps(PICTURE))
    return tmp_path


def test_a_translator_is_trained_measured_and_used(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["translate", "picture.json", "--to", "winter"]) == 2
    assert "unitbrush translator village" in capsys.readouterr().err
    few = ["--steps", "3", "--pictures", "2", "--measured", "2", "--threads", "1"]
    assert main(["translator", "village", *few]) == 0
    told = capsys.readouterr()
    assert "3/3" in told.err
    assert "| to winter |" in told.out
    card = (folder / "models" / "village" / "translator.md").read_text()
    assert "3 steps of 1" in card
    assert "| to winter |" in card
    images = []
    for style in ("0", "1"):
        assert main(["translate", "picture.json", "--to", "winter", "--style", style, "-o", "out.png"]) == 0
        image = Image.open("out.png")
        assert json.loads(image.text[TEXT_KEY])["seed"] == 5
        images.append(np.asarray(image.convert("RGB")))
    assert images[0].shape == (32, 32, 3)
    assert not np.array_equal(*images)
    assert main(["translate", "picture.json", "--to", "spring"]) == 2
    assert "summer and winter" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["translate", "picture.json", "--to", "winter", "-o", "a.jpg"], "end its name in .png"),
        (["translate", "picture.json", "--to", "winter", "--style", "-1"], "--style is -1"),
        (["translate", "none.json", "--to", "winter"], "none.json"),
        (["translator", "village", "--steps", "0"], "whole numbers above 0"),
        (["translator", "village", "--threads", "-1"], "--threads is -1"),
        (["translator", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_line(
    folder: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_only_villages_have_seasons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(tmp_path)
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("UNITBRUSH_RESULTS_DIR", str(tmp_path / "dissect_results"))
    assert main(["translator", "village", "--steps", "1"]) == 2
    assert "season" in capsys.readouterr().err
