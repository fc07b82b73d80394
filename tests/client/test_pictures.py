from __future__ import annotations

import io
import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.client import AsyncClient, Client, UnitbrushProblem
from server.model.catalog import Catalog
from server.painting.imaging import encode, read_document
from server.painting.painter import Painter
from server.painting.parsing import parse_picture
from server.painting.picture import picture_to_json
from tests.client.conftest import URL, connected
from tests.helpers.serving import settings_in, threaded_server

RECT = (0.1, 0.2, 0.6, 0.9)


def drawn(catalog: Catalog, document: dict[str, object]) -> bytes:
    """The PNG that the painter makes of a document, without any server."""
    picture = parse_picture(document)
    return encode(Painter(catalog).render(picture), "png", picture_to_json(picture))


def test_a_picture_is_the_document_that_its_methods_spell() -> None:
    picture = (
        Client(URL)
        .picture(model="village", seed=104, directions={"season": 1})
        .draw("tree", rect=RECT, strength=0.5)
        .remove("door", strokes=[[(0.2, 0.7), (0.3, 0.72)]], radius=0.06, units=3)
        .draw(units=[4, 2], levels=[1, 2.5], layer="layer4")
        .move(night=-0.5)
        .clean()
    )
    assert picture.document == {
        "version": 1,
        "model": "village",
        "seed": 104,
        "directions": {"season": 1.0, "night": -0.5},
        "clean": True,
        "edits": [
            {"op": "draw", "concept": "tree", "mask": {"rect": list(RECT)}, "strength": 0.5},
            {
                "op": "remove",
                "concept": "door",
                "mask": {"strokes": [{"points": [[0.2, 0.7], [0.3, 0.72]], "radius": 0.06}]},
                "units": 3,
                "strength": 1.0,
            },
            {"op": "draw", "mask": None, "units": [4, 2], "levels": [1.0, 2.5], "strength": 1.0, "layer": "layer4"},
        ],
    }
    assert json.loads(picture.json) == picture.document


def test_numbers_of_numpy_are_taken() -> None:
    client = Client(URL)
    z = np.linspace(-1, 1, 8, dtype=np.float32)
    picture = client.picture("village", z=z).draw(units=np.arange(2), levels=np.ones(2), layer="layer4")
    assert picture.document["z"] == z.tolist()
    assert picture.document["edits"][0]["units"] == [0, 1]
    assert picture.remove("door", units=np.int64(3)).document["edits"][1]["units"] == 3  # type: ignore[arg-type]
    assert client.picture("village", np.uint32(7)).document["seed"] == 7  # type: ignore[arg-type]


def test_pictures_never_change() -> None:
    plain = Client(URL).picture("village", seed=1)
    tree = plain.draw("tree")
    door = tree.draw("door")
    assert plain.edits == ()
    assert door.undo() == tree
    assert door.undo(2) == plain
    assert door.undo(0) == door
    assert [edit.concept for edit in door.without(0).edits] == ["door"]
    assert door.without(-1) == tree
    assert door.move(season=1).move(season=0) == door
    assert door.clean().clean(False) == door
    with pytest.raises(FrozenInstanceError):
        door.content = plain.content  # type: ignore[misc]
    with pytest.raises(ValueError, match="cannot undo 3 edits: the picture has 2"):
        door.undo(3)
    with pytest.raises(IndexError):
        door.without(2)


@pytest.mark.parametrize("seed", [-1, 2**32, None])
def test_a_scene_that_is_none_is_seen_before_anything_is_sent(seed: int | None) -> None:
    with pytest.raises(UnitbrushProblem) as caught:
        Client(URL).picture("village", seed)
    assert (caught.value.status, caught.value.type) == (422, "urn:unitbrush:problem:invalid-picture")


