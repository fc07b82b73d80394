"""On the shipped model: what is compared are its own pictures."""

from __future__ import annotations

import numpy as np
import pytest

from server.inpainting.ways import WAYS
from server.lab.compare.scenes import FIRST_SEED, LEAST, MOST, compare_scenes, markdown, thing_in
from server.model.catalog import Catalog
from server.model.inpainter import Inpainter
from server.painting.painter import Painter
from server.painting.picture import Picture
from server.settings import Settings


@pytest.fixture(scope="module")
def painter() -> Painter:
    settings = Settings()
    return Painter(Catalog(settings.models_dir, settings.results_dir))


def test_each_way_is_measured_and_shown(painter: Painter) -> None:
    model, done = painter.catalog.get(), []
    rows, page = compare_scenes(painter, model, Inpainter().eval(), 2, FIRST_SEED, lambda: done.append(1))
    assert [row.way for row in rows] == list(WAYS)
    assert len(done) == 2
    for row in rows:
        assert row.ms > 0
        assert 5 < row.psnr < 60
        assert -1 <= row.ssim <= 1
        assert 0 < row.distance < 4
        assert 0 <= row.labels <= 1
    side = model.generator.resolution
    assert page.size[0] == 8 * (side + 2) - 2  # before, mask, truth and the ways
    assert page.size[1] > 2 * side
    lines = markdown(rows).splitlines()
    assert len(lines) == 2 + len(WAYS)
    assert len({line.count("|") for line in lines}) == 1
    assert "| Contextual Attention | any | yes | an inpainter" in lines[-1]


def test_things_are_of_a_size_to_be_removed(painter: Painter) -> None:
    model = painter.catalog.get()
    things = [thing_in(Picture(model.name, seed=FIRST_SEED + i), model) for i in range(4)]
    sizes = [float(thing.mask.mean()) for thing in things if thing is not None]
    assert sizes
    assert all(LEAST <= size <= MOST for size in sizes)
    again = thing_in(Picture(model.name, seed=FIRST_SEED), model)
    assert (again is None) == (things[0] is None)
    if again is not None and things[0] is not None:
        assert np.array_equal(again.mask, things[0].mask)
