from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.cli import main
from server.painting.imaging import read_document
from server.styles import fast, features, slow
from tests.helpers.styles import load_tiny_features

DOCUMENT = {"version": 1, "model": "village", "seed": 3, "edits": []}


@pytest.fixture(autouse=True)
def _a_document_and_its_model(installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(installed / "models"))
    monkeypatch.setenv("UNITBRUSH_RESULTS_DIR", str(installed / "dissect_results"))
    monkeypatch.chdir(tmp_path)
    Path("picture.json").write_text(json.dumps(DOCUMENT))


def test_a_picture_is_painted_in_styles_by_name_number_and_file() -> None:
    Image.effect_noise((40, 40), 90).convert("CMYK").save("own.jpg")
    images = []
    for style in ("waves", "7", "own.jpg"):
        assert main(["style", "picture.json", "--style", style, "--size", "64", "-o", "out.png"]) == 0
        assert json.loads(read_document(Path("out.png").read_bytes())) == DOCUMENT
        images.append(np.asarray(Image.open("out.png")).astype(int))
    assert {image.shape for image in images} == {(64, 64, 3)}
    assert np.abs(images[0] - images[1]).mean() > 3
    assert np.abs(images[0] - images[2]).mean() > 3


def test_slowly_it_shows_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(slow, "load_features", load_tiny_features)
    assert main(["style", "picture.json", "--style", "ink", "--slow", "--steps", "10"]) == 0
    assert "10/10" in capsys.readouterr().err
    assert Image.open("styled.png").size == (256, 256)
    assert json.loads(read_document(Path("styled.png").read_bytes())) == DOCUMENT


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--style", "marble"], "there is no style and no file 'marble'; there are waves, mosaic"),
        (["--style", "27"], "1 to 26"),
        (["--style", "picture.json"], "picture.json: the file is no image that is known here"),
        (["--style", "3", "--slow"], "has no image to paint slowly from"),
        (["--style", "waves", "--strength", "2"], "it takes 0 to 1"),
        (["--style", "waves", "--steps", "50"], "with --slow"),
        (["--style", "waves", "--slow", "--steps", "5"], "it takes 10 to 500"),
        (["--style", "waves", "--size", "32"], "it takes 64 to 1024"),
        (["--style", "waves", "-o", "out.jpg"], "end its name in .png"),
        ([], "--style"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["style", "picture.json", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


@pytest.mark.parametrize("more", [[], ["--slow"]])
def test_without_the_extra_one_line_says_what_to_install(
    more: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in (fast, features):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert main(["style", "picture.json", "--style", "waves", *more]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("pip install 'unitbrush[style]'")
