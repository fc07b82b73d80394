from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.lab.scenes.concepts import PALETTE
from server.lab.scenes.render import render
from server.lab.scenes.scene import sample_scene
from server.lab.scenes.sheet import contact_sheet, render_sheet


def test_pictures_lie_in_rows_from_left_to_right() -> None:
    pictures = [np.full((4, 6, 3), level, np.uint8) for level in (10, 20, 30)]
    page = np.asarray(contact_sheet(pictures, 2))
    assert page.shape == (10, 14, 3)
    assert (page[:4, :6] == 10).all()
    assert (page[:4, 8:] == 20).all()
    assert (page[6:, :6] == 30).all()
    assert (page[4:6] == 255).all()


def test_a_sheet_needs_pictures_and_columns() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        contact_sheet([], 3)
    with pytest.raises(ValueError, match="one column"):
        contact_sheet([np.zeros((2, 2, 3), np.uint8)], 0)


def test_render_sheet_writes_the_scenes_of_its_seeds(tmp_path: Path) -> None:
    path = render_sheet(tmp_path / "sheet.png", count=2, size=32, columns=2, seed=5)
    page = np.asarray(Image.open(path))
    assert np.array_equal(page[:, :32], render(sample_scene(5), 32)[0])
    assert np.array_equal(page[:, 34:], render(sample_scene(6), 32)[0])


def test_render_sheet_puts_label_maps_beside_the_scenes(tmp_path: Path) -> None:
    path = render_sheet(tmp_path / "sheet.png", count=1, size=32, columns=2, seed=5, labels=True)
    page = np.asarray(Image.open(path))
    assert np.array_equal(page[:, 34:], PALETTE[render(sample_scene(5), 32)[1]])


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="extension"):
        render_sheet(tmp_path / "sheet.nonsense", count=1, size=8, columns=1)
