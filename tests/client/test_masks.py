from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from server.client import AsyncClient, Client, UnitbrushProblem
from server.client.masks import Where, mask_of
from server.painting.mask import decode_png
from server.painting.parsing import parse_edit
from server.painting.picture import Line, Png, Rect, Stroke
from tests.client.conftest import URL

LINE = {"points": [[0.2, 0.7], [0.3, 0.72]], "radius": 0.05}


@pytest.mark.parametrize(
    ("where", "mask"),
    [
        ({}, None),
        ({"rect": None}, None),
        ({"rect": (0, 0.5, 1, 1)}, {"rect": [0, 0.5, 1, 1]}),
        ({"rect": np.array([0, 0.5, 1, 1], np.float32)}, {"rect": [0, 0.5, 1, 1]}),
        ({"strokes": [[(0.2, 0.7), (0.3, 0.72)]]}, {"strokes": [LINE]}),
        ({"strokes": [np.array([[0.2, 0.7], [0.3, 0.72]])]}, {"strokes": [LINE]}),
        ({"strokes": [[(0.2, 0.7), (0.3, 0.72)]], "radius": 0.1}, {"strokes": [{**LINE, "radius": 0.1}]}),
        ({"strokes": [LINE, {**LINE, "erase": True}], "radius": 1.0}, {"strokes": [LINE, {**LINE, "erase": True}]}),
        ({"strokes": [Stroke(((0.2, 0.7), (0.3, 0.72)), 0.05)]}, {"strokes": [LINE]}),
        ({"region": "door"}, {"concept": "door"}),
        ({"region": "door", "at": (0.4, 0.6)}, {"concept": "door", "at": [0.4, 0.6]}),
        ({"mask": {"concept": "door"}}, {"concept": "door"}),
        ({"mask": Rect((0.0, 0.5, 1.0, 1.0))}, {"rect": [0, 0.5, 1, 1]}),
        ({"mask": None}, None),
        (
            {"rect": (0, 0, 1, 1), "erase": [Line(((0.2, 0.7), (0.3, 0.72)), 0.05)]},
            {"rect": [0, 0, 1, 1], "erase": [LINE]},
        ),
        ({"region": "sky", "erase": [[(0.2, 0.7), (0.3, 0.72)]]}, {"concept": "sky", "erase": [LINE]}),
    ],
)
def test_masks_become_what_a_document_has(where: Where, mask: dict[str, Any] | None) -> None:
    made = mask_of(where)
    assert made == mask
    parse_edit({"op": "draw", "concept": "tree", "mask": made})


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"rect": (0, 0, 1, 1), "region": "sky"}, "rect and region are two masks"),
        ({"rectangle": (0, 0, 1, 1)}, "no argument 'rectangle'"),
        ({"at": (0, 0)}, "at goes with region"),
        ({"rect": (0, 0, 1, 1), "at": (0, 0)}, "at goes with region"),
        ({"strokes": [LINE], "erase": [LINE]}, "erase goes with rect, png, region"),
        ({"mask": {"rect": (0, 0, 1, 1)}, "erase": [LINE]}, "erase goes with"),
        ({"radius": 0.1}, "radius goes with"),
    ],
)
def test_what_does_not_go_together_is_said(where: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        Client(URL).picture("village", 1).draw("tree", **where)


def plane(png: Any) -> np.ndarray:
    """The coverage that the server reads from a mask, (H, W), 0..1."""
    (edit,) = Client(URL).picture("village", 1).draw("tree", png=png).edits
    mask = edit.mask
    assert isinstance(mask, Png)
    return decode_png(mask)


def test_arrays_are_masks_of_their_own_size() -> None:
    expected = np.array([[0, 1, 0], [1, 1, 0]], np.float32)
    for array in (expected > 0, expected, expected.astype(np.float64), (expected * 255).astype(np.uint8)):
        assert (plane(array) == expected).all()
    assert plane(np.array([[0.25]])) == pytest.approx(0.25, abs=1 / 510)
    assert (plane(np.asfortranarray(expected > 0)) == expected).all()


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.ones((2, 2, 3), np.uint8), "height, width"),
        (np.ones((0, 2), bool), "height, width"),
        (np.ones((2, 2), np.int64), "not int64"),
        (np.full((2, 2), 255.0), "floats are 0..1"),
        (np.full((2, 2), np.nan), "floats are 0..1"),
        (np.full((2, 2), -0.5), "floats are 0..1"),
    ],
)
def test_arrays_that_are_no_masks_are_refused(array: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        mask_of({"png": array})


def test_images_and_files_are_masks(tmp_path: Path) -> None:
    image = Image.new("LA", (3, 2), (0, 0))
    image.putpixel((1, 0), (9, 255))
    expected = np.array([[0, 1, 0], [0, 0, 0]], np.float32)
    image.save(tmp_path / "mask.png")
    data = (tmp_path / "mask.png").read_bytes()
    for png in (image, tmp_path / "mask.png", str(tmp_path / "mask.png"), data):
        assert (plane(png) == expected).all()
    with pytest.raises(FileNotFoundError):
        mask_of({"png": tmp_path / "none.png"})


def test_the_servers_rules_refuse_before_anything_is_sent() -> None:
    picture = Client(URL).picture("village", 1)
    file = io.BytesIO()
    Image.new("L", (4, 4)).save(file, "JPEG")
    for where, words in (
        ({"png": np.ones((1, 2049), bool)}, "2049x1, more than 2048x2048"),
        ({"png": file.getvalue()}, "JPEG"),
        ({"rect": (0, 0, 2, 1)}, "less than or equal to 1"),
        ({"strokes": []}, "at least 1"),
        ({"mask": {"circle": 1}}, "one of strokes, rect, png, concept"),
    ):
        with pytest.raises(UnitbrushProblem, match=words):
            picture.draw("tree", **where)  # type: ignore[arg-type]


async def test_every_mask_paints_as_its_document_does(painting: AsyncClient) -> None:
    plain = painting.picture("village", seed=3)
    square = np.zeros((8, 8), bool)
    square[2:5, 1:6] = True
    file = io.BytesIO()
    Image.fromarray(square).save(file, "PNG")
    masks: list[tuple[Where, dict[str, Any]]] = [
        ({"png": square}, {"png": base64.b64encode(file.getvalue()).decode()}),
        ({"rect": (1 / 8, 2 / 8, 6 / 8, 5 / 8)}, {"rect": [1 / 8, 2 / 8, 6 / 8, 5 / 8]}),
        ({"strokes": [LINE]}, {"strokes": [LINE]}),
        ({"region": "tree"}, {"concept": "tree"}),
    ]
    images = []
    for where, mask in masks:
        edit = {"op": "draw", "concept": "tree", "mask": mask}
        answer = await painting.connection.http.post("/render", json={**plain.document, "edits": [edit]})
        expected = np.asarray(Image.open(io.BytesIO(answer.content)))
        assert (np.asarray(await plain.draw("tree", **where).image()) == expected).all()
        images.append(expected)
    assert (images[0] == images[1]).all()  # the same cells
    unpainted = np.asarray(await plain.image())
    assert all((image != unpainted).any() for image in images)
