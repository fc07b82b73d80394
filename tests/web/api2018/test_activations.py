from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest
import torch

from server.model.catalog import Catalog
from server.results.unit_quantiles import QUANTILES
from tests.web.api2018.asking import latent, painted, refused
from tests.web.api2018.installed import STORED

LEFT = {"shape": [16, 16], "bitbounds": [0, 0, 16, 6], "bitstring": "1" * 96}  # three columns of 8x8
CORNER = {"bitstring": painted(np.pad(np.ones((3, 3)), ((0, 29), (0, 29))))}  # less than one cell
EMPTY = {"shape": [8, 8], "bitstring": "0" * 64}
VALUED = {"ablations": [{"layer": "layer4", "unit": unit, "value": 40} for unit in range(12)]}


async def ask(client: httpx.AsyncClient, call: str, **members: Any) -> Any:
    body = {"project": "village", **members}
    answer = await client.post(f"/api/{call}", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["request"] == body
    return answer.json()["res"]


def output(catalog: Catalog, number: int, layer: str) -> np.ndarray:
    """A layer's featuremaps in an unedited image, (units, H, W)."""
    with torch.inference_mode():
        out = catalog.get("village").generator.trunk(torch.from_numpy(latent(number))[None], layer)
    array: np.ndarray = out.r[0].numpy()
    return array


async def test_the_maximum_and_the_mean_are_taken_inside_the_masks(client: httpx.AsyncClient, catalog: Catalog) -> None:
    res = await ask(client, "features", ids=[3, 4], masks=[LEFT, CORNER], layers=["layer4"])
    three, four = output(catalog, 3, "layer4"), output(catalog, 4, "layer4")
    touched = np.zeros((2, 8, 8))
    touched[0, :, :3] = touched[1, 0, 0] = 1
    share = touched * [[[1]], [[9 / 16]]]
    both = np.stack([three, four])  # (2, units, 8, 8)
    maxima = (both * touched[:, None]).max((0, 2, 3))
    means = (both * share[:, None]).sum((0, 2, 3)) / share.sum()
    assert set(res) == {"layer4"}
    assert set(res["layer4"]) == {"max", "mean"}  # no quantiles are stored
    assert np.allclose(res["layer4"]["max"], maxima, atol=1e-4)
    assert np.allclose(res["layer4"]["mean"], means, atol=1e-4)


@pytest.mark.parametrize("masks", [{}, {"masks": None}, {"masks": [None, {}]}])
async def test_no_masks_are_everything(client: httpx.AsyncClient, catalog: Catalog, masks: dict[str, Any]) -> None:
    res = await ask(client, "features", ids=[3, 4], **masks)
    assert set(res) == {"layer4", "layer6"}
    both = np.stack([output(catalog, number, "layer6") for number in (3, 4)])
    assert np.allclose(res["layer6"]["max"], both.max((0, 2, 3)), atol=1e-4)
    assert np.allclose(res["layer6"]["mean"], both.mean((0, 2, 3)), atol=1e-4)


async def test_an_empty_mask_holds_nothing(client: httpx.AsyncClient) -> None:
    res = await ask(client, "features", ids=[3], masks=[EMPTY], layers=["layer4"])
    assert not np.any([res["layer4"]["max"], res["layer4"]["mean"]])


async def test_quantiles_say_how_usual_that_is(measured: httpx.AsyncClient) -> None:
    res = (await ask(measured, "features", ids=[3], masks=[LEFT], layers=["layer4", "layer6"]))["layer4"]
    for name in ("max", "mean"):
        expected = [np.interp(value, stored, QUANTILES) for value, stored in zip(res[name], STORED, strict=True)]
        assert np.allclose(res[f"{name}_quantile"], expected, atol=1e-6)


async def test_featuremaps_are_quantiles_of_255(measured: httpx.AsyncClient, catalog: Catalog) -> None:
    res = await ask(measured, "featuremaps", ids=[3, 4], layers=["layer4"])
    assert set(res) == {"layer4"}
    for number, maps in zip((3, 4), res["layer4"], strict=True):
        r = output(catalog, number, "layer4")
        expected = np.stack([np.interp(a, stored, QUANTILES) * 255 for a, stored in zip(r, STORED, strict=True)])
        assert np.shape(maps) == r.shape
        assert np.abs(np.array(maps) - np.floor(expected)).max() <= 1  # where rounding differs
        assert (np.array(maps) == np.floor(expected)).mean() > 0.95


async def test_without_quantiles_featuremaps_reach_from_0_to_255(client: httpx.AsyncClient, catalog: Catalog) -> None:
    res = await ask(client, "featuremaps", ids=[3])
    for layer, (maps,) in res.items():
        r = output(catalog, 3, layer)
        low, high = r.min((1, 2), keepdims=True), r.max((1, 2), keepdims=True)
        assert np.abs(np.array(maps) - (r - low) / (high - low) * 255).max() <= 1.001


@pytest.mark.parametrize("call", ["features", "featuremaps"])
async def test_interventions_show_behind_their_layer_and_not_in_it(client: httpx.AsyncClient, call: str) -> None:
    plain = await ask(client, call, ids=[3])
    edited = await ask(client, call, ids=[3], interventions=[VALUED])
    assert edited["layer4"] == plain["layer4"]
    assert edited["layer6"] != plain["layer6"]


@pytest.mark.parametrize("call", ["features", "featuremaps"])
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"ids": None}, "/ids"),
        ({"ids": []}, "/ids"),
        ({"ids": list(range(1001))}, "/ids"),
        ({"ids": [2**15]}, "/ids/0"),
        ({"layers": ["layer4", "layer9"]}, "/layers/1"),
        ({"layers": ["layer4"] * 65}, "/layers"),
        ({"layers": "layer4"}, "/layers"),
        ({"ids": list(range(999)), "layers": ["layer4", "layer6"]}, "/ids"),
        ({"interventions": [{"ablations": [{"layer": "layer9", "unit": 1}]}]}, "/interventions/0/ablations/0/layer"),
        ({"interventions": [{"mask": {"bitstring": "1"}}]}, "/interventions/0/mask"),
        ({"project": "nowhere"}, None),
    ],
)
async def test_what_cannot_be_looked_into_is_refused(
    client: httpx.AsyncClient, call: str, body: dict[str, Any], pointer: str | None
) -> None:
    problem = refused(await client.post(f"/api/{call}", json={"project": "village", "ids": [1], **body}))
    assert problem.get("pointer") == pointer


@pytest.mark.parametrize(
    ("masks", "pointer"),
    [([], "/masks"), ([EMPTY] * 2, "/masks"), ([{"bitstring": "1"}], "/masks/0"), (["1"], "/masks/0"), ({}, "/masks")],
)
async def test_what_are_no_masks_is_refused(client: httpx.AsyncClient, masks: Any, pointer: str) -> None:
    body = {"project": "village", "ids": [1], "masks": masks}
    assert refused(await client.post("/api/features", json=body))["pointer"] == pointer


async def test_featuremaps_are_bounded(client: httpx.AsyncClient) -> None:
    body = {"project": "village", "ids": list(range(900)), "layers": ["layer8"]}
    assert "cells" in refused(await client.post("/api/featuremaps", json=body))["detail"]
