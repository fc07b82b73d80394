"""A picture that gives its w, which has no latent: opened, painted, kept, shared; not mixed, and the page says so."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.server import StudioServer
from tests.browser.studio import Studio, decode, drop, open_studio
from tests.browser.waiting import PATIENCE
from tests.helpers.ports import free_port
from tests.helpers.tiny import write_directions
from tests.painting.test_stylegan2 import LATENT_DIM, W_SHAPE, write_faces

STROKE = [(0.3, 0.3), (0.6, 0.6)]


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioServer]:
    """A server on a StyleGAN2 with a brush and directions."""
    folder = tmp_path_factory.mktemp("faces")
    write_faces(folder)
    write_directions(folder / "dissect_results" / "faces", LATENT_DIM)
    running = StudioServer(
        free_port(),
        folder / "data",
        UNITBRUSH_MODELS_DIR=str(folder / "models"),
        UNITBRUSH_RESULTS_DIR=str(folder / "dissect_results"),
        UNITBRUSH_DEFAULT_MODEL="faces",
    )
    running.start()
    yield running
    running.stop()


def scene(seed: int) -> dict[str, Any]:
    """A picture that has its own w for every layer."""
    w = np.random.default_rng(seed).standard_normal(W_SHAPE).round(4).tolist()
    return {"version": 1, "model": "faces", "w": w, "edits": []}


def bring(studio: Studio, picture: dict[str, Any]) -> None:
    drop(studio, json.dumps(picture).encode(), "picture.json", "application/json")
    studio.page.wait_for_function(
        "w => JSON.stringify(JSON.parse(localStorage.getItem('unitbrush.history') ?? '{}').scenes?.at(-1)?.w) === w",
        arg=json.dumps(picture["w"], separators=(",", ":")),
    )
    studio.wait_for_picture()


def test_it_is_painted_and_not_mixed(browser: Browser, faces: StudioServer) -> None:
    with open_studio(browser, faces, path="/?seed=3") as studio:
        mix, nearby = studio.page.locator("#mix"), studio.page.locator("#nearby")
        why, slider = studio.page.locator("#fixed-scene"), studio.page.locator("#directions input").first
        expect(why).to_be_hidden()
        mix.click()
        bring(studio, scene(1))
        expect(why).to_be_visible()
        for control in (mix, nearby, slider):
            expect(control).to_be_disabled()
        expect(studio.page.locator("#mix-panel")).to_be_hidden()

        before = studio.shown()
        studio.choose("hair")
        studio.paint(STROKE)
        painted = studio.picture()
        assert (painted["w"], len(painted["edits"])) == (scene(1)["w"], 1)
        assert studio.shown() != before
        assert np.array_equal(decode(studio.download()), decode(faces.render(painted)))
        studio.click("#undo")
        assert studio.shown() == before
        seed = studio.choose_scene(1)
        assert studio.picture()["seed"] == seed
        expect(why).to_be_hidden()
        for control in (mix, nearby, slider):
            expect(control).to_be_enabled()


def test_it_survives_a_reload_and_a_link(browser: Browser, faces: StudioServer) -> None:
    with open_studio(browser, faces, path="/?seed=3", permissions=["clipboard-read", "clipboard-write"]) as studio:
        bring(studio, scene(1))
        studio.choose("hair")
        studio.paint(STROKE)
        picture, shown = studio.picture(), studio.shown()
        studio.reload()
        assert (studio.picture(), studio.shown()) == (picture, shown)
        expect(studio.page.locator("#mix")).to_be_disabled()
        studio.page.locator("#share-open-sheet").click()
        studio.page.locator("#share-link").click()
        studio.wait_for_notice("Link copied")
        link = studio.page.evaluate("navigator.clipboard.readText()")
    with open_studio(browser, faces, path=link.removeprefix(faces.url)) as studio:
        assert (studio.picture(), studio.shown()) == (picture, shown)


def test_each_is_kept_by_itself(browser: Browser, faces: StudioServer) -> None:
    with open_studio(browser, faces, path="/?seed=3") as studio:
        ids = set()
        for number in (1, 2):
            bring(studio, scene(number))
            studio.choose("hair")
            with studio.page.expect_response(
                lambda answer: answer.request.method == "POST" and answer.url.endswith("/pictures")
            ) as answer:
                studio.paint(STROKE)
            kept = answer.value.json()
            ids.add(kept["id"])
            assert kept["picture"]["w"] == scene(number)["w"]
        assert len(ids) == 2


def test_the_python_code_draws_it(browser: Browser, faces: StudioServer, tmp_path: Path) -> None:
    with open_studio(browser, faces, path="/?seed=3", permissions=["clipboard-read", "clipboard-write"]) as studio:
        bring(studio, scene(1))
        studio.choose("hair")
        studio.paint(STROKE)
        file = studio.download()
        studio.page.locator("#share-open-sheet").click()
        studio.page.locator("#share-python").click()
        studio.wait_for_notice("Copied")
        code = studio.page.evaluate("navigator.clipboard.readText()")
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=PATIENCE)
    assert (tmp_path / "picture.png").read_bytes() == file
