from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from server.files import GENERATOR, file_sha256
from server.lab import published
from server.results.unit_quantiles import QUANTILES
from server.results.units import FILE_NAME
from server.settings import Settings
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import CONCEPTS, write_model, write_units
from tests.web.api2018.asking import refused
from tests.web.api2018.installed import IOU, STORED, UNITS, write_measured, write_of_2018

OF_LAYER = ("units", "rankings", "levels", "channels")


async def ask(client: httpx.AsyncClient, call: str, **params: Any) -> Any:
    """What the envelope of a layer's call holds."""
    asked = {"project": "village", "layer": "layer4", **params}
    answer = await client.get(f"/api/{call}", params=asked)
    assert answer.status_code == 200, answer.text
    request = answer.json()["request"]
    assert (request["project"], request["layer"]) == (asked["project"], asked["layer"])
    return answer.json()["res"]


async def test_projects_are_models_by_name_with_dissected_layers(tmp_path: Path) -> None:
    write_measured(tmp_path)
    write_model(tmp_path, "a church")
    async with asgi_client(settings_in(tmp_path)) as client:
        assert (await client.get("/api/all_projects")).json() == [
            {"project": "a church", "info": {"layers": ["layer4", "layer6"]}},
            {"project": "village", "info": {"layers": ["layer4", "layer6"]}},
        ]


