"""The painter is a pure function, and paints what the picture says."""

from __future__ import annotations

import base64
import io
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from server.errors import PictureError, UnknownLayer, UnknownModel
from server.model.catalog import Catalog, Model
from server.model.folded import FoldedGenerator
from server.painting.mask import coverage
from server.painting.painter import Painter
from server.painting.picture import Edit, Line, Picture, Png, Rect, Region, Stroke, Strokes
from server.painting.regions import region
from server.painting.scenes import latent
from tests.helpers.strategies import areas, edits, fractions, pictures

DOT = Strokes((Stroke(((0.3, 0.7),), 0.2),))
CONCEPTS = st.sampled_from(["tree", "door", "sky"])
drawable = pictures(
    st.just("village"),
    edits(
        CONCEPTS,
        st.sampled_from(["layer4", "layer6"]),
        most_units=8,
        fewest=8,
        masks=areas | st.builds(Region, CONCEPTS, st.none() | st.tuples(fractions, fractions)),
    ),
    directions=st.sampled_from(["season", "night"]),
    amounts=st.floats(-3, 2),
).map(lambda p: p if p.z is None else replace(p, z=(p.z * 8)[:8]))


def naive(picture: Picture, catalog: Catalog) -> np.ndarray:
    """The picture drawn layer by layer with the plain generator, from the design's words."""
    model = catalog.get()
    z = latent(picture, 8)
    for name, amount in picture.directions.items():
        z[("season", "night").index(name)] += amount
    r = torch.from_numpy(z)[None, :, None, None]
    for layer in model.generator.layers:
        r = model.generator.block(layer.name)(r)
        if picture.clean and layer.name == "layer4":
            r[0, [1, 3]] = 0
        brushes = [model.dissection.brush(edit.concept or "", edit.layer) for edit in picture.edits]
        for i, (edit, brush) in enumerate(zip(picture.edits, brushes, strict=True)):
            assert brush is not None
            if brush.layer != layer.name:
                continue
            count = edit.units if isinstance(edit.units, int) else brush.recommended_units
            a = torch.from_numpy(coverage(edit.mask, layer.height, layer.width)) * edit.strength
            for later, other in zip(picture.edits[i + 1 :], brushes[i + 1 :], strict=True):
                assert other is not None
                earlier_layer = model.generator.layers[model.generator.index(other.layer)]
                about = later.concept == edit.concept or later.op == edit.op == "draw"
                if about and model.generator.index(other.layer) < model.generator.index(layer.name):
                    over = coverage(later.mask, earlier_layer.height, earlier_layer.width)
                    times = layer.height // earlier_layer.height
                    a = a * (1 - later.strength * torch.from_numpy(np.kron(over, np.ones((times, times), np.float32))))
            for u in brush.units[:count]:
                level = u.level if edit.op == "draw" else 0.0
                r[0, u.unit] = r[0, u.unit] * (1 - a) + level * a
    x = model.generator.block(model.generator.output_name)(r)[0]
    return ((x + 1) / 2 * 255).clamp(0, 255).permute(1, 2, 0).numpy()


PICTURES = [
    Picture("village", seed=5),
    Picture("village", seed=5, directions={"night": -0.5, "season": 1.5}),
    Picture("village", seed=5, clean=True),
    Picture("village", seed=5, edits=(Edit("draw", "tree", DOT),)),
    Picture("village", seed=5, edits=(Edit("draw", "tree", DOT, units=8),), directions={"night": 2.0}, clean=True),
    Picture("village", seed=5, edits=(Edit("draw", "door", DOT, layer="layer6"),), clean=True),
    Picture("village", seed=5, edits=(Edit("remove", "tree", None),)),
    Picture("village", seed=5, edits=(Edit("draw", "door", DOT, units=7, strength=0.4, layer="layer6"),)),
    Picture("village", z=(0.5,) * 8, edits=(Edit("draw", "sky", Rect((0, 0, 1, 0.4))), Edit("remove", "tree", DOT))),
    Picture(
        "village",
        seed=6,
        edits=(
            Edit("draw", "tree", DOT, layer="layer6"),
            Edit("draw", "sky", Rect((0, 0, 0.5, 1)), layer="layer4"),
            Edit("remove", "tree", Rect((0.2, 0.2, 0.9, 0.9)), layer="layer6", strength=0.7),
        ),
    ),
]


