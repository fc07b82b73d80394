"""Edits become units, levels and cells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from server.errors import NoArtifacts, PictureError, UnknownConcept, UnknownDirection, UnknownLayer
from server.model.catalog import Catalog, Model
from server.painting.cache import ByteCache
from server.painting.edits import PlacedEdit, _on_grid, place, resolve, resolve_edit
from server.painting.growing import GrowingStrokes
from server.painting.picture import Edit, Picture, Rect, Region
from server.results.brush import Removing


def placed(picture: Picture, model: Model) -> list[PlacedEdit]:
    """The edits of a picture whose masks name no region."""

    def no_region(*arguments: object) -> np.ndarray:
        raise AssertionError("no mask names a region")

    return place(picture, model, ByteCache(2**20, lambda cells: cells.nbytes), GrowingStrokes(), no_region)


def test_a_draw_sets_the_top_units_to_their_levels(catalog: Catalog) -> None:
    made = resolve_edit(Edit("draw", "door", None, units=2), catalog.get())
    assert made.layer.name == "layer4"
    assert made.units.tolist() == [1, 2]
    np.testing.assert_allclose(made.levels, [2.0, 2.1], rtol=1e-6)


def test_a_remove_sets_them_to_zero(catalog: Catalog) -> None:
    made = resolve_edit(Edit("remove", "door", Rect((0, 0, 1, 1)), strength=0.5, layer="layer6"), catalog.get())
    assert made.layer == catalog.get().generator.layers[5]
    assert made.units.tolist() == [1, 2, 3, 4, 5]
    assert made.levels.tolist() == [0.0] * 5
    assert (made.strength, made.mask) == (0.5, Rect((0, 0, 1, 1)))


def test_a_remove_goes_by_the_brushs_own_units_and_layer_for_that(catalog: Catalog) -> None:
    model = catalog.get()
    brushes = tuple(
        replace(b, removing=Removing((7, 0, 3), 2, b.layer == "layer6")) if b.concept == "door" else b
        for b in model.dissection.brushes
    )
    model = replace(model, dissection=replace(model.dissection, brushes=brushes))
    removed = resolve_edit(Edit("remove", "door", None), model)
    assert removed.layer.name == "layer6"
    assert removed.units.tolist() == [7, 0]
    assert resolve_edit(Edit("remove", "door", None, units=3, layer="layer4"), model).units.tolist() == [7, 0, 3]
    assert resolve_edit(Edit("draw", "door", None, units=2), model).layer.name == "layer4"
    with pytest.raises(PictureError, match=r"has 1\.\.3"):
        resolve_edit(Edit("remove", "door", None, units=4), model)


def test_listed_units_need_no_concept(catalog: Catalog) -> None:
    made = resolve_edit(Edit("draw", None, None, units=(7, 3), layer="layer2", levels=(1.5, -2.0)), catalog.get())
    assert made.layer.name == "layer2"
    assert made.units.tolist() == [7, 3]
    assert made.levels.tolist() == [1.5, -2.0]
    removed = resolve_edit(Edit("remove", "tree", None, units=(0,)), catalog.get())
    assert (removed.layer.name, removed.levels.tolist()) == ("layer4", [0.0])


def test_resolved_edits_keep_the_order_of_the_edits(catalog: Catalog) -> None:
    edits = (Edit("draw", "sky", None), Edit("draw", "tree", None), Edit("remove", "sky", None))
    made = resolve(Picture("village", seed=0, edits=edits), catalog.get())
    assert [int(m.units[0]) for m in made] == [2, 0, 2]


BAD: list[tuple[dict[str, Any], type[PictureError], str]] = [
    ({"concept": "dragon"}, UnknownConcept, "/edits/1/concept"),
    ({"concept": "dragon", "units": (1,), "levels": (1.0,)}, UnknownConcept, "/edits/1/concept"),
    ({"layer": "layer99"}, UnknownLayer, "/edits/1/layer"),
    ({"layer": "output"}, UnknownLayer, "/edits/1/layer"),
    ({"layer": "layer2"}, UnknownConcept, "/edits/1/layer"),
    ({"mask": Region("dragon")}, UnknownConcept, "/edits/1/mask/concept"),
    ({"units": 13}, PictureError, "/edits/1/units"),
    ({"units": 9, "layer": "layer6"}, PictureError, "/edits/1/units"),
    ({"units": (0, 12), "levels": (1.0, 1.0)}, PictureError, "/edits/1/units"),
]


@pytest.mark.parametrize(("given", "error", "pointer"), BAD)
def test_what_the_model_does_not_have(
    catalog: Catalog, given: dict[str, Any], error: type[PictureError], pointer: str
) -> None:
    edits = (Edit("draw", "tree", None), Edit(**{"op": "draw", "concept": "tree", "mask": None, **given}))
    with pytest.raises(error) as caught:
        resolve(Picture("village", seed=0, edits=edits), catalog.get())
    assert caught.value.pointer == pointer


def test_a_concepts_region_needs_a_segmenter(catalog: Catalog) -> None:
    edit = Edit("remove", "tree", Region("tree"))
    resolve(Picture("village", seed=0, edits=(edit,)), catalog.get())
    with pytest.raises(PictureError, match="no segmenter") as caught:
        resolve_edit(edit, replace(catalog.get(), segmenter=None))
    assert caught.value.pointer == "/mask"


def test_a_latent_has_the_models_length(catalog: Catalog) -> None:
    resolve(Picture("village", z=(0.0,) * 8), catalog.get())
    with pytest.raises(PictureError) as caught:
        resolve(Picture("village", z=(0.0,) * 7), catalog.get())
    assert caught.value.pointer == "/z"


@pytest.mark.parametrize(
    ("directions", "error", "pointer", "words"),
    [
        ({"spring": 1.0}, UnknownDirection, "/directions/spring", "season, night"),
        ({"a/b": 1.0}, UnknownDirection, "/directions/a~1b", "season, night"),
        ({"season": 2.01}, PictureError, "/directions/season", "-3 to 2, not 2.01"),
        ({"night": -1.0, "season": -3.5}, PictureError, "/directions/season", "-3 to 2, not -3.5"),
    ],
)
def test_directions_the_model_does_not_have_are_said(
    catalog: Catalog, directions: Any, error: type[PictureError], pointer: str, words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        resolve(Picture("village", seed=1, directions=directions), catalog.get())
    assert type(caught.value) is error
    assert caught.value.pointer == pointer
    assert resolve(Picture("village", seed=1, directions={"season": -3.0, "night": 2.0}), catalog.get()) == ()


def test_cleaning_sets_the_artifact_units_to_zero_everywhere(catalog: Catalog) -> None:
    model = catalog.get()
    first, second = placed(Picture("village", seed=1, edits=(Edit("draw", "tree", None),), clean=True), model)
    edit = first.edit
    assert (edit.layer.name, edit.units.tolist(), edit.levels.tolist()) == ("layer4", [3, 1], [0, 0])
    assert (edit.strength, edit.mask, first.coverage.tolist()) == (1.0, None, np.ones((8, 8)).tolist())
    assert second.edit.concept == "tree"
    assert placed(Picture("village", seed=1), model) == []


def test_what_has_no_artifact_units_cannot_be_cleaned(catalog: Catalog) -> None:
    model = replace(catalog.get(), artifacts=())
    with pytest.raises(NoArtifacts, match="leave out clean") as caught:
        resolve(Picture("village", seed=1, clean=True), model)
    assert caught.value.pointer == "/clean"
    assert resolve(Picture("village", seed=1), model) == ()


def test_coverage_goes_over_to_grids_of_any_shape() -> None:
    share = np.array([[0, 1], [1, 1]], np.float32)
    assert (_on_grid(share, 4, 6) == share.repeat(2, 0).repeat(3, 1)).all()
    assert _on_grid(share, 3, 5)[1].tolist() == pytest.approx([0.5, 0.5, 0.75, 1, 1])
    assert _on_grid(np.eye(4, dtype=np.float32), 2, 2).tolist() == [[0.5, 0], [0, 0.5]]
