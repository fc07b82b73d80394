"""A StyleGAN2 model is found, listed and painted as any other, and a picture may give its w's."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from PIL import Image

from server.client import AsyncClient
from server.errors import PictureError
from server.lab.dissect.report.dissection import save_dissection
from server.model.catalog import Catalog
from server.model.latents import latent_of
from server.model.pixels import to_pixels
from server.painting.imaging import encode, read_document
from server.painting.painter import Painter
from server.painting.parsing import parse_picture
from server.painting.picture import Edit, Picture, Rect, picture_to_json
from server.results.brush import Brush, Dissection, RankedUnit
from tests.client.conftest import connected
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.stylegan2_reference import Array, draw, map_latent
from tests.helpers.stylegan2_weights import LATENT_DIM, W_DIM, random_weights, tensors_a, tensors_b
from tests.helpers.tiny import write_model

UNITS, LEVELS = (0, 2), (1.5, -2.0)
LEFT = Edit("draw", None, Rect((0.0, 0.0, 0.5, 1.0)), UNITS, LEVELS, layer="layer3")
FACES = random_weights()  # 16 pixels, at layer3 8
W_SHAPE = (len(FACES.layers) + 1, W_DIM)


def write_faces(folder: Path, **card: Any) -> None:
    """A random StyleGAN2 with a brush at layer4, under models/faces and dissect_results/faces."""
    model = folder / "models" / "faces"
    model.mkdir(parents=True)
    torch.save({"g_ema": tensors_a(FACES)}, model / "generator.pt")
    (model / "model.json").write_text(json.dumps({"schema": 1, "title": "Faces", **card}))
    units = tuple(RankedUnit(unit, iou=None, effect=None, level=2.0) for unit in (2, 0, 1))
    brush = Brush("hair", "layer4", units, recommended_units=2, draw_effect=None, remove_effect=None, best=True)
    save_dissection(folder / "dissect_results" / "faces", Dissection("faces", (brush,)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the tiny model and faces."""
    folder = tmp_path_factory.mktemp("faces")
    write_model(folder)
    write_faces(folder)
    return folder


@pytest.fixture
def painter(folder: Path) -> Painter:
    return Painter(Catalog(folder / "models", folder / "dissect_results"))


def left(r: Array) -> Array:
    """What LEFT makes of layer3's output."""
    edited = r.copy()
    edited[list(UNITS), :, :4] = np.array(LEVELS)[:, None, None]
    return edited


def pixels_of(image: Array) -> np.ndarray:
    return to_pixels(torch.from_numpy(image)[None])[0].astype(int)


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("by", ["seed", "z", "w", "w a layer"])
def test_the_painter_draws_what_the_reference_draws(painter: Painter, by: str, edited: bool) -> None:
    w = map_latent(FACES, latent_of(7, LATENT_DIM)).astype(np.float32)
    each = np.tile(w, (W_SHAPE[0], 1))
    if by == "w a layer":
        each = np.random.default_rng(3).standard_normal(W_SHAPE).astype(np.float32)
    start: dict[str, Any] = {
        "seed": {"seed": 7},
        "z": {"z": tuple(latent_of(7, LATENT_DIM).tolist())},
        "w": {"w": tuple(w.tolist())},
        "w a layer": {"w": tuple(map(tuple, each.tolist()))},
    }[by]
    picture = Picture("faces", **start, edits=(LEFT,) if edited else ())
    expected = draw(FACES, each, {3: left} if edited else None)
    assert np.abs(painter.render(picture).astype(int) - pixels_of(expected[-1])).max() <= 1
    r = painter.featuremaps(picture, "layer3").transpose(2, 0, 1)
    np.testing.assert_allclose(r, expected[2], atol=1e-4)
    again = parse_picture(picture_to_json(picture))
    assert np.array_equal(painter.render(again), painter.render(picture))


def test_edits_of_several_layers_and_brushes_are_painted(painter: Painter) -> None:
    plain = Picture("faces", seed=3)
    brush = Edit("draw", "hair", Rect((0.5, 0.0, 1.0, 1.0)))
    for edits in ((brush,), (LEFT,), (LEFT, brush), (replace(brush, op="remove"),)):
        assert not np.array_equal(painter.render(replace(plain, edits=edits)), painter.render(plain))
    kept = encode(painter.render(plain), "png", picture_to_json(Picture("faces", w=(0.5,) * W_DIM)))
    assert parse_picture(read_document(kept)).w == (0.5,) * W_DIM


def test_the_card_says_how_far_w_is_truncated(tmp_path: Path, painter: Painter) -> None:
    write_faces(tmp_path, truncation=0.5)
    truncated = Painter(Catalog(tmp_path / "models", tmp_path / "dissect_results"))
    w = np.tile(map_latent(FACES, latent_of(7, LATENT_DIM), truncation=0.5), (W_SHAPE[0], 1))
    drawn = truncated.render(Picture("faces", seed=7))
    assert np.abs(drawn.astype(int) - pixels_of(draw(FACES, w)[-1])).max() <= 1
    given = Picture("faces", w=(0.25,) * W_DIM)  # as it is, whatever the card says
    assert np.array_equal(truncated.render(given), painter.render(given))


@pytest.mark.parametrize("truncation", [-0.1, 1.5, "0.7", None, True, [0.7]])
def test_another_truncation_is_refused(tmp_path: Path, truncation: Any) -> None:
    write_faces(tmp_path, truncation=truncation)
    catalog = Catalog(tmp_path / "models", tmp_path / "dissect_results")
    with pytest.raises(Exception, match=r"faces/model\.json: damaged"):
        catalog.get("faces")


