"""A picture that gives its w, which has no latent: opened, painted, kept, shared and mixed; its sliders rest, and the
page says so."""

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


def test_it_is_painted_and_its_sliders_rest(browser: Browser, faces: StudioServer) -> None:
    with open_studio(browser, faces, path="/?seed=3") as studio:
        why, slider = studio.page.locator("#fixed-scene"), studio.page.locator("#directions input").first
        expect(why).to_be_hidden()
        studio.page.locator("#mix").click()
        bring(studio, scene(1))
        expect(why).to_be_visible()
        expect(slider).to_be_disabled()
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
        expect(slider).to_be_enabled()


def wait_for_w(studio: Studio, w: list[list[float]]) -> None:
    """Wait until the present picture has about this w, and is on the screen."""
    studio.page.wait_for_function(
        """wanted => {
            const { scenes, states, position } = JSON.parse(localStorage.getItem('unitbrush.history'));
            const w = scenes[states[position][0]].w;
            return w?.flat().every((value, i) => Math.abs(value - wanted.flat()[i]) < 2e-5);
        }""",
        arg=w,
    )
    studio.wait_for_picture()


def test_it_is_mixed_in_a_straight_line(browser: Browser, faces: StudioServer) -> None:
    with open_studio(browser, faces, path="/?seed=3") as studio:
        bring(studio, scene(1))
        studio.choose("hair")
        studio.paint(STROKE)
        studio.page.locator("#mix").click()
        button = studio.page.locator("#scenes [aria-pressed=false]").nth(2)
        there = np.array(faces.get(f"models/faces/w/{button.get_attribute('data-seed')}")["w"])
        button.click()
        here = np.array(scene(1)["w"])
        wait_for_w(studio, ((here + there) / 2).tolist())
        studio.fill("#mix-slider", "25")
        wait_for_w(studio, (0.75 * here + 0.25 * there).tolist())
        mixed = studio.picture()
        assert len(mixed["edits"]) == 1
        assert np.array_equal(decode(studio.download()), decode(faces.render(mixed)))
        # Painted meanwhile, it stays painted when it is mixed on.
        studio.paint([(0.7, 0.2), (0.8, 0.3)])
        studio.fill("#mix-slider", "100")
        wait_for_w(studio, np.tile(there, (W_SHAPE[0], 1)).tolist())
        assert len(studio.picture()["edits"]) == 2


def test_similar_scenes_lie_near_it(browser: Browser, faces: StudioServer) -> None:
    with open_studio(browser, faces, path="/?seed=3") as studio:
        bring(studio, scene(1))
        studio.page.locator("#nearby").click()
        neighbours = studio.page.locator("#neighbours button")
        expect(neighbours).to_have_count(9)
        neighbours.nth(4).click()
        studio.page.wait_for_function(
            "w => JSON.stringify(JSON.parse(localStorage.getItem('unitbrush.history')).scenes.at(-1).w) !== w",
            arg=json.dumps(scene(1)["w"], separators=(",", ":")),
        )
        studio.wait_for_picture()
        near = studio.picture()
        away = np.array(near["w"]) - 0.72 * np.array(scene(1)["w"])  # 0.28 of the way to a seed's, in every layer
        assert np.abs(away - away[0]).max() < 1e-4
        assert np.array_equal(decode(studio.download()), decode(faces.render(near)))


def test_it_survives_a_reload_and_a_link(browser: Browser, faces: StudioServer) -> None:
    with open_studio(browser, faces, path="/?seed=3", permissions=["clipboard-read", "clipboard-write"]) as studio:
        bring(studio, scene(1))
        studio.choose("hair")
        studio.paint(STROKE)
        picture, shown = studio.picture(), studio.shown()
        studio.reload()
        assert (studio.picture(), studio.shown()) == (picture, shown)
        expect(studio.page.locator("#fixed-scene")).to_be_visible()
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
