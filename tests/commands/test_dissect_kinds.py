"""Generators of other kinds than the village, dissected without a segmenter of their own and then painted with."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch

from server.cli import main
from server.lab.dissect.clusters import prepare, teaching
from server.model.catalog import Catalog
from tests.helpers.serving import asgi_client, grey, settings_in
from tests.helpers.stylegan2_weights import random_weights, tensors_b

REGIONS = 2
WIDE = '''
import torch
from torch import nn
from torch.nn import functional as F


class Wide(nn.Module):
    """Featuremaps of 6x8, 12x16 and 24x32 cells, cropped to pictures of 24x24 pixels."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.start = nn.Linear(6, 8 * 6 * 8)
        self.middle = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(8, 10, 3, 1, 1), nn.LeakyReLU(0.2))
        self.last = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(10, 8, 3, 1, 1), nn.LeakyReLU(0.2))
        self.colours = nn.Conv2d(8, 3, 1)
        for parameter in self.parameters():
            parameter.data.mul_(2.5)

    def forward(self, z):
        x = self.start(z).view(-1, 8, 6, 8)
        return torch.tanh(self.colours(self.last(self.middle(x)))[..., 4:28])


def wide():
    return Wide()
'''


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("STEPS", 12), ("PICTURES", 64)):
        monkeypatch.setattr(teaching, name, value)
    monkeypatch.setattr(prepare, "TRIED", 20)


@pytest.fixture
def own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The reference of a factory in a module that can be imported."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "wide_here.py").write_text(WIDE)
    monkeypatch.syspath_prepend(tmp_path / "code")
    yield "wide_here:wide"
    sys.modules.pop("wide_here", None)


def run(folder: Path, *arguments: str) -> None:
    assert main([*arguments, "--models-dir", str(folder / "models")]) == 0


def dissect(folder: Path, name: str, *arguments: str) -> dict[str, Any]:
    """Dissect by regions; gives the judge's report."""
    regions = ("--segmenter", "clusters", "--regions", str(REGIONS))
    few = ("--samples", "32", "--quick", "--threads", "1", "--device", "cpu")
    run(folder, "dissect", name, *few, *regions, "--results-dir", str(folder / "dissect_results"), *arguments)
    report: dict[str, Any] = json.loads((folder / "dissect_results" / name / "judged.json").read_text())
    return report


async def paint(client: httpx.AsyncClient, name: str) -> None:
    """Everything that the studio asks for to paint with the first of the model's regions."""
    picture: dict[str, Any] = {"model": name, "seed": 3, "edits": []}
    (model,) = (await client.get("/api/v1/models")).json()["models"]
    (concept, *_) = (await client.get(f"/api/v1/models/{name}/concepts")).json()["concepts"]
    layer = next(layer for layer in model["layers"] if layer["name"] == concept["layer"])

    async def post(call: str, body: dict[str, Any]) -> httpx.Response:
        answer = await client.post(f"/api/v1/{call}", json=body)
        assert answer.status_code == 200, answer.text
        return answer

    plain = (await post("render", picture)).content
    masks = [
        {"strokes": [{"points": [[0.3, 0.3], [0.6, 0.6]], "radius": 0.1}]},
        {"rect": [0.1, 0.2, 0.5, 0.9]},
        {"concept": concept["name"], "at": [0.5, 0.5]},
    ]
    for mask in masks:
        edited = {**picture, "edits": [{"op": "draw", "concept": concept["name"], "mask": mask}]}
        assert (await post("render", edited)).content != plain
    inspected = (await post("inspect", {"picture": edited, "layer": layer["name"], "point": [0.9, 0.1]})).json()
    assert (inspected["height"], inspected["width"]) == (layer["height"], layer["width"])
    assert grey(inspected["units"][0]["featuremap"]).shape == (layer["height"], layer["width"])
    seen = (await post("segment", picture)).json()
    assert seen["concepts"] == [f"region {i + 1}" for i in range(REGIONS)]
    assert (await post("receptivity", {"picture": picture, "concept": concept["name"]})).json()["grid"] is not None
    units = (await client.get(f"/api/v1/models/{name}/layers/{layer['name']}/units")).json()["units"]
    assert units


@pytest.mark.usefixtures("short")
async def test_a_stylegan2_is_dissected_and_painted_with(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "faces"
    folder.mkdir(parents=True)
    torch.save(tensors_b(random_weights((8, 8, 8))), folder / "generator.pt")
    judged = dissect(tmp_path, "faces", "--layers", "layer3")
    assert {brush["concept"] for brush in judged["brushes"]} <= {"region 1", "region 2"}
    async with asgi_client(settings_in(tmp_path, default_model="faces")) as client:
        await paint(client, "faces")


@pytest.mark.usefixtures("short")
async def test_featuremaps_need_not_be_square(tmp_path: Path, own_code: str) -> None:
    run(tmp_path, "add", "wide", "--module", own_code, "--latent", "6", "--layers", "middle", "last")
    judged = dissect(tmp_path, "wide", "--layers", "middle,last", "--trust-module", own_code)
    assert {brush["concept"] for brush in judged["brushes"]} <= {"region 1", "region 2"}
    model = Catalog(tmp_path / "models", tmp_path / "dissect_results", trusted=(own_code,)).get("wide")
    assert {(x.height, x.width) for x in model.generator.layers} == {(12, 16), (24, 32)}
    for brush in model.dissection.brushes:
        assert np.isfinite([unit.level for unit in brush.units]).all()
    settings = settings_in(tmp_path, default_model="wide", trusted_modules=own_code)
    async with asgi_client(settings) as client:
        await paint(client, "wide")
