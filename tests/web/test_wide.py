"""Pictures that are no squares, wherever a server shows or reads them."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

from server.client import AsyncClient
from tests.client.conftest import connected
from tests.helpers.serving import asgi_client, grey, settings_in
from tests.helpers.tiny import SEEN, write_context, write_model
from tests.helpers.wide import GRID, REFERENCE, SIZE, UNITS, write_wide

HEIGHT, WIDTH = SIZE
PICTURE: dict[str, Any] = {"version": 1, "model": "wide", "seed": 3, "edits": []}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wide")
    write_model(folder)
    write_wide(folder)
    write_context(folder / "dissect_results" / "wide")
    return folder


@pytest.fixture
async def client(installed: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with asgi_client(settings_in(installed, trusted_modules=REFERENCE)) as client:
        yield client


def drawing(mask: dict[str, Any]) -> dict[str, Any]:
    return {**PICTURE, "edits": [{"op": "draw", "concept": "tree", "mask": mask}]}


async def pixels(client: httpx.AsyncClient, picture: dict[str, Any]) -> np.ndarray:
    answer = await client.post("/api/v1/render", json=picture)
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"), int)


def disc(x: float, y: float, radius: float, scale: int = 8) -> str:
    """A disc as a PNG in base64, round in pixels. radius: in widths."""
    image = Image.new("L", (scale * WIDTH, scale * HEIGHT))
    r = radius * image.width
    centre = x * image.width, y * image.height
    ImageDraw.Draw(image).ellipse((centre[0] - r, centre[1] - r, centre[0] + r, centre[1] + r), fill=255)
    out = io.BytesIO()
    image.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


async def test_a_model_tells_both_sides(client: httpx.AsyncClient) -> None:
    models = {model["name"]: model for model in (await client.get("/api/v1/models")).json()["models"]}
    assert (models["wide"]["resolution"], models["wide"]["size"]) == (WIDTH, [HEIGHT, WIDTH])
    assert (models["village"]["resolution"], models["village"]["size"]) == (32, [32, 32])


async def test_images_keep_their_shape_in_every_size(client: httpx.AsyncClient) -> None:
    for size, shape in ((None, (WIDTH, HEIGHT)), (40, (40, 24)), (160, (160, 96))):
        query = {"format": "png", **({"size": size} if size else {})}
        answer = await client.get("/api/v1/models/wide/images/3", params=query)
        assert Image.open(io.BytesIO(answer.content)).size == shape


async def test_strokes_are_round(client: httpx.AsyncClient) -> None:
    plain, stroke = await pixels(client, PICTURE), {"points": [[0.3, 0.6]], "radius": 0.15}
    dab = await pixels(client, drawing({"strokes": [stroke]}))
    assert np.abs(dab - await pixels(client, drawing({"png": disc(0.3, 0.6, 0.15)}))).max() <= 6
    assert (dab != plain).any()
    whole = drawing({"rect": [0, 0, 1, 1], "erase": [stroke]})
    Image.fromarray(255 - np.asarray(Image.open(io.BytesIO(base64.b64decode(disc(0.3, 0.6, 0.15)))))).save(
        out := io.BytesIO(), "PNG"
    )
    rest = drawing({"png": base64.b64encode(out.getvalue()).decode()})
    assert np.abs(await pixels(client, whole) - await pixels(client, rest)).max() <= 6


async def test_things_are_seen_and_painted_where_they_are(client: httpx.AsyncClient) -> None:
    seen = (await client.post("/api/v1/segment", json=PICTURE)).json()
    labels = grey(seen["labels"])
    assert (seen["height"], seen["width"]) == labels.shape == SIZE
    concept = SEEN[int(np.bincount(labels.ravel()).argmax())]
    raster = np.where(labels == SEEN.index(concept), 255, 0).astype(np.uint8)
    Image.fromarray(raster).save(out := io.BytesIO(), "PNG")
    region = await pixels(client, drawing({"concept": concept}))
    png = await pixels(client, drawing({"png": base64.b64encode(out.getvalue()).decode()}))
    assert np.array_equal(region, png)
    # Where that is all of the picture, both are also what no mask at all gives.
    grid = (await client.post("/api/v1/receptivity", json={"picture": PICTURE, "concept": "tree"})).json()["grid"]
    assert np.shape(grid) == (16, 16)


async def test_units_are_told_of_a_place(client: httpx.AsyncClient) -> None:
    question = {"picture": PICTURE, "layer": "middle", "limit": UNITS}
    at = {"point": [(13 + 0.5) / GRID[1], (4 + 0.5) / GRID[0]]}
    cell = {"mask": {"rect": [13 / GRID[1], 4 / GRID[0], 14 / GRID[1], 5 / GRID[0]]}}
    answers = [(await client.post("/api/v1/inspect", json={**question, **where})).json() for where in (at, cell)]
    assert (answers[0]["height"], answers[0]["width"]) == GRID
    activations = [{unit["unit"]: unit["activation"] for unit in answer["units"]} for answer in answers]
    assert activations[0] == pytest.approx(activations[1], abs=1e-4)
    for unit in answers[0]["units"]:
        shown = grey(unit["featuremap"])
        assert shown.shape == GRID
        value = unit["low"] + shown[4, 13] / 255 * (unit["high"] - unit["low"])
        assert value == pytest.approx(unit["activation"], abs=(unit["high"] - unit["low"]) / 250)


async def test_the_2018_api_lays_its_masks_over_it(client: httpx.AsyncClient) -> None:
    layers = (await client.get("/api/layers", params={"project": "wide"})).json()["res"]
    assert [layer["shape"] for layer in layers] == [[12, 20], [24, 40]]
    ones = "".join("1" if column < 128 else "0" for _ in range(256) for column in range(256))
    mask = {"shape": [256, 256], "bitbounds": [0, 0, 256, 256], "bitstring": ones}
    units = [{"layer": "middle", "unit": unit, "alpha": 1, "value": 4.0} for unit in (0, 3)]
    body = {"project": "wide", "ids": [5], "interventions": [{"ablations": units, "mask": mask}]}
    (image,) = (await client.post("/api/generate", json=body)).json()["res"]
    drawn = Image.open(io.BytesIO(base64.b64decode(image["d"].partition(",")[2])))
    assert drawn.size == (WIDTH, HEIGHT)
    z = np.random.RandomState(1).standard_normal((6, 12))[5].astype(np.float32).tolist()
    edit = {"op": "draw", "units": [0, 3], "levels": [4.0, 4.0], "layer": "middle", "mask": {"rect": [0, 0, 0.5, 1]}}
    answer = await client.post("/api/v1/render?format=jpeg", json={"model": "wide", "z": z, "edits": [edit]})
    assert np.array_equal(np.asarray(drawn), np.asarray(Image.open(io.BytesIO(answer.content))))


async def test_the_page_has_the_shape_of_its_first_picture(installed: Path) -> None:
    frontend = Path(__file__).parents[2] / "frontend"
    settings = settings_in(installed, default_model="wide", trusted_modules=REFERENCE, frontend_dir=frontend)
    async with asgi_client(settings) as client:
        while (await client.get("/readyz")).status_code != 200:
            pass
        assert f"--aspect: {WIDTH / HEIGHT};" in (await client.get("/")).text


async def test_the_client_reads_it(installed: Path) -> None:
    client: AsyncClient
    async with connected(settings_in(installed, trusted_modules=REFERENCE)) as client:
        sizes = {model.name: model.size for model in await client.models()}
        assert sizes == {"village": (32, 32), "wide": SIZE}
        picture = client.picture("wide", seed=3)
        seen = await picture.segment()
        assert seen.indices().shape == SIZE
        drawn = picture.draw("tree", png=seen.where(seen.concepts[int(seen.indices()[0, 0])]))
        assert (await drawn.image()).size == (WIDTH, HEIGHT)
