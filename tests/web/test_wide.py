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
from server.inversion.own import fit
from tests.client.conftest import connected
from tests.helpers.networks import LATENT
from tests.helpers.own import file_of, in_base64, photo
from tests.helpers.serving import asgi_client, grey, renders, settings_in
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


def disc(x: float, y: float, radius: float, scale: int = 8, inverted: bool = False, aspect: float = 1.0) -> str:
    """A disc as a PNG in base64. radius: in widths. aspect: of what is drawn, round in pixels where it is 1."""
    shown, around = (0, 255) if inverted else (255, 0)
    image = Image.new("L", (scale * WIDTH, scale * HEIGHT), around)
    across, down = radius * image.width, radius * image.width / aspect
    left, top = x * image.width - across, y * image.height - down
    ImageDraw.Draw(image).ellipse((left, top, left + 2 * across, top + 2 * down), fill=shown)
    return encoded(image)


def encoded(image: Image.Image) -> str:
    image.save(out := io.BytesIO(), "PNG")
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
    stroke = {"points": [[0.3, 0.6]], "radius": 0.15}
    whole = {"rect": [0, 0, 1, 1], "erase": [stroke]}
    for mask, inverted in (({"strokes": [stroke]}, False), (whole, True)):
        painted = await pixels(client, drawing(mask))
        differs = [
            np.abs(painted - await pixels(client, drawing({"png": disc(0.3, 0.6, 0.15, 8, inverted, aspect)}))).mean()
            for aspect in (1.0, WIDTH / HEIGHT)
        ]
        assert differs[0] < differs[1] / 5


async def test_things_are_seen_and_painted_where_they_are(client: httpx.AsyncClient) -> None:
    seen = (await client.post("/api/v1/segment", json=PICTURE)).json()
    labels = grey(seen["labels"])
    assert (seen["height"], seen["width"]) == labels.shape == SIZE
    concept = SEEN[int(np.bincount(labels.ravel()).argmax())]
    raster = Image.fromarray(np.where(labels == SEEN.index(concept), 255, 0).astype(np.uint8))
    region = await pixels(client, drawing({"concept": concept}))
    png = await pixels(client, drawing({"png": encoded(raster)}))
    assert np.array_equal(region, png)
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
    assert [layer["shape"] for layer in layers] == [list(GRID)]
    ones = "".join("1" if column < 128 else "0" for _ in range(256) for column in range(256))
    mask = {"shape": [256, 256], "bitbounds": [0, 0, 256, 256], "bitstring": ones}
    units = [{"layer": "middle", "unit": unit, "alpha": 1, "value": 4.0} for unit in (0, 3)]
    body = {"project": "wide", "ids": [5], "interventions": [{"ablations": units, "mask": mask}]}
    (image,) = (await client.post("/api/generate", json=body)).json()["res"]
    drawn = Image.open(io.BytesIO(base64.b64decode(image["d"].partition(",")[2])))
    assert drawn.size == (WIDTH, HEIGHT)
    z = np.random.RandomState(1).standard_normal((6, LATENT))[5].astype(np.float32).tolist()
    edit = {"op": "draw", "units": [0, 3], "levels": [4.0, 4.0], "layer": "middle", "mask": {"rect": [0, 0, 0.5, 1]}}
    answer = await client.post("/api/v1/render?format=jpeg", json={"model": "wide", "z": z, "edits": [edit]})
    assert np.array_equal(np.asarray(drawn), np.asarray(Image.open(io.BytesIO(answer.content))))


async def test_the_page_has_the_shape_of_its_first_picture(installed: Path) -> None:
    frontend = Path(__file__).parents[2] / "frontend"
    settings = settings_in(installed, default_model="wide", trusted_modules=REFERENCE, frontend_dir=frontend)
    async with asgi_client(settings) as client:
        await renders(client)  # once the first picture is there
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


async def test_a_picture_of_ones_own_has_the_models_shape(client: httpx.AsyncClient) -> None:
    file = {"image": in_base64(file_of(photo()))}
    begun = await client.post("/api/v1/invert", json={**file, "model": "wide", "steps": 2})
    address = begun.headers["location"]
    await client.get(f"{address}/events")
    result = (await client.get(f"{address}/result")).json()
    own = Image.open(io.BytesIO(base64.b64decode(result["own"])))
    assert own.size == (60, 36)  # of 60x40
    assert (await pixels(client, result["picture"])).shape == (*SIZE, 3)
    composite = await client.post("/api/v1/composite?size=40", json={**file, "picture": result["picture"]})
    shown = np.asarray(Image.open(io.BytesIO(composite.content)))
    assert np.array_equal(shown, fit(np.asarray(photo().crop((0, 2, 60, 38))), (24, 40)))
