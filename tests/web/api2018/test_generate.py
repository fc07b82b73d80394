from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch

from server.model.catalog import Catalog
from server.model.pixels import to_pixels
from server.painting.imaging import encode
from server.settings import Settings
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import write_model
from tests.web.api2018.asking import LATENT, jpeg, latent, painted, pixels, refused

UNITS = [{"layer": "layer4", "unit": unit, "alpha": 1, "value": 3.0 - unit} for unit in range(5)]


async def generate(client: httpx.AsyncClient, **members: Any) -> list[dict[str, Any]]:
    body = {"project": "village", **members}
    answer = await client.post("/api/generate", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["request"] == body
    res: list[dict[str, Any]] = answer.json()["res"]
    return res


async def rendered(client: httpx.AsyncClient, **members: Any) -> bytes:
    answer = await client.post("/api/v1/render?format=jpeg", json={"model": "village", **members})
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.parametrize("interventions", [{}, {"interventions": None}, {"interventions": []}])
async def test_unedited_images_come_as_addresses(client: httpx.AsyncClient, interventions: dict[str, Any]) -> None:
    res = await generate(client, ids=[104, 3, 104], wantz=0, ablations=[], **interventions)
    assert [one["id"] for one in res] == [104, 3, 104]
    for one in res:
        assert one["d"].startswith("/data/village/cache/img/id/")
        image = await client.get(one["d"])
        assert (image.status_code, image.headers["content-type"]) == (200, "image/jpeg")
        assert image.content == await rendered(client, z=latent(one["id"]).tolist())


async def test_the_latents_do_not_depend_on_what_else_is_asked_for(client: httpx.AsyncClient) -> None:
    several = await generate(client, ids=[1362, 0, 1023, 1024])
    for one in several:
        expected = await rendered(client, z=latent(one["id"]).tolist())
        assert (await client.get(one["d"])).content == expected


async def test_latents_may_be_given_themselves(client: httpx.AsyncClient) -> None:
    zs = [latent(7).tolist(), [1] * LATENT]
    res = await generate(client, zs=zs)
    assert [jpeg(one["d"]) for one in res] == [await rendered(client, z=z) for z in zs]
    assert all(set(one) == {"d"} for one in res)


async def test_units_are_set_everywhere_without_a_mask(client: httpx.AsyncClient) -> None:
    (one,) = await generate(client, ids=[5], interventions=[{"ablations": UNITS}])
    units, levels = [u["unit"] for u in UNITS], [u["value"] for u in UNITS]
    edit = {"op": "draw", "mask": None, "layer": "layer4", "units": units, "levels": levels}
    assert set(one) == {"d"}
    assert jpeg(one["d"]) == await rendered(client, z=latent(5).tolist(), edits=[edit])


@pytest.mark.parametrize("mask", [{}, {"mask": None}, {"mask": {}}])
async def test_a_missing_mask_is_no_mask(client: httpx.AsyncClient, mask: dict[str, Any]) -> None:
    everywhere = await generate(client, ids=[5], interventions=[{"ablations": UNITS}])
    assert await generate(client, ids=[5], interventions=[{"ablations": UNITS, **mask}]) == everywhere


@pytest.mark.parametrize("project", ["tiny", "shipped"])
@pytest.mark.parametrize("pooling", [{}, {"maskpooling": "max"}, {"maskpooling": None}, {"maskpooling": "mean"}])
async def test_the_same_edit_gives_the_same_pixels_in_a_picture(
    client: httpx.AsyncClient, tmp_path: Path, project: str, pooling: dict[str, Any]
) -> None:
    bits = np.zeros((32, 32))
    bits[8:20, 4:16] = 1  # whole cells of 8x8
    if pooling.get("maskpooling") == "mean":
        bits[3:9, 20:31] = 1
    if project == "tiny":
        await _compare(client, painted(bits), pooling)
    else:
        async with asgi_client(Settings(data_dir=tmp_path / "own", threads=1)) as shipped:
            await _compare(shipped, painted(bits), pooling)


async def _compare(client: httpx.AsyncClient, mask: str, pooling: dict[str, Any]) -> None:
    model = (await client.get("/api/v1/models")).json()["models"][0]
    layer = model["edit_layer"]
    units = [0, 3, 7, 11]
    levels = [9.5, -2.0, 0.0, 4.25]
    ablations = [
        {"layer": layer, "unit": unit, "alpha": 1, "value": level} for unit, level in zip(units, levels, strict=True)
    ]
    intervention = {"ablations": ablations, "mask": {"shape": [], "bitbounds": [], "bitstring": mask}, **pooling}
    (one,) = await generate(client, ids=[104], interventions=[intervention])
    edit = {"op": "draw", "mask": {"png": mask}, "layer": layer, "units": units, "levels": levels}
    z = latent(104, model["latent_dim"]).tolist()
    assert jpeg(one["d"]) == await rendered(client, z=z, edits=[edit])
    assert jpeg(one["d"]) != await rendered(client, z=z)


async def test_interventions_compose_as_that_server_composes_them(client: httpx.AsyncClient, catalog: Catalog) -> None:
    """Several layers, alphas and masks, one unit in all of them, against the rule written out."""
    corner = {"shape": [8, 8], "bitbounds": [0, 0, 5, 4], "bitstring": "1" * 20}
    middle = {"shape": [16, 16], "bitbounds": [5, 5, 12, 12], "bitstring": "10" * 24 + "1"}
    interventions = [
        {
            "ablations": [
                {"layer": "layer4", "unit": 2, "value": 6.0},
                {"layer": "layer4", "unit": 3, "alpha": 0.25, "value": -3},
                {"layer": "layer6", "unit": 1, "alpha": None, "value": None},
            ],
            "mask": corner,
        },
        {
            "ablations": [
                {"layer": "layer4", "unit": 2, "alpha": 0.5, "value": 2},
                {"layer": "layer4", "unit": 5, "alpha": 1, "value": 9},
                {"layer": "layer4", "unit": 5, "alpha": 0.75, "value": 1},  # the last counts
                {"layer": "layer4", "unit": 2, "alpha": 0, "value": 0},  # which says nothing
                {"layer": "layer6", "unit": 4, "alpha": 0, "value": 5},
            ],
            "mask": middle,
            "maskpooling": "mean",
        },
        {"ablations": [{"layer": "layer6", "unit": 1, "alpha": 0.5, "value": 4}]},
        {"ablations": None},
        {},
    ]
    (one,) = await generate(client, ids=[9], interventions=interventions)

    alpha = {name: np.zeros((units, side, side)) for name, units, side in (("layer4", 12, 8), ("layer6", 8, 16))}
    value = {name: np.zeros_like(a) for name, a in alpha.items()}

    def over(layer: str, unit: int, a2: np.ndarray | float, v2: float) -> None:
        a1, v1 = alpha[layer][unit], value[layer][unit]
        a = 1 - (1 - a2) * (1 - a1)
        value[layer][unit] = (v1 * a1 * (1 - a2) + v2 * a2) / (a + 1e-40)
        alpha[layer][unit] = a

    def cells(mask: dict[str, Any], side: int, pooling: str) -> np.ndarray:
        y0, x0, y1, x1 = mask["bitbounds"]
        raster = torch.zeros(1, *mask["shape"])
        raster[0, y0:y1, x0:x1] = torch.tensor([float(bit) for bit in mask["bitstring"]]).reshape(y1 - y0, x1 - x0)
        pool = getattr(torch.nn.functional, f"adaptive_{pooling}_pool2d")
        array: np.ndarray = pool(raster, side)[0].double().numpy()
        return array

    over("layer4", 2, cells(corner, 8, "max"), 6)
    over("layer4", 3, 0.25 * cells(corner, 8, "max"), -3)
    over("layer6", 1, cells(corner, 16, "max"), 0)
    over("layer4", 2, 0.5 * cells(middle, 8, "avg"), 2)
    over("layer4", 5, 0.75 * cells(middle, 8, "avg"), 1)
    over("layer6", 1, 0.5, 4)

    generator = catalog.get("village").generator
    with torch.inference_mode():
        out, at = generator.trunk(torch.from_numpy(latent(9))[None], "layer4"), "layer4"
        for name in ("layer4", "layer6"):
            out, at = generator.advance(out, at, name), name
            a, v = (torch.from_numpy(array).float() for array in (alpha[name], value[name]))
            out = out.edited(out.r * (1 - a) + v * a)
        expected = to_pixels(generator.tail(out, at))[0]
    drawn = pixels(jpeg(one["d"])).astype(int)
    assert np.abs(drawn - pixels(encode(expected, "jpeg")).astype(int)).max() <= 2


async def test_edited_images_can_come_as_addresses_that_stay(client: httpx.AsyncClient) -> None:
    edited = {"ids": [5, 6], "interventions": [{"ablations": UNITS}]}
    inline = await generate(client, **edited)
    res = await generate(client, return_urls=1, **edited)
    for one, same in zip(res, inline, strict=True):
        assert set(one) == {"d"}
        image = await client.get(one["d"])
        assert (image.headers["content-type"], image.content) == ("image/jpeg", jpeg(same["d"]))
    assert res[0] != res[1]
    assert "id" in (await generate(client, ids=[5], return_urls=True))[0]


async def test_the_model_is_never_changed_by_calls_at_once(client: httpx.AsyncClient) -> None:
    plain = (await client.get("/data/village/cache/img/id/5.jpg")).content
    bodies = [{"ids": [5], "interventions": [{"ablations": [{**unit, "value": 50}]}]} for unit in UNITS]
    alone = [await generate(client, **body) for body in bodies]
    assert await asyncio.gather(*(generate(client, **body) for body in bodies)) == alone
    z = latent(5).tolist()
    assert plain == await rendered(client, z=z)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, None),
        ({"ids": None, "zs": None}, None),
        ({"ids": [1], "zs": [[0.0] * LATENT]}, None),
        ({"ids": []}, "/ids"),
        ({"ids": 5}, "/ids"),
        ({"ids": ["5"]}, "/ids/0"),
        ({"ids": [1, -1]}, "/ids/1"),
        ({"ids": [2**15]}, "/ids/0"),
        ({"ids": [1e300]}, "/ids/0"),
        ({"ids": [True]}, "/ids/0"),
        ({"ids": list(range(129))}, ""),
        ({"ids": list(range(1001))}, "/ids"),
        ({"zs": [[0.0] * (LATENT + 1)]}, "/zs/0"),
        ({"zs": [[0.0] * LATENT, []]}, "/zs/1"),
        ({"zs": [[1e7] * LATENT]}, "/zs/0/0"),
        ({"zs": [0.5]}, "/zs/0"),
        ({"zs": [[0.0] * LATENT] * 129}, ""),
        ({"ids": [1], "interventions": {}}, "/interventions"),
        ({"ids": [1], "interventions": [None]}, "/interventions/0"),
        ({"ids": [1], "interventions": [{}] * 257}, "/interventions"),
        ({"ids": [1], "return_urls": "yes"}, None),
        ({"ids": [1], "project": 3}, "/project"),
        ({"ids": [1], "project": ""}, "/project"),
        ({"ids": [1], "project": "x" * 65}, "/project"),
    ],
)
async def test_what_names_no_images_is_refused(
    client: httpx.AsyncClient, body: dict[str, Any], pointer: str | None
) -> None:
    problem = refused(await client.post("/api/generate", json={"project": "village", **body}))
    if pointer is not None:
        assert problem.get("pointer") == pointer


