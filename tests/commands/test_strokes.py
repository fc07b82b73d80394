"""`unitbrush strokes`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.cli import main
from server.commands.strokes import seeds_of
from server.lab.strokes import GAP, HEAD, MARGIN
from server.painting.painter import Painter
from server.painting.picture import Picture
from tests.helpers.decided import write_decided_model
from tests.helpers.tiny import write_model

STEP = 32 + GAP


def strokes(folder: Path, *arguments: object) -> int:
    where = ["--models-dir", folder / "models", "--results-dir", folder / "dissect_results"]
    return main(["strokes", *map(str, [*arguments, *where])])


def tile(page: np.ndarray, column: int, line: int, block: int = 0, lines: int = 3, side: int = 32) -> np.ndarray:
    """A picture of a sheet of 32-pixel pictures: (32, 32, 3). lines: of a block, the scenes before among them."""
    top = block * (HEAD + lines * STEP) + HEAD + line * STEP
    left = MARGIN + column * STEP
    return page[top : top + side, left : left + side]


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_every_brush_is_shown_on_every_scene_before_and_after(
    installed: Path, painter: Painter, tmp_path: Path
) -> None:
    assert strokes(installed, tmp_path / "a.png", "--scenes", 2, "--seed", 7) == 0
    page = read(tmp_path / "a.png")
    assert page.shape == (3 * (HEAD + 3 * STEP), MARGIN + 2 * STEP, 3)
    for block in range(3):  # tree, door and sky
        for column in range(2):
            before, drawn = (tile(page, column, line, block).astype(int) for line in range(2))
            scene = painter.render(Picture("village", 7 + column))
            assert (drawn != scene).any()
            ringed = (before != scene).any(2)  # where rings tell of the strokes
            assert 0 < ringed.mean() < 0.2
        label = page[block * (HEAD + 3 * STEP) :][:HEAD, :MARGIN]
        assert label.min() < 128  # its name


def test_brushes_scenes_and_size_can_be_chosen(installed: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "a.png", tmp_path / "b.png"
    assert strokes(installed, one, "--scenes", 1, "--seed", 7, "--brushes", "door", "--size", 16) == 0
    assert read(one).shape == (HEAD + 3 * (16 + GAP), MARGIN + 16 + GAP, 3)
    assert strokes(installed, other, "--scenes", 1, "--seed", 8, "--brushes", "door", "--size", 16) == 0
    assert (read(one) != read(other)).any()


def test_the_models_own_scenes_come_first() -> None:
    assert seeds_of(None, 4, (9, 1)) == [9, 1, 0, 2]
    assert seeds_of(None, 1, (9, 1)) == [9]
    assert seeds_of(5, 2, (9, 1)) == [5, 6]


def test_exact_brushes_stand_beside_the_others(tmp_path: Path) -> None:
    write_decided_model(tmp_path)
    path = tmp_path / "a.png"
    assert strokes(tmp_path, path, "--scenes", 1, "--brushes", "tree,sky", "--size", 32) == 0
    page = read(path)
    assert page.shape[0] == (HEAD + 5 * STEP) + (HEAD + 3 * STEP)  # the sky has no exact brush
    assert (tile(page, 0, 1, lines=5) != tile(page, 0, 2, lines=5)).any()


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("a.txt", [], "end it in .png, .jpg"),
        ("no/a.png", [], "there is no folder"),
        ("a.png", ["--scenes", "0"], "takes 1 to 100"),
        ("a.png", ["--seed", "-1"], "--seed is -1"),
        ("a.png", ["--size", "4"], "8 to 1024"),
        ("a.png", ["--radius", "0"], "more than 0"),
        ("a.png", ["--brushes", "tree,dragon"], "has the brushes tree, door, sky"),
        ("a.png", ["--model", "nowhere"], "no model 'nowhere'"),
    ],
)
def test_what_cannot_be_is_one_line_and_status_2(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, options: list[str], says: str
) -> None:
    assert strokes(installed, tmp_path / name, *options) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert says in error
    assert not list(tmp_path.iterdir())


def test_without_a_segmenter_nobody_knows_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_model(tmp_path)
    (tmp_path / "models" / "village" / "segmenter.safetensors").unlink()
    assert strokes(tmp_path, tmp_path / "a.png") == 2
    assert "no segmenter" in capsys.readouterr().err