async def test_what_is_refused_here_is_what_the_server_refuses(painting: AsyncClient) -> None:
    plain = painting.picture("village", seed=1)
    with pytest.raises(UnitbrushProblem) as here:
        plain.draw("tree", rect=(0.5, 0, 0.1, 1))
    document = {**plain.document, "edits": [{"op": "draw", "concept": "tree", "mask": {"rect": [0.5, 0, 0.1, 1]}}]}
    answer = await painting.connection.http.post("/render", json=document)
    there = answer.json()
    assert here.value.document.keys() == there.keys()
    assert (here.value.type, here.value.title, here.value.status) == (there["type"], there["title"], there["status"])
    assert here.value.pointer == "/mask"
    assert there["pointer"] == "/edits/0/mask"


def test_a_picture_of_too_many_edits_is_refused_before_it_is_sent() -> None:
    picture = Client(URL).picture("village", seed=1)
    full = Client(URL).load({**picture.document, "edits": [{"op": "draw", "concept": "tree", "mask": None}] * 256})
    with pytest.raises(UnitbrushProblem, match="at most 256 edits"):
        full.draw("tree")


async def test_the_image_is_the_painters(painting: AsyncClient, catalog: Catalog) -> None:
    picture = painting.picture("village", seed=3).draw("tree", rect=RECT).remove("sky", layer="layer6")
    expected = drawn(catalog, picture.document)
    assert await picture.png() == await picture.bytes("png") == expected
    image = await picture.image()
    assert (np.asarray(image) == np.asarray(Image.open(io.BytesIO(expected)))).all()
    assert (await picture.image(16)).size == (16, 16)
    assert Image.open(io.BytesIO(await picture.bytes("webp", 16))).format == "WEBP"
    assert Image.open(io.BytesIO(await picture.bytes("jpeg"))).format == "JPEG"


async def test_a_picture_is_saved_as_its_name_says(painting: AsyncClient, tmp_path: Path) -> None:
    picture = painting.picture("village", seed=3).draw("tree", rect=RECT)
    for name, form in (("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.WEBP", "WEBP")):
        await picture.save(tmp_path / name)
        assert Image.open(tmp_path / name).format == form
    await picture.save(str(tmp_path / "a.json"))
    assert painting.load(tmp_path / "a.json") == painting.load(str(tmp_path / "a.png")) == picture
    assert read_document((tmp_path / "a.png").read_bytes()) == picture.json
    with pytest.raises(ValueError, match=r"cannot tell what to write from 'a.tiff'"):
        await picture.save("a.tiff")


async def test_what_is_seen_in_a_picture(painting: AsyncClient) -> None:
    picture = painting.picture("village", seed=3).draw("tree", rect=RECT)
    seen = await picture.segment()
    assert seen.concepts == ("sky", "tree", "door")
    assert seen.indices().shape == (seen.height, seen.width) == (32, 32)
    assert seen.where("tree").mean() == pytest.approx(seen.shares["tree"])
    answer = await picture.receptivity("tree")
    assert (answer.grid, answer.note is None) == (None, False)
    found = await picture.inspect("layer4", point=(0.3, 0.4), limit=2)
    assert [found.layer, found.height, found.width, len(found.units)] == ["layer4", 8, 8, 2]
    first = found.units[0]
    maps = first.activations()
    assert maps is not None
    assert maps.shape == (8, 8)
    assert maps.min() == pytest.approx(first.low, abs=1e-6)
    assert maps.max() == pytest.approx(first.high, abs=1e-6)
    assert maps[3, 2] == pytest.approx(first.activation, abs=float(maps.max() - maps.min()) / 255)
    inside = await picture.inspect("layer4", rect=(0.25, 0.375, 0.375, 0.5), featuremaps=False, limit=2)
    assert [unit.unit for unit in inside.units] == [unit.unit for unit in found.units]
    assert inside.units[0].activations() is None
    everywhere = await picture.inspect("layer4", limit=1)
    assert len(everywhere.units) == 1
    with pytest.raises(TypeError, match="a point or a mask"):
        await picture.inspect("layer4", point=(0, 0), rect=RECT)


