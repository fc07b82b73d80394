from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.cli import main
from server.painting.imaging import read_document
from server.painting.parsing import parse_picture
from tests.helpers.own import bomb, file_of, photo
from tests.helpers.tiny import write_model


@pytest.fixture(autouse=True)
def _a_photo_and_a_model(installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(installed / "models"))
    monkeypatch.setenv("UNITBRUSH_RESULTS_DIR", str(installed / "dissect_results"))
    monkeypatch.chdir(tmp_path)
    photo().save("photo.jpg")


def test_a_photo_becomes_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--steps", "6", "--likeness", "likeness.png", "--missing", "missing.png"]
    assert main(["invert", "photo.jpg", "--model", "village", *arguments]) == 0
    told = capsys.readouterr()
    assert "6/6" in told.err
    assert "dB" in told.out
    assert "that village cannot express" in told.out
    picture = parse_picture(Path("picture.json").read_bytes())
    assert picture.base is not None
    assert json.loads(read_document(Path("likeness.png").read_bytes())) == json.loads(Path("picture.json").read_text())
    assert Image.open("missing.png").size == (32, 32)
    # It is painted on like any other, and one's own pixels can be kept.
    paint = ["paint", "picture.json", "--draw", "tree", "--rect", "0,0,0.3,0.3"]
    assert main([*paint, "-o", "painted.png"]) == 0
    assert main([*paint, "--own", "photo.jpg", "-o", "kept.png"]) == 0
    painted, kept = (np.asarray(Image.open(name)).astype(int) for name in ("painted.png", "kept.png"))
    own = np.asarray(Image.open("photo.jpg").crop((10, 0, 50, 40)).resize((32, 32), 1)).astype(int)
    assert np.array_equal(kept[20:, 20:], own[20:, 20:])
    assert np.array_equal(kept[:6, :6], painted[:6, :6])


def test_a_png_holds_the_document() -> None:
    assert main(["invert", "photo.jpg", "--steps", "0", "-o", "own.png"]) == 0
    assert "base" in json.loads(read_document(Path("own.png").read_bytes()))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "either a picture or --measure"),
        (["photo.jpg", "--measure", "3"], "either a picture or --measure"),
        (["none.jpg"], "cannot read none.jpg"),
        (["bad.jpg"], "bad.jpg: the file is no image"),
        (["bomb.png"], "million"),
        (["one.png"], "1x1"),
        (["photo.jpg", "--steps", "1001"], "0 to 1000"),
        (["photo.jpg", "--model", "none"], "there is no model 'none'"),
        (["photo.jpg", "-o", "out.jpg"], "end its name in .json or .png"),
        (["photo.jpg", "-o", "no/out.json"], "there is no folder no"),
        (["photo.jpg", "--missing", "map.jpg"], "end its name in .png"),
        (["--measure", "0"], "a number of renderings"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.jpg").write_text("none")
    Path("bomb.png").write_bytes(bomb(30000, 30000))
    Path("one.png").write_bytes(file_of(Image.new("RGB", (1, 1))))
    assert main(["invert", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_it_is_measured_on_renderings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["invert", "--measure", "2", "--steps", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:24].strip() for line in lines[1:]] == [
        *("nearest of the samples", "with latent", "with residual", "samples")
    ]


def test_an_encoder_is_trained_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(tmp_path)
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(tmp_path / "models"))
    for aim, stages in ((["--aim", "latent"], 3), ([], 2)):
        assert main(["encoder", "village", "--images", "32", "--batch", "8", "--threads", "1", *aim]) == 0
        told = capsys.readouterr()
        assert "4/4" in told.err
        assert "samples held out" in told.out
        assert main(["invert", "--measure", "1", "--steps", "2"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[1].startswith("encoder alone")
        assert len(lines) == 1 + stages + 1
    assert main(["encoder", "village", "--aim", "layer99"]) == 2
    assert "no layer 'layer99'" in capsys.readouterr().err
    assert main(["encoder", "village", "--batch", "1"]) == 2