def test_a_w_has_to_fit(painter: Painter) -> None:
    wrong: list[Any] = [
        (1.0,) * (W_DIM + 1),
        ((1.0,) * W_DIM,) * (W_SHAPE[0] - 1),
        ((1.0,) * (W_DIM - 1),) * W_SHAPE[0],
        (*((1.0,) * W_DIM,) * (W_SHAPE[0] - 1), (1.0,)),
    ]
    for w in wrong:
        with pytest.raises(PictureError, match=f"w is {W_DIM} numbers for 'faces', or {W_SHAPE[0]} lists") as refused:
            painter.render(Picture("faces", w=w))
        assert refused.value.pointer == "/w"
    with pytest.raises(PictureError, match="'village' has no w") as refused:
        painter.render(Picture("village", w=(1.0,) * 8))
    assert refused.value.pointer == "/w"


async def test_the_api_lists_and_paints_it(folder: Path, tmp_path: Path) -> None:
    async with asgi_client(settings_in(folder, data_dir=tmp_path)) as client:
        models = {model["name"]: model for model in (await client.get("/api/v1/models")).json()["models"]}
        assert models["village"]["w_shape"] is None
        faces = models["faces"]
        assert faces["family"] == "StyleGAN2"
        assert (faces["resolution"], faces["latent_dim"], faces["w_shape"]) == (16, LATENT_DIM, list(W_SHAPE))
        assert faces["layers"][0] == {"name": "layer1", "units": 6, "height": 4, "width": 4}
        assert [(layer["name"], layer["height"]) for layer in faces["layers"][1:]] == [
            *(("layer2", 8), ("layer3", 8)),
            *(("layer4", 16), ("layer5", 16)),
        ]
        edit = {"op": "draw", "mask": None, "units": [1], "levels": [3.0], "layer": "layer2"}
        start = {"model": "faces", "w": [0.5] * W_DIM}
        plain = await client.post("/api/v1/render", json=start)
        drawn = await client.post("/api/v1/render", json={**start, "edits": [edit]})
        assert (plain.status_code, drawn.status_code) == (200, 200)
        assert plain.content != drawn.content
        await keeps(client, start)
        refused = await client.post("/api/v1/render", json={"model": "village", "w": [0.5] * 8})
        assert (refused.status_code, refused.json()["pointer"]) == (422, "/w")


async def test_the_w_of_a_seed_is_the_same_scene(folder: Path, tmp_path: Path) -> None:
    write_faces(tmp_path, truncation=0.5)
    async with asgi_client(settings_in(tmp_path, default_model="faces")) as client:
        answer = await client.get("/api/v1/models/faces/w/7")
        w = answer.json()["w"]
        expected = map_latent(FACES, latent_of(7, LATENT_DIM), truncation=0.5)
        np.testing.assert_allclose(w, expected, atol=1e-5)
        images = [
            (await client.post("/api/v1/render", json={"model": "faces", **start})).content
            for start in ({"seed": 7}, {"w": w}, {"w": [w] * W_SHAPE[0]})
        ]
        shown = [np.asarray(Image.open(io.BytesIO(image))) for image in images]
        assert all(np.array_equal(image, shown[0]) for image in shown)
        known = {"If-None-Match": answer.headers["etag"]}
        assert (await client.get("/api/v1/models/faces/w/7", headers=known)).status_code == 304
        for path, status in (("faces/w/-1", 422), (f"faces/w/{2**32}", 422), ("nobody/w/1", 404)):
            assert (await client.get(f"/api/v1/models/{path}")).status_code == status
    async with asgi_client(settings_in(folder, data_dir=tmp_path / "data")) as client:
        refused = await client.get("/api/v1/models/village/w/7")
        assert (refused.status_code, refused.json()["detail"]) == (
            404,
            "'village' has no w, as a Progressive GAN has none",
        )


async def test_the_client_gives_it(folder: Path, tmp_path: Path) -> None:
    client: AsyncClient
    async with connected(settings_in(folder, data_dir=tmp_path)) as client:
        picture = client.picture("faces", w=await client.w("faces", 7))
        assert np.array_equal(np.asarray(await picture.image()), np.asarray(await client.picture("faces", 7).image()))


async def keeps(client: httpx.AsyncClient, start: dict[str, Any]) -> None:
    """The server keeps pictures that give their w, through edits and undoing."""
    kept = (await client.post("/api/v1/pictures", json=start)).json()
    assert kept["picture"]["w"] == start["w"]
    assert "seed" not in kept["picture"]
    call = f"/api/v1/pictures/{kept['id']}"
    for step, body in (("draw", {"concept": "hair", "mask": None}), ("undo", None)):
        answer = (await client.post(f"{call}/{step}", json=body)).json()
        assert answer["picture"]["w"] == start["w"]


def test_both_layouts_paint_the_same(tmp_path: Path, painter: Painter) -> None:
    write_faces(tmp_path)
    torch.save({"G_ema": tensors_b(FACES)}, tmp_path / "models" / "faces" / "generator.pt")
    other = Painter(Catalog(tmp_path / "models", tmp_path / "dissect_results"))
    picture = Picture("faces", seed=5, edits=(LEFT,))
    difference = other.render(picture).astype(int) - painter.render(picture)
    assert np.abs(difference).max() <= 1