async def test_layers_have_channels_and_a_shape(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/layers", params={"project": "village"})
    assert answer.json() == {
        "request": {"project": "village"},
        "res": [
            {"layer": "layer4", "channels": 12, "shape": [8, 8]},
            {"layer": "layer6", "channels": 8, "shape": [16, 16]},
        ],
    }


async def test_units_have_the_label_they_agree_with_best(measured: httpx.AsyncClient) -> None:
    labels = [("tree", "door")[c] for c in IOU.argmax(1)]
    expected = [{"unit": u, "img": None, "label": label} for u, label in enumerate(labels)]
    assert await ask(measured, "units") == expected


async def test_rankings_are_negated_ious(measured: httpx.AsyncClient) -> None:
    rankings = await ask(measured, "rankings")
    assert [(r["name"], r["metric"]) for r in rankings] == [("tree-iou", "iou"), ("door-iou", "iou")]
    for c, ranking in enumerate(rankings):
        assert ranking["scores"] == (-IOU[:, c].astype(float)).tolist()
        assert np.argsort(ranking["scores"])[0] == IOU[:, c].argmax()


async def test_levels_are_stored_quantiles(measured: httpx.AsyncClient) -> None:
    at = QUANTILES.index
    assert await ask(measured, "levels") == STORED[:, [at(0.99)]].tolist()
    several = await ask(measured, "levels", quantiles="0.5,0,1")
    assert several == STORED[:, [at(0.5), 0, -1]].tolist()
    (between,) = (await ask(measured, "levels", quantiles="0.85"))[3]
    assert between == pytest.approx(STORED[3, [at(0.8), at(0.9)]].mean())
    answer = await measured.get("/api/levels?project=village&layer=layer4&quantiles=0.99")
    assert answer.json()["request"] == {"project": "village", "layer": "layer4", "quantiles": [0.99]}


async def test_channels_are_units(measured: httpx.AsyncClient) -> None:
    assert await ask(measured, "channels") == {"channels": [{"id": u, "d": None} for u in range(UNITS)]}


async def test_brushes_alone_say_what_they_know(client: httpx.AsyncClient) -> None:
    """The tiny model has no table of units, and the published brushes of the church none either."""
    rankings = await ask(client, "rankings")
    assert [r["name"] for r in rankings] == [f"{concept}-iou" for concept in CONCEPTS]
    assert rankings[0]["scores"] == [-0.2] * UNITS
    levels = await ask(client, "levels", quantiles="0.99,0.5")
    assert len(levels) == UNITS
    assert all(len(row) == 2 and row[0] == row[1] != 0 for row in levels)
    assert {unit["label"] for unit in await ask(client, "units")} == {"tree"}


async def test_a_published_brush_ranks_by_its_causal_weight_too(tmp_path: Path) -> None:
    write_model(tmp_path)
    path = tmp_path / "dissect_results" / "village" / "dissection.json"
    document = json.loads(path.read_text())
    (brush,) = (b for b in document["brushes"] if b["concept"] == "tree" and b["layer"] == "layer4")
    brush["units"] = [
        {"unit": 7, "iou": None, "effect": None, "level": 8.5, "score": 1.0},
        {"unit": 2, "iou": 0.3, "effect": None, "level": 4.5, "score": 0.5},
    ]
    brush["recommended_units"] = 2
    document["brushes"] = [brush]
    path.write_text(json.dumps(document))
    async with asgi_client(settings_in(tmp_path)) as client:
        ace, iou = await ask(client, "rankings")
        levels = await ask(client, "levels")
    assert (ace["name"], ace["metric"], iou["name"], iou["metric"]) == ("tree-ace", "ace", "tree-iou", "iou")
    assert [(u, s) for u, s in enumerate(ace["scores"]) if s] == [(2, -0.5), (7, -1.0)]
    assert [(u, s) for u, s in enumerate(iou["scores"]) if s] == [(2, -0.3)]
    assert [(u, row) for u, row in enumerate(levels) if row != [0.0]] == [(2, [4.5]), (7, [8.5])]


async def test_a_damaged_table_or_one_of_another_generator_is_left_out(tmp_path: Path) -> None:
    write_model(tmp_path)
    results = tmp_path / "dissect_results" / "village"
    write_units(results)  # of six units
    async with asgi_client(settings_in(tmp_path)) as client:
        assert len((await ask(client, "rankings"))[0]["scores"]) == UNITS
    (results / FILE_NAME).write_bytes(b"PK damaged")
    async with asgi_client(settings_in(tmp_path, data_dir=tmp_path / "other")) as client:
        assert len((await ask(client, "rankings"))[0]["scores"]) == UNITS
        assert (await client.get("/api/all_projects")).json()[0]["info"]["layers"] == ["layer4", "layer6"]


async def test_results_of_the_2018_tool_are_passed_on(of_2018: httpx.AsyncClient) -> None:
    assert (await of_2018.get("/api/all_projects")).json() == [{"project": "village", "info": {"layers": ["layer4"]}}]
    rankings = await ask(of_2018, "rankings")
    assert [(r["name"], r["metric"]) for r in rankings] == [
        ("unit", None),
        ("tree-iou", "iou"),
        ("door-ace", "ace"),
    ]
    assert rankings[0]["scores"] == list(range(UNITS))
    assert rankings[2]["scores"] == [None, None, *[-0.5] * (UNITS - 2)]
    levels = await ask(of_2018, "levels", quantiles="0.99,0.5")
    assert np.allclose(levels, np.outer(np.arange(UNITS) + 1, [0.99, 0.5]), atol=0.02)
    units = await ask(of_2018, "units")
    assert [unit["label"] for unit in units[:2]] == ["door", "tree"]


async def test_units_have_the_pictures_that_the_2018_tool_made(of_2018: httpx.AsyncClient) -> None:
    units = await ask(of_2018, "units")
    assert [unit["unit"] for unit in units if unit["img"]] == [3]
    image = await of_2018.get(units[3]["img"])
    assert (image.status_code, image.headers["content-type"]) == (200, "image/jpeg")
    assert (await ask(of_2018, "channels"))["channels"][3] == {"id": 3, "d": units[3]["img"]}
    assert units[3]["img"] == "/data/village/layer4/s-image/3-top.jpg"
    for layer, unit in (("layer4", 4), ("layer4", -1), ("layer9", 3), ("..", 3), ("..%2Flayer4", 3)):
        refused(await of_2018.get(f"/data/village/{layer}/s-image/{unit}-top.jpg"))
    refused(await of_2018.get("/data/nowhere/layer4/s-image/3-top.jpg"))


@pytest.mark.parametrize(
    "change",
    [
        {"dirname": "../elsewhere"},
        {"units": [{"unit": 0}]},
        {"rankings": [{"name": "tree-iou", "score": [-1.0]}]},
        {"rankings": [{"name": "tree-iou", "score": ["a"] * UNITS}]},
        {"layer": "layer5"},
    ],
)
async def test_what_the_2018_tool_never_wrote_takes_no_call_down(tmp_path: Path, change: dict[str, Any]) -> None:
    results = write_of_2018(tmp_path)
    async with asgi_client(settings_in(tmp_path)) as client:
        assert (await client.get("/api/v1/models")).json()["models"]  # loaded, then changed
        document = json.loads((results / "dissect.json").read_text())
        document["layers"][0].update(change)
        (results / "dissect.json").write_text(json.dumps(document))
        for call in OF_LAYER:
            assert (await client.get(f"/api/{call}?project=village&layer=layer4")).status_code == 200


async def test_the_shipped_village_has_all_of_it(tmp_path: Path) -> None:
    async with asgi_client(Settings(data_dir=tmp_path, threads=1)) as client:
        projects = {p["project"]: p["info"]["layers"] for p in (await client.get("/api/all_projects")).json()}
        for layer in projects["village"]:
            units = len(await ask(client, "units", layer=layer))
            rankings = await ask(client, "rankings", layer=layer)
            assert {"tree-iou", "door-iou", "sky-iou"} <= {r["name"] for r in rankings}
            assert all(len(r["scores"]) == units and max(r["scores"]) <= 0 for r in rankings)
            assert len(await ask(client, "levels", layer=layer)) == units
        concepts = (await client.get("/api/v1/models/village/concepts")).json()["concepts"]
        tree = next(concept for concept in concepts if concept["name"] == "tree")
        scores = {r["name"]: r["scores"] for r in await ask(client, "rankings", layer=tree["layer"])}["tree-iou"]
        assert [-scores[u["unit"]] for u in tree["units"]] == pytest.approx([u["iou"] for u in tree["units"]], abs=1e-6)


@pytest.mark.parametrize("call", OF_LAYER)
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"project": "village"},
        {"layer": "layer4"},
        {"project": "nowhere", "layer": "layer4"},
        {"project": "village", "layer": "layer9"},
        {"project": "village", "layer": "../layer4"},
        {"project": "village", "layer": "x" * 65},
        {"project": "x" * 65, "layer": "layer4"},
        {"project": "", "layer": ""},
    ],
)
async def test_unknown_projects_and_layers_are_refused(
    client: httpx.AsyncClient, call: str, params: dict[str, str]
) -> None:
    refused(await client.get(f"/api/{call}", params=params))


