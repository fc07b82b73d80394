from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.cli import main


@pytest.fixture(autouse=True)
def _the_model(installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(installed / "models"))
    monkeypatch.setenv("UNITBRUSH_RESULTS_DIR", str(installed / "dissect_results"))
    monkeypatch.chdir(tmp_path)


def test_the_thing_at_a_point_is_a_mask_to_paint_with(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["proposals", "--seed", "3", "--at", "0.5,0.4", "--radius", "0.2", "-o", "thing.png"]) == 0
    mask = np.asarray(Image.open("thing.png"))
    assert mask.shape == (32, 32)
    assert set(np.unique(mask)) <= {0, 255}
    assert mask[12, 16] == 255
    assert capsys.readouterr().out == f"thing.png: {100 * (mask > 0).mean():.1f} % of the picture\n"
    assert main(["paint", "--seed", "3", "--remove", "tree", "--mask", "thing.png", "-o", "picture.png"]) == 0
    assert main(["proposals", "picture.png", "--at", "0.5,0.4"]) == 0
    assert Path("mask.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: --at"),
        (["--at", "0.5"], "no point"),
        (["--at", "0.5,1.5"], "no point"),
        (["--at", "nan,0.5"], "no point"),
        (["--at", "0.5,0.5", "--radius", "0"], "no radius"),
        (["--at", "0.5,0.5", "--radius", "wide"], "no radius"),
        (["--at", "0.5,0.5", "-o", "mask.jpg"], "a mask is a PNG"),
        (["none.json", "--at", "0.5,0.5"], "cannot read none.json"),
        (["--at", "0.5,0.5", "--model", "castle"], "castle"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["proposals", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