async def test_what_is_installed(painting: AsyncClient) -> None:
    (model,) = await painting.models()
    assert (model.name, model.resolution, model.layers[0].units, model.default) == ("village", 32, 16, True)
    assert model.size == (32, 32)
    concepts = await painting.concepts(model.name)
    assert tuple(concept.name for concept in concepts) == model.concepts == ("tree", "door", "sky")
    assert concepts[1].units[0].level == 2.0
    assert [direction.range for direction in await painting.directions("village")] == [(-3.0, 2.0)] * 2
    with pytest.raises(UnitbrushProblem) as caught:
        await painting.context("village")
    assert caught.value.type == "urn:unitbrush:problem:no-dissection"
    with pytest.raises(UnitbrushProblem) as caught:
        await painting.units("vil/lage", "layer4")
    assert caught.value.status == 404


async def test_what_was_dissected(tmp_path: Path) -> None:
    from tests.helpers.tiny import write_context, write_model, write_units

    write_model(tmp_path)
    write_units(tmp_path / "dissect_results" / "village")
    write_context(tmp_path / "dissect_results" / "village")
    async with connected(settings_in(tmp_path)) as client:
        units = await client.units("village", "layer4", concept="tree", limit=2, offset=1)
        assert (units.total, units.offset, len(units.units)) == (6, 1, 2)
        assert {match.concept for match in units.units[0].matches} == {"tree", "door"}
        gain = (await client.context("village")).draw["tree"]["door"]
        assert gain is not None
        assert gain.drawn == 0.4


def test_a_real_server(installed: Path, catalog: Catalog, tmp_path: Path) -> None:
    token = "a-secret"
    settings = settings_in(installed, data_dir=tmp_path / "data", token=token)
    with threaded_server(settings) as address:
        with Client(f"http://{address}/", token) as client:
            picture = client.picture("village", seed=5).draw("tree", rect=RECT).remove("door")
            picture.save(tmp_path / "picture.png")
            assert (tmp_path / "picture.png").read_bytes() == picture.png() == drawn(catalog, picture.document)
            assert client.load(tmp_path / "picture.png") == picture
            assert picture.image().size == (32, 32)
            assert client.models()[0].name == "village"
            assert len(client.concepts("village")) == 3
            assert picture.segment().width == 32
            assert picture.inspect("layer4", limit=1).units
            assert picture.receptivity("tree").grid is None
            kept = client.keep(picture)
            kept = kept.put(kept.picture.undo()).rename("Five")
            assert client.open(kept.id) == kept
            assert kept.undo().redo().reset().picture.edits == ()
            kept.reload().delete()
        with Client(f"http://{address}") as stranger, pytest.raises(UnitbrushProblem) as caught:
            stranger.models()
    assert (caught.value.status, caught.value.type) == (401, "urn:unitbrush:problem:token-missing")


def test_a_picture_begins_from_a_w_or_one_for_each_layer() -> None:
    client = Client(URL)
    assert client.picture("faces", w=np.arange(2)).document["w"] == [0.0, 1.0]
    assert client.picture("faces", w=np.eye(2)).document["w"] == [[1.0, 0.0], [0.0, 1.0]]
    with pytest.raises(UnitbrushProblem):
        client.picture("faces", seed=1, w=[1.0])


async def test_variations_come_in_one_call_with_the_pictures_to_go_on_with(
    painting: AsyncClient, catalog: Catalog
) -> None:
    picture = painting.picture("village", z=[0.5] * 8).draw("tree", rect=RECT)
    variations = await picture.variations(np.array([7, 3]))
    assert [other.document["seed"] for other, _ in variations] == [7, 3]
    for other, image in variations:
        assert "z" not in other.document
        assert np.array_equal(image, Image.open(io.BytesIO(drawn(catalog, other.document))))
    small = await picture.variations([7], size=16)
    assert small[0][1].size == (16, 16)
    with pytest.raises(UnitbrushProblem, match="/seeds/0"):
        await picture.variations([-1, 2**32])