@pytest.mark.parametrize(
    ("ablation", "member"),
    [
        ({"layer": "layer9"}, "/layer"),
        ({"layer": ""}, "/layer"),
        ({"layer": None}, "/layer"),
        ({"unit": 12}, "/unit"),
        ({"unit": -1}, "/unit"),
        ({"unit": 2**63}, "/unit"),
        ({"unit": [1, 2]}, "/unit"),
        ({"unit": 0.5}, "/unit"),
        ({"alpha": 1.5}, "/alpha"),
        ({"alpha": -0.1}, "/alpha"),
        ({"alpha": "1"}, "/alpha"),
        ({"value": 1e9}, "/value"),
        ({"value": True}, "/value"),
        ({"value": [1]}, "/value"),
    ],
)
async def test_what_no_unit_can_be_set_to_is_refused(
    client: httpx.AsyncClient, ablation: dict[str, Any], member: str
) -> None:
    good = {"layer": "layer4", "unit": 1}
    body = {"project": "village", "ids": [1], "interventions": [{"ablations": [good, {**good, **ablation}]}]}
    problem = refused(await client.post("/api/generate", json=body))
    assert problem["pointer"] == f"/interventions/0/ablations/1{member}"


@pytest.mark.parametrize(
    "intervention",
    [
        {"mask": {"bitstring": "1"}},
        {"mask": {"shape": [0, 8], "bitstring": ""}},
        {"mask": {"shape": [10**9, 10**9], "bitstring": "1"}},
        {"mask": {"shape": [8, 8], "bitbounds": [-1, 0, 8, 8], "bitstring": "1"}},
        {"mask": {"shape": [8, 8, 8], "bitstring": "1" * 512}},
        {"mask": "1"},
        {"mask": [1]},
        {"mask": {"bitstring": ["1"]}},
        {"maskpooling": "median"},
        {"ablations": [{"layer": "layer4"}]},
        {"ablations": [{"unit": 4}]},
        {"ablations": {"layer": "layer4", "unit": 1}},
        {"ablations": [{"layer": "layer4", "unit": 1}] * (2**15 + 1)},
    ],
)
async def test_what_is_no_intervention_is_refused(client: httpx.AsyncClient, intervention: dict[str, Any]) -> None:
    body = {"project": "village", "ids": [1], "interventions": [intervention]}
    refused(await client.post("/api/generate", json=body))


