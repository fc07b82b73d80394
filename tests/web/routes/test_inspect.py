from __future__ import annotations

import base64
import io
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from PIL import Image

from server.lab.dissect.running.work import write_arrays
from server.painting.painter import Painter
from server.painting.parsing import parse_picture
from tests.helpers.serving import asgi_client, settings_in

PICTURE = {"version": 1, "model": "village", "seed": 3, "edits": []}
AT = {"picture": PICTURE, "layer": "layer4"}
UNITS = 12


@pytest_asyncio.fixture
async def dissected(installed: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client where layer4 was dissected: every unit has mean 0 and deviation 1, and agrees with the door."""
    shutil.copytree(installed, tmp_path, dirs_exist_ok=True)
    flat = np.ones(UNITS, np.float32)
    held = {
        "iou": np.tile(np.array([0.1, 0.25], np.float32), (UNITS, 1)),
        "iou_fixed": np.zeros((UNITS, 2), np.float32),
        "threshold": np.zeros((UNITS, 2), np.float32),
        "mean": flat * 0,
        "deviation": flat,
        "high": flat * 2.3263,
        "strongest": np.zeros((UNITS, 1), np.int64),
        "regions": np.zeros((UNITS, 1, 72), np.uint8),
    }
    arrays = {f"layer4/{name}": array for name, array in held.items()}
    path = tmp_path / "dissect_results" / "village" / "units.npz"
    write_arrays(path, {**arrays, "concepts": np.array(["tree", "door"])})
    async with asgi_client(settings_in(tmp_path)) as client:
        yield client


async def asked(client: httpx.AsyncClient, **members: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/inspect", json={**AT, **members})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_units_at_a_point_with_their_featuremaps(client: httpx.AsyncClient, painter: Painter) -> None:
    answer = await asked(client, point=[0.3, 0.8], limit=3)
    assert (answer["layer"], answer["height"], answer["width"]) == ("layer4", 8, 8)
    assert len(answer["units"]) == 3
    r = painter.featuremaps(parse_picture(PICTURE), "layer4")
    for unit in answer["units"]:
        own = r[:, :, unit["unit"]]
        assert unit["activation"] == pytest.approx(own[6, 2])
        assert unit["quantile"] is None
        grey = np.asarray(Image.open(io.BytesIO(base64.b64decode(unit["featuremap"]))))
        assert np.allclose(unit["low"] + grey / 255 * (unit["high"] - unit["low"]), own, atol=np.ptp(own) / 255)


async def test_a_dissected_layer_has_quantiles_and_names(dissected: httpx.AsyncClient) -> None:
    units = (await asked(dissected, point=[0.3, 0.8], limit=UNITS))["units"]
    activations = [unit["activation"] for unit in units]
    assert activations == sorted(activations, reverse=True)
    quantiles = [unit["quantile"] for unit in units]
    assert quantiles == sorted(quantiles, reverse=True)
    assert all((unit["quantile"] > 0.5) == (unit["activation"] > 0) for unit in units)
    assert {(unit["concept"], unit["iou"]) for unit in units} == {("door", 0.25)}
    other = (await asked(dissected, layer="layer3", point=[0.3, 0.8]))["units"]
    assert {unit["quantile"] for unit in other} == {None}


async def test_the_units_of_another_generator_are_not_believed(dissected: httpx.AsyncClient, tmp_path: Path) -> None:
    path = tmp_path / "dissect_results" / "village" / "units.npz"
    with np.load(path) as held:
        fewer = {name: held[name] if name == "concepts" else held[name][:5] for name in held.files}
    write_arrays(path, fewer)
    assert {unit["quantile"] for unit in (await asked(dissected, point=[0.5, 0.5]))["units"]} == {None}


async def test_a_mask_gives_means(client: httpx.AsyncClient, painter: Painter) -> None:
    r = painter.featuremaps(parse_picture(PICTURE), "layer4")
    whole = await asked(client, mask=None, limit=99, featuremaps=False)
    assert len(whole["units"]) == UNITS
    for unit in whole["units"]:
        assert unit["activation"] == pytest.approx(r[:, :, unit["unit"]].mean(), abs=1e-5)
        assert unit["featuremap"] is unit["low"] is unit["high"] is None
    part = await asked(client, mask={"rect": [0, 0.5, 0.25, 1]}, limit=UNITS)
    for unit in part["units"]:
        assert unit["activation"] == pytest.approx(r[4:, :2, unit["unit"]].mean(), abs=1e-5)


async def test_a_region_is_a_mask_too(client: httpx.AsyncClient) -> None:
    shares = (await client.post("/api/v1/segment", json=PICTURE)).json()["shares"]
    seen = max(shares, key=lambda name: shares[name])
    answer = await asked(client, mask={"concept": seen, "at": [0.5, 0.5]})
    assert len(answer["units"]) == UNITS
    missing = next((name for name, share in shares.items() if share == 0), None)
    if missing is not None:
        empty = await client.post("/api/v1/inspect", json={**AT, "mask": {"concept": missing}})
        assert (empty.status_code, empty.json()["pointer"]) == (422, "/mask")


async def test_what_is_copied_at_one_place_can_be_stamped_at_another(client: httpx.AsyncClient) -> None:
    copied = (await asked(client, point=[0.1, 0.1], limit=UNITS, featuremaps=False))["units"]
    stamp = {
        "op": "draw",
        "mask": {"rect": [0.75, 0.75, 1, 1]},
        "layer": "layer4",
        "units": [unit["unit"] for unit in copied],
        "levels": [unit["activation"] for unit in copied],
    }
    stamped = {**PICTURE, "edits": [stamp]}
    before = {u["unit"]: u["activation"] for u in (await asked(client, point=[0.9, 0.9], limit=UNITS))["units"]}
    there = (await asked(client, picture=stamped, point=[0.9, 0.9], limit=UNITS))["units"]
    assert {u["unit"]: u["activation"] for u in there} == pytest.approx({u["unit"]: u["activation"] for u in copied})
    assert before != pytest.approx({u["unit"]: u["activation"] for u in copied})
    beside = [await asked(client, picture=picture, point=[0.6, 0.9], limit=UNITS) for picture in (PICTURE, stamped)]
    assert {u["unit"]: u["activation"] for u in beside[0]["units"]} == {
        u["unit"]: u["activation"] for u in beside[1]["units"]
    }
    images = [await client.post("/api/v1/render", json=picture) for picture in (PICTURE, stamped)]
    assert images[0].content != images[1].content


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({}, ""),
        ({"point": [0.5, 0.5], "mask": None}, ""),
        ({"point": [0.5]}, "/point"),
        ({"point": [0.5, 1.5]}, "/point/1"),
        ({"point": [0.5, 0.5], "limit": 0}, "/limit"),
        ({"point": [0.5, 0.5], "limit": 1.5}, "/limit"),
        ({"point": [0.5, 0.5], "layer": "layer9"}, "/layer"),
        ({"point": [0.5, 0.5], "more": 1}, "/more"),
        ({"mask": {"rect": [0, 0, 0, 1]}}, "/mask"),
        ({"mask": {"concept": "dragon"}}, "/mask/concept"),
        ({"mask": {"png": "x"}}, "/mask"),
        ({"point": [0.5, 0.5], "picture": 7}, "/picture"),
        ({"point": [0.5, 0.5], "picture": {"seed": -1}}, "/picture/seed"),
        (
            {"point": [0.5, 0.5], "picture": {"seed": 1, "edits": [{"op": "draw", "concept": "dragon", "mask": None}]}},
            "/picture/edits/0/concept",
        ),
    ],
)
async def test_bad_input_is_a_problem_with_a_pointer(
    client: httpx.AsyncClient, members: dict[str, Any], pointer: str
) -> None:
    answer = await client.post("/api/v1/inspect", json={**AT, **members})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["pointer"] == pointer