async def test_layers_of_an_unknown_project_are_refused(client: httpx.AsyncClient) -> None:
    refused(await client.get("/api/layers"))
    assert refused(await client.get("/api/layers?project=nowhere"))["status"] == 404


@pytest.mark.parametrize(
    "quantiles", ["", "x", "0.99,", "1.01", "-0.1", "nan", "inf", "0.5;0.6", ",".join(["0.5"] * 65)]
)
async def test_what_is_no_quantile_is_refused(client: httpx.AsyncClient, quantiles: str) -> None:
    params = {"project": "village", "layer": "layer4", "quantiles": quantiles}
    refused(await client.get("/api/levels", params=params))


async def test_a_layer_that_was_not_dissected_has_units_but_no_levels(client: httpx.AsyncClient) -> None:
    assert await ask(client, "rankings", layer="layer5") == []
    assert {unit["label"] for unit in await ask(client, "units", layer="layer5")} == {None}
    assert refused(await client.get("/api/levels?project=village&layer=layer5"))["status"] == 404


async def test_answers_that_have_not_changed_are_not_sent_again(client: httpx.AsyncClient) -> None:
    address = "/api/rankings?project=village&layer=layer4"
    tag = (await client.get(address)).headers["etag"]
    assert (await client.get(address, headers={"If-None-Match": tag})).status_code == 304