async def test_too_many_alphas_are_refused(client: httpx.AsyncClient) -> None:
    many = [{"ablations": [{"layer": "layer4", "unit": unit, "alpha": (unit + 1) / 16} for unit in range(12)]}] * 22
    body = {"project": "village", "ids": [1], "interventions": many}
    assert "256" in refused(await client.post("/api/generate", json=body))["detail"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"project": "village", "zs": [[NaN, 0, 0, 0, 0, 0, 0, 0]]}', 400),
        (b'{"project": "village", "zs": [[1e999, 0, 0, 0, 0, 0, 0, 0]]}', 422),
        (
            b'{"project": "village", "ids": [1], "interventions": [{"ablations": [{"layer": "layer4", "unit": 1,'
            b' "value": Infinity}]}]}',
            400,
        ),
        (b'{"project": "nowhere", "ids": [1]}', 404),
        (b'{"project": "../village", "ids": [1]}', 404),
        (b"[" * 100_000, 400),
    ],
)
async def test_other_bodies_are_refused(client: httpx.AsyncClient, content: bytes, status: int) -> None:
    answer = await client.post("/api/generate", content=content, headers={"Content-Type": "application/json"})
    assert refused(answer)["status"] == status


async def test_what_is_repeated_is_json(client: httpx.AsyncClient) -> None:
    content = b'{"project": "village", "ids": [1], "beside": [1e999, "\\u00e9", 123456789012345678901234567890]}'
    answer = await client.post("/api/generate", content=content, headers={"Content-Type": "application/json"})
    assert answer.json()["request"]["beside"][1:] == ["é", 123456789012345678901234567890]


