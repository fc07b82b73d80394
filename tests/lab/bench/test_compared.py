from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from server.lab.bench.compared import inpainting
from server.lab.bench.parts import cells_picture
from server.model.catalog import Catalog
from server.painting.painter import Painter


def test_opencv_fills_the_mask_of_the_stroke(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    filled: list[tuple[np.ndarray, np.ndarray, int, str]] = []
    cv2 = SimpleNamespace(INPAINT_NS="ns", INPAINT_TELEA="telea", inpaint=lambda *given: filled.append(given))
    monkeypatch.setitem(sys.modules, "cv2", cv2)
    picture = cells_picture(catalog.get(), 2, corner=False)
    pixels = Painter(catalog).render(picture)
    for work in inpainting(picture, pixels).values():
        work(0)
    assert [way for *_, way in filled] == ["ns", "telea"]
    shown, mask = filled[0][:2]
    assert np.array_equal(shown, pixels)
    inside = np.zeros((32, 32), np.uint8)
    inside[12:20, 12:20] = 255  # two cells of the eight of a side
    assert np.array_equal(mask, inside)


def test_without_it_there_is_nothing_to_compare(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    picture = cells_picture(catalog.get(), 2, corner=False)
    assert inpainting(picture, np.zeros((32, 32, 3), np.uint8)) == {}