def test_a_later_edit_lies_over_an_earlier_one_of_a_deeper_layer(painter: Painter) -> None:
    draw, remove = Edit("draw", "tree", DOT, layer="layer4"), Edit("remove", "tree", DOT, layer="layer6")

    def drawn(*edits: Edit) -> np.ndarray:
        return painter.render(Picture("village", seed=5, edits=edits))

    whole = replace(draw, mask=None)
    assert np.array_equal(drawn(replace(remove, mask=None), whole), drawn(whole))
    assert not np.array_equal(drawn(draw, remove), drawn(draw))
    other = replace(draw, concept="sky", mask=None)
    assert not np.array_equal(drawn(remove, other), drawn(other))  # the tree stays removed below the sky
    listed = Edit("draw", "tree", None, units=(1, 2), levels=(3.0, 3.0), layer="layer6")
    assert not np.array_equal(drawn(listed, whole), drawn(whole))


@pytest.mark.parametrize("picture", PICTURES)
def test_draws_what_the_design_says(picture: Picture, painter: Painter, catalog: Catalog) -> None:
    pixels = painter.render(picture)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (32, 32, 3)
    assert np.abs(pixels - naive(picture, catalog)).max() <= 0.51
    for less in (replace(picture, edits=()), replace(picture, directions={}), replace(picture, clean=False)):
        assert np.array_equal(pixels, painter.render(less)) == (less == picture)


@pytest.mark.parametrize("picture", PICTURES)
def test_a_draft_is_close(picture: Picture, painter: Painter) -> None:
    final, draft = painter.render(picture), painter.render(picture, draft=True)
    assert np.abs(final.astype(float) - draft).mean() < 4


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawable, drawable)
def test_rendering_is_pure(painter: Painter, a: Picture, b: Picture) -> None:
    cold = Painter(painter.catalog).render(a)
    painter.render(b)
    painter.render(b, draft=True)
    assert painter.render(a).tobytes() == cold.tobytes()
    assert painter.render(a).tobytes() == cold.tobytes()


@pytest.mark.parametrize("draft", [False, True])
def test_many_threads_in_any_order_give_the_same_bytes(catalog: Catalog, draft: bool) -> None:
    alone = [Painter(catalog).render(p, draft).tobytes() for p in PICTURES]
    order = list(range(len(PICTURES))) * 12
    random.Random(1).shuffle(order)
    # A cache that holds only a few activations, so that threads fill and empty it under each other.
    painter = Painter(catalog, trunk_bytes=8000)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda i: painter.render(PICTURES[i], draft).tobytes(), order))
    assert together == [alone[i] for i in order]


def test_the_shared_weights_are_never_written_to(painter: Painter, catalog: Catalog) -> None:
    before = {name: t.clone() for name, t in catalog.get().generator.state_dict().items()}
    for picture in PICTURES:
        painter.render(picture)
    for name, t in catalog.get().generator.state_dict().items():
        assert torch.equal(t, before[name])


def test_an_edit_that_is_dropped_leaves_no_trace(painter: Painter) -> None:
    plain = Picture("village", seed=9)
    before = painter.render(plain).tobytes()
    for edit in (Edit("draw", "tree", None), Edit("remove", "sky", DOT, layer="layer6")):
        painter.render(replace(plain, edits=(edit,)))
        assert painter.render(plain).tobytes() == before


def test_an_edit_of_no_strength_or_outside_the_grid_changes_nothing(painter: Painter) -> None:
    plain = Picture("village", seed=9)
    faint = replace(plain, edits=(Edit("draw", "tree", None, strength=0.0),))
    erased = Strokes((Stroke(((0.5, 0.5),), 0.2), Stroke(((0.5, 0.5),), 0.3, erase=True)))
    nowhere = replace(plain, edits=(Edit("draw", "tree", erased),))
    assert painter.render(faint).tobytes() == painter.render(plain).tobytes()
    assert painter.render(nowhere).tobytes() == painter.render(plain).tobytes()


def test_featuremaps_show_the_edit_where_it_is(painter: Painter) -> None:
    plain = Picture("village", seed=2)
    edit = Edit("draw", None, Rect((0, 0, 0.5, 0.25)), units=(3, 5), layer="layer4", levels=(9.0, -4.0))
    before, after = (painter.featuremaps(p, "layer4") for p in (plain, replace(plain, edits=(edit,))))
    assert before.shape == (8, 8, 12)
    assert np.array_equal(after[:2, :4, 3], np.full((2, 4), 9.0, np.float32))
    assert np.array_equal(after[:2, :4, 5], np.full((2, 4), -4.0, np.float32))
    after[:2, :4, [3, 5]] = before[:2, :4, [3, 5]]
    assert np.array_equal(after, before)


