from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.client import AsyncClient, Client, UnitbrushProblem
from server.client import jobs as client_jobs
from server.client.answers import Job
from server.styles import slow
from tests.client.conftest import connected
from tests.helpers.serving import settings_in, threaded_server
from tests.helpers.styles import load_tiny_features
from tests.helpers.tiny import write_model, write_translator


@pytest.fixture(autouse=True)
def _a_small_network_and_no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "load_features", load_tiny_features)
    monkeypatch.setattr(client_jobs, "PAUSE", 0.01)


def test_names_numbers_images_files_and_bytes_are_styles(installed: Path, tmp_path: Path) -> None:
    own = Image.effect_noise((900, 700), 90)
    own.save(tmp_path / "own.png")
    file = io.BytesIO()
    own.save(file, "PNG")
    told: list[Job] = []
    with (
        threaded_server(settings_in(installed, data_dir=tmp_path / "data")) as address,
        Client(f"http://{address}") as client,
    ):
        picture = client.picture("village", seed=3)
        styles = ("waves", 3, own, tmp_path / "own.png", file.getvalue())
        images = [np.asarray(picture.style(style, size=64)).astype(int) for style in styles]
        slowly = picture.style_slowly("ink", steps=10, on_progress=told.append)
    assert {image.shape for image in images} == {(64, 64, 3)}
    assert np.array_equal(images[3], images[4])
    assert np.abs(images[2] - images[3]).mean() < 5 < np.abs(images[0] - images[1]).mean()
    assert slowly.size == (256, 256)
    assert told[-1].state == "done"


async def test_slow_styles_are_awaited_and_refusals_raise(painting: AsyncClient) -> None:
    picture = painting.picture("village", seed=3)
    known = await painting.styles()
    assert (known.fast, known.slow, known.styles[-1].name) == (None, None, "26")
    assert (await picture.style("glass", size=64)).size == (64, 64)
    assert (await picture.style_slowly("glass", strength=0.5, steps=10)).size == (256, 256)
    with pytest.raises(UnitbrushProblem, match="there is no style"):
        await picture.style("marble")
    with pytest.raises(UnitbrushProblem, match="no image to paint slowly from"):
        await picture.style_slowly(3)


async def test_a_picture_is_translated_where_its_model_can_be(painting: AsyncClient, tmp_path: Path) -> None:
    assert (await painting.models())[0].translations == ()
    with pytest.raises(UnitbrushProblem, match="unitbrush translator village") as refused:
        await painting.picture("village", seed=3).translate("winter")
    assert refused.value.status == 409
    write_model(tmp_path)
    write_translator(tmp_path)
    async with connected(settings_in(tmp_path)) as client:
        assert (await client.models())[0].translations == ("summer", "winter")
        picture = client.picture("village", seed=3)
        images = [await picture.translate("winter"), await picture.translate("winter", style=np.uint32(2**32 - 1))]
        assert {image.size for image in images} == {(32, 32)}
        assert not np.array_equal(*map(np.asarray, images))
        assert (await picture.translate("summer", style=3, size=16)).size == (16, 16)
        with pytest.raises(UnitbrushProblem, match="cannot be painted as 'spring'"):
            await picture.translate("spring")
        with pytest.raises(UnitbrushProblem):
            await picture.translate("winter", style=-1)
        with pytest.raises(TypeError):
            await picture.translate("winter", style=0.5)  # type: ignore[arg-type]
    with (
        threaded_server(settings_in(tmp_path, data_dir=tmp_path / "other")) as address,
        Client(f"http://{address}") as client,
    ):
        image = client.picture("village", seed=3).translate("winter")
    assert np.array_equal(np.asarray(image), np.asarray(images[0]))


async def test_whoever_gives_up_ends_the_job(painting: AsyncClient) -> None:
    begun: list[Job] = []

    def give_up(job: Job) -> None:
        begun.append(job)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await painting.picture("village", seed=3).style_slowly("ink", steps=500, on_progress=give_up)
    answer = await painting.connection.http.get(f"/jobs/{begun[0].id}")
    assert answer.status_code == 404
