"""Pictures of one's own for a model whose pictures are no squares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from server.inversion.invert import invert
from server.inversion.keeping import kept, painted
from server.inversion.own import fit, read_own
from server.model.catalog import Catalog, Model
from server.model.encoder import Encoder, aim_at
from server.painting.painter import Painter
from server.painting.picture import Edit, Rect
from tests.helpers.own import file_of, photo
from tests.helpers.wide import GRID, REFERENCE, SIZE, UNITS, write_wide
from tests.inversion.test_invert import finished

HEIGHT, WIDTH = SIZE
REACH = 12  # pixels beside what is painted that are shown as painted, or blended


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("wide")
    write_wide(folder)
    return Catalog(folder / "models", folder / "dissect_results", "wide", trusted=(REFERENCE,))


@pytest.fixture
def model(catalog: Catalog) -> Model:
    return catalog.get("wide")


def test_as_much_of_it_counts_as_has_the_shape_of_the_models_pictures() -> None:
    image = photo(60, 60)
    own = read_own(file_of(image), WIDTH / HEIGHT)
    assert own.shape == (36, 60, 3)
    assert np.array_equal(own, np.asarray(image)[12:48])
    assert read_own(file_of(photo(900, 300)), WIDTH / HEIGHT).shape == (300, 500, 3)
    assert fit(own, SIZE).shape == (*SIZE, 3)


def test_it_is_inverted_painted_on_and_keeps_its_pixels(catalog: Catalog, model: Model) -> None:
    painter = Painter(catalog)
    own = fit(np.asarray(photo()), SIZE)
    inversion, _ = finished(invert(model, own, None, 3, 3))
    picture = inversion.picture
    assert picture.base is not None
    assert picture.base.layer == "middle"
    drawn = painter.render(picture)
    assert drawn.shape == inversion.pixels.shape == (*SIZE, 3)
    assert np.abs(drawn.astype(int) - inversion.pixels).max() <= 1
    left = replace(picture, edits=(Edit("draw", "tree", Rect((0.0, 0.0, 0.5, 1.0))),))
    alpha = painted(painter.covered(left), SIZE)
    whole = kept(own, painter.render(left), alpha)
    assert np.array_equal(whole[:, : WIDTH // 2], painter.render(left)[:, : WIDTH // 2])
    assert np.array_equal(whole[:, WIDTH // 2 + REACH :], own[:, WIDTH // 2 + REACH :])


def test_an_encoder_tells_featuremaps_of_its_layers_shape(model: Model) -> None:
    encoder = Encoder(aim_at(model.generator, "middle"), model.generator.resolution).eval()
    with torch.no_grad():
        assert encoder(torch.zeros(2, 3, *SIZE)).shape == (2, UNITS, *GRID)
