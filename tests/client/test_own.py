"""A picture of one's own by the client: brought in, painted on, its pixels kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from server.client import AsyncClient, Client, UnitbrushProblem
from server.client import jobs as client_jobs
from server.client.answers import Job, Trained
from server.settings import Settings
from server.web.jobs import Progress, Result, StepsElsewhere
from tests.helpers.own import file_of, photo
from tests.helpers.serving import settings_in, threaded_server


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_jobs, "PAUSE", 0.01)


def test_images_files_and_bytes_are_brought_in(installed: Path, tmp_path: Path) -> None:
    photo().save(tmp_path / "own.png")
    told: list[Job] = []
    with (
        threaded_server(settings_in(installed, data_dir=tmp_path / "data")) as address,
        Client(f"http://{address}") as client,
    ):
        documents = []
        for own in (photo(), tmp_path / "own.png", file_of(photo())):
            picture, answer = client.invert(own, "village", steps=2, on_progress=told.append)
            documents.append(picture.document)
        assert documents[0] == documents[1] == documents[2]
        assert np.asarray(answer.grid).shape == (32, 32)
        painted = picture.draw("tree", rect=(0.0, 0.0, 0.3, 0.3))
        assert painted.document["base"] == documents[0]["base"]
        whole = np.asarray(painted.composite(photo(), size=40).convert("RGB"))
        assert np.array_equal(whole[25:, 25:], np.asarray(photo())[25:, 35:50])
        assert client.keep(painted).picture.document == painted.document
        again = client.picture("village", base=documents[0]["base"])
        assert np.array_equal(np.asarray(again.image()), np.asarray(picture.image()))
        assert "base" not in picture.over(3).document
    assert told[-1].state == "done"


async def _trained(settings: Settings, model: str, images: int | None) -> StepsElsewhere:
    yield Progress(1, 2)
    yield Result(json.dumps({"model": model, "measured": f"of {images}"}).encode(), "application/json")


async def test_an_encoder_is_trained_where_the_server_lets_callers(
    installed: Path, tmp_path: Path, painting: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.web.routes.training.training", _trained)
    told: list[Job] = []
    with (
        threaded_server(settings_in(installed, data_dir=tmp_path / "data", training=True)) as address,
        Client(f"http://{address}") as client,
    ):
        answer = client.train_encoder("village", images=64, on_progress=told.append)
        assert answer == Trained("village", "of 64")
        assert client.train_encoder("village") == Trained("village", "of None")
    assert told[-1].state == "done"
    with pytest.raises(UnitbrushProblem, match="--training"):
        await painting.train_encoder("village")


async def test_it_is_awaited_and_refusals_raise(painting: AsyncClient) -> None:
    picture, answer = await painting.invert(photo(), "village", steps=0)
    assert picture.document["base"]["layer"] == "layer4"
    assert 0 <= answer.share <= 1
    assert (await picture.composite(photo())).size == (32, 32)
    with pytest.raises(UnitbrushProblem, match="a PDF"):
        await painting.invert(b"%PDF-1.7", "village")