@pytest.mark.parametrize("path", ["/api/", "/api/recipes", "/api/generate", "/api/all_projects/"])
async def test_other_calls_are_not_there(client: httpx.AsyncClient, path: str) -> None:
    assert refused(await client.get(path))["status"] in (404, 405)


async def test_the_reference_has_a_section_for_these_calls(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    own = {
        path for path, calls in document["paths"].items() for call in calls.values() if "2018 server" in call["tags"]
    }
    assert own >= {
        f"/api/{call}" for call in ("all_projects", "layers", *OF_LAYER, "generate", "features", "featuremaps")
    }
    page = (await client.get("/docs")).text
    assert page.count('<h2 id="2018-server">') == 1
    assert page.index('<h2 id="2018-server">') < page.index('<section id="get-api-all-projects">')
    for name in ("GenerateQuestion", "FeaturesQuestion", "FeaturemapsQuestion", "BitMask", "Ablation", "Intervention"):
        for field, schema in document["components"]["schemas"][name]["properties"].items():
            assert schema["description"], f"{name}.{field}"


PUBLISHED = {
    "church": "churchoutdoor",
    **{name: name for name in ("bedroom", "conferenceroom", "diningroom", "kitchen", "livingroom", "restaurant")},
    "celebhq": "celebhq",
}


def install_published(folder: Path, name: str) -> None:
    """A generator as `unitbrush fetch` leaves it: in a file of the published name, with digits of its own."""
    write_model(folder, name)
    models = folder / "models" / name
    torch.save(load_file(models / GENERATOR), models / "whole.pth")
    (models / GENERATOR).unlink()
    start = published.PUBLISHED[name].rpartition("-")[0]
    (models / "whole.pth").rename(models / f"{start}-{file_sha256(models / 'whole.pth')[:8]}.pth")


async def test_published_generators_have_the_2018_servers_names_too(tmp_path: Path) -> None:
    assert set(PUBLISHED) == set(published.PUBLISHED)
    for name in PUBLISHED:
        install_published(tmp_path, name)
    async with asgi_client(settings_in(tmp_path, default_model="church")) as client:
        listed = {entry["project"]: entry["info"] for entry in (await client.get("/api/all_projects")).json()}
        assert set(listed) == {*PUBLISHED, *PUBLISHED.values()}
        assert listed["church"] == listed["churchoutdoor"]
        for name, original in PUBLISHED.items():
            assert await ask(client, "rankings", project=original) == await ask(client, "rankings", project=name)


async def test_every_call_takes_both_names(tmp_path: Path) -> None:
    write_model(tmp_path)
    install_published(tmp_path, "church")
    async with asgi_client(settings_in(tmp_path)) as client:
        for call in OF_LAYER:
            assert await ask(client, call, project="churchoutdoor") == await ask(client, call, project="church")
        layers = [await client.get("/api/layers", params={"project": name}) for name in ("church", "churchoutdoor")]
        assert layers[0].json()["res"] == layers[1].json()["res"]
        for call in ("generate", "features", "featuremaps"):
            bodies = [{"project": name, "ids": [3]} for name in ("church", "churchoutdoor")]
            one, other = [await client.post(f"/api/{call}", json=body) for body in bodies]
            assert one.status_code == other.status_code == 200
            assert one.json()["res"] == other.json()["res"]
            assert other.json()["request"]["project"] == "churchoutdoor"
        images = [await client.get(f"/data/{name}/cache/img/id/3.jpg") for name in ("church", "churchoutdoor")]
        assert images[0].content == images[1].content


async def test_a_model_of_that_very_name_comes_first(tmp_path: Path) -> None:
    write_model(tmp_path, "churchoutdoor", seed=7)
    install_published(tmp_path, "church")
    async with asgi_client(settings_in(tmp_path, default_model="church")) as client:
        assert [p["project"] for p in (await client.get("/api/all_projects")).json()] == ["church", "churchoutdoor"]
        images = [await client.get(f"/data/{name}/cache/img/id/3.jpg") for name in ("church", "churchoutdoor")]
        assert images[0].content != images[1].content
        refused(await client.get("/api/layers", params={"project": "proggan"}))