async def test_the_page_of_another_origin_gets_whole_addresses(installed: Path, tmp_path: Path) -> None:
    origin = "http://page.example:9000"
    settings = settings_in(installed, data_dir=tmp_path, allowed_origins=(origin,))
    async with asgi_client(settings) as client:
        body = {"project": "village", "ids": [104]}
        for page, start in ((origin, "http://localhost/data/village/"), ("http://localhost", "/data/village/")):
            answer = await client.post("/api/generate", json=body, headers={"Origin": page})
            assert answer.json()["res"][0]["d"].startswith(start)
        assert answer.headers.get("access-control-allow-origin") is None
        asking = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        preflight = await client.options("/api/generate", headers=asking)
        assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, origin)
        image = await client.get("/data/village/cache/img/id/104.jpg")
        assert "cross-origin-resource-policy" not in image.headers
        stranger = await client.post("/api/generate", json=body, headers={"Origin": "http://other.example"})
        assert refused(stranger)["status"] == 403


async def test_below_a_prefix_addresses_are_whole(installed: Path, tmp_path: Path) -> None:
    async with asgi_client(settings_in(installed, data_dir=tmp_path, root_path="/studio")) as client:
        answer = await client.post("/studio/api/generate", json={"project": "village", "ids": [104]})
        d = answer.json()["res"][0]["d"]
        assert d.startswith("http://localhost/studio/data/village/cache/img/id/104.jpg")
        assert (await client.get(d)).status_code == 200


async def test_a_token_is_asked_for(installed: Path, tmp_path: Path) -> None:
    async with asgi_client(settings_in(installed, data_dir=tmp_path, token="hunter2")) as client:
        body = {"project": "village", "ids": [1]}
        assert refused(await client.post("/api/generate", json=body))["status"] == 401
        assert refused(await client.get("/data/village/cache/img/id/1.jpg"))["status"] == 401
        bearer = {"Authorization": "Bearer hunter2"}
        assert (await client.post("/api/generate", json=body, headers=bearer)).status_code == 200


async def test_calls_are_counted_by_their_templates(client: httpx.AsyncClient) -> None:
    await generate(client, ids=[1])
    await client.get("/data/village/cache/img/id/1.jpg")
    text = (await client.get("/metrics")).text
    assert 'route="/api/generate"' in text
    assert 'route="/data/{project}/cache/img/id/{number}.jpg"' in text


async def test_names_of_models_are_quoted(tmp_path: Path) -> None:
    write_model(tmp_path, "a village?")
    async with asgi_client(settings_in(tmp_path)) as client:
        (one,) = (await client.post("/api/generate", json={"project": "a village?", "ids": [2]})).json()["res"]
        assert (await client.get(one["d"])).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "village/cache/img/id/-1",
        "village/cache/img/id/x",
        f"village/cache/img/id/{2**15}",
        "nowhere/cache/img/id/1",
        "village/cache/img/id/1.5",
        "village/cache/img/uniq/1",
        "village/dissection",
    ],
)
async def test_other_images_are_not_there(client: httpx.AsyncClient, path: str) -> None:
    refused(await client.get(f"/data/{path}.jpg"))