def test_featuremaps_before_an_edit_are_the_unedited_ones(painter: Painter) -> None:
    plain = Picture("village", seed=2)
    edited = replace(plain, edits=(Edit("draw", "tree", None, layer="layer6"),))
    assert np.array_equal(painter.featuremaps(plain, "layer4"), painter.featuremaps(edited, "layer4"))
    assert not np.array_equal(painter.featuremaps(plain, "layer7"), painter.featuremaps(edited, "layer7"))
    with pytest.raises(UnknownLayer):
        painter.featuremaps(plain, "layer77")


def png(shown: np.ndarray) -> Png:
    out = io.BytesIO()
    Image.fromarray(shown.astype(np.uint8) * 255).save(out, "PNG")
    return Png(base64.b64encode(out.getvalue()).decode())


class ByColour:
    """A segmenter that names each pixel for its strongest colour."""

    concepts = ("sky", "tree", "door")

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        return images


class Coloured(Catalog):
    """The catalog, its models with that segmenter."""

    def get(self, name: str | None = None) -> Model:
        return replace(super().get(name), segmenter=ByColour())


def test_a_concepts_region_is_where_the_segmenter_sees_it(catalog: Catalog) -> None:
    painter = Painter(Coloured(catalog.models_dir, catalog.results_dir))
    plain = Picture("village", seed=5)
    first = Edit("draw", "tree", Rect((0, 0, 1, 0.6)), layer="layer6", units=8)
    start = replace(plain, edits=(first,))
    before, labels = painter.labels(plain), painter.labels(start)
    assert labels.shape == (32, 32)
    assert not np.array_equal(before, labels)
    seen = int(np.bincount(labels.ravel()).argmax())
    name = ("sky", "tree", "door")[seen]
    shown = labels == seen
    assert 0 < shown.sum() < shown.size

    def drawn(*edits: Edit, draft: bool = False) -> bytes:
        return painter.render(replace(plain, edits=edits), draft).tobytes()

    def door(mask: Region | Png) -> Edit:
        return Edit("draw", "door", mask)

    assert drawn(first, door(Region(name))) == drawn(first, door(png(shown)))
    y, x = np.argwhere(shown)[-1]
    at = ((x + 0.5) / 32, (y + 0.5) / 32)
    piece = png(region(shown, at))
    assert drawn(first, door(Region(name, at))) == drawn(first, door(piece))
    assert drawn(first, door(Region(name, at)), draft=True) == drawn(first, door(piece), draft=True)
    # What is erased of a region is taken from the same region.
    eraser = (Line(((0.0, 0.5), (1.0, 0.5)), 0.2),)
    assert drawn(first, door(Region(name, at, eraser))) == drawn(first, door(replace(piece, erase=eraser)))
    # In another order the segmenter sees another picture.
    assert drawn(door(Region(name)), first) == drawn(door(png(before == seen)), first)


def test_many_regions_upon_each_other_do_not_nest_too_deep(painter: Painter) -> None:
    edits = tuple(Edit("draw", "door", Region("tree"), strength=i / 64) for i in range(64))
    picture = Picture("village", seed=5, edits=edits)
    assert painter.render(picture).tobytes() == Painter(painter.catalog).render(picture).tobytes()


def test_what_cannot_be_drawn_is_said(painter: Painter) -> None:
    with pytest.raises(UnknownModel, match="village"):
        painter.render(Picture("atlantis", seed=1))
    with pytest.raises(PictureError):
        painter.render(Picture("village", z=(1.0,)))
    with pytest.raises(PictureError):
        painter.render(Picture("village", seed=1, edits=(Edit("draw", "dragon", None),)))


class Ended(Exception):
    pass


class EndsAfter:
    """A check that lets some steps pass."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Ended


@pytest.mark.parametrize("mask", [Rect((0.0, 0.0, 0.5, 0.5)), Region("tree")])
def test_its_check_ends_a_drawing_between_edits(
    painter: Painter, monkeypatch: pytest.MonkeyPatch, mask: Rect | Region
) -> None:
    """Also where each edit draws the picture before it, to find a region there."""
    advanced: list[str] = []
    advance = FoldedGenerator.advance

    def count(self: FoldedGenerator, r: Tensor, at: str, to: str) -> Tensor:
        advanced.append(to)
        return advance(self, r, at, to)

    monkeypatch.setattr(FoldedGenerator, "advance", count)
    many = tuple(Edit("draw", "tree", mask, strength=0.5 + i / 200) for i in range(60))
    picture = Picture("village", seed=3, edits=many)
    for call in (
        lambda check: painter.render(picture, check=check),
        lambda check: painter.featuremaps(picture, "layer6", check),
        lambda check: painter.labels(picture, check),
    ):
        advanced.clear()
        with pytest.raises(Ended):
            call(EndsAfter(3))
        assert len(advanced) <= 6
