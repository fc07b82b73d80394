"""`unitbrush scenes`."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.cli import main


def test_a_sheet_of_scenes_and_labels(tmp_path: Path) -> None:
    plain, labelled = tmp_path / "a.png", tmp_path / "b.png"
    assert main(["scenes", str(plain), "--count", "4", "--size", "64", "--columns", "2"]) == 0
    assert main(["scenes", str(labelled), "--count", "4", "--size", "64", "--columns", "4", "--labels"]) == 0
    with Image.open(plain) as a, Image.open(labelled) as b:
        assert a.width < b.width
        assert a.height == b.height
        colours = np.unique(np.asarray(a.convert("RGB")).reshape(-1, 3), axis=0)  # (colours, 3)
        assert len(colours) > 1000


@pytest.mark.parametrize("wrong", [["--count", "0"], ["--columns", "0"], ["--size", "-1"]])
def test_what_cannot_be_is_one_line_and_status_2(
    wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scenes", str(tmp_path / "a.png"), *wrong]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_an_unwritable_place_is_one_line_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenes", str(tmp_path / "no" / "a.png"), "--count", "1", "--size", "64"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
