"""The scene's sliders and the switch against flaws, on a model that has both, and nothing of them on one without."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import ROOT, StudioServer
from tests.browser.studio import Studio, drop, open_studio
from tests.browser.waiting import wait_until
from tests.helpers.ports import free_port
from tests.helpers.tiny import write_artifacts, write_directions

STROKE = [(0.7, 0.62), (0.76, 0.7)]
SEASON = "[data-direction=season]"


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory, server: StudioServer) -> Iterator[StudioServer]:
    """A server on the shipped model with two directions and some units taken for artifacts."""
    folder = tmp_path_factory.mktemp("moving")
    (folder / "models").mkdir()
    (folder / "models" / "village").symlink_to(ROOT / "models" / "village")
    results = folder / "results" / "village"
    results.mkdir(parents=True)
    for file in (ROOT / "dissect_results" / "village").glob("*.*"):
        if file.name not in ("directions.json", "artifacts.json"):
            shutil.copy(file, results)
    moving = StudioServer(
        free_port(),
        folder / "data",
        UNITBRUSH_MODELS_DIR=str(folder / "models"),
        UNITBRUSH_RESULTS_DIR=str(folder / "results"),
    )
    model = server.model()
    write_directions(results, model["latent_dim"])
    write_artifacts(results, model["edit_layer"], *range(8))
    moving.seen = server.seen  # the same scenes
    moving.start()
    yield moving
    moving.stop()


@pytest.fixture
def scene(browser: Browser, moving: StudioServer) -> Iterator[Studio]:
    """The studio on that server."""
    with open_studio(browser, moving) as studio:
        yield studio


def test_a_slider_moves_the_scene_while_it_is_dragged(scene: Studio, moving: StudioServer) -> None:
    unmoved = scene.pixels()
    slider = scene.page.locator(SEASON)
    expect(slider).to_have_attribute("aria-label", "Season")
    box = slider.bounding_box()
    assert box is not None
    scene.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    scene.page.mouse.down()
    scene.page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2, steps=5)
    wait_until(scene.page, lambda: bool(np.abs(scene.pixels() - unmoved).mean() > 1), "another picture")
    expect(scene.stage).to_have_attribute("data-shown", "draft")
    assert "directions" not in scene.picture()
    scene.page.mouse.up()
    scene.wait_for_picture()
    assert 1.8 < scene.picture()["directions"]["season"] <= 2
    assert scene.download() == moving.render(scene.picture())


def test_a_moved_scene_is_undone_reloaded_and_put_back(scene: Studio) -> None:
    unmoved = scene.shown()
    scene.fill(SEASON, "-50")
    moved = scene.shown()
    assert scene.picture()["directions"] == {"season": -1.5}
    scene.choose("tree")
    scene.paint(STROKE)
    scene.click("#undo")
    scene.reload()
    assert scene.shown() == moved
    expect(scene.page.locator(SEASON)).to_have_value("-50")
    scene.click("#undo")
    assert scene.shown() == unmoved
    expect(scene.page.locator(SEASON)).to_have_value("0")
    scene.click("#redo")
    scene.fill("[data-direction=night]", "40")
    scene.page.locator(SEASON).dblclick()
    scene.wait_for_picture()
    assert scene.picture()["directions"] == {"night": 0.8}
    scene.click("#directions-reset")
    assert scene.shown() == unmoved
    assert "directions" not in scene.picture()
    expect(scene.page.locator("#directions-reset")).to_be_hidden()


def test_a_moved_scene_travels_with_its_picture(browser: Browser, moving: StudioServer, scene: Studio) -> None:
    scene.fill(SEASON, "60")
    shown, file = scene.shown(), scene.download()
    with open_studio(browser, moving, path="/?seed=1") as other:
        drop(other, file, "picture.png", "image/png")
        expect(other.page.locator(SEASON)).to_have_value("60")  # a dropped file takes a moment to be read
        other.wait_for_picture()
        assert other.shown() == shown


def test_the_servers_picture_is_moved_too(scene: Studio, moving: StudioServer) -> None:
    with scene.page.expect_response(lambda answer: answer.status == 201) as made:
        scene.choose("tree")
        scene.paint(STROKE)
    address = made.value.headers["location"].removeprefix("/api/v1/")
    with scene.page.expect_response(lambda answer: answer.request.method == "PUT"):
        scene.page.locator(SEASON).fill("60")
    assert moving.get(address)["picture"]["directions"] == {"season": 1.2}


def test_a_switch_for_fewer_flaws(scene: Studio) -> None:
    before = scene.shown()
    scene.page.locator("#more summary").click()
    scene.page.locator("#clean").check()
    scene.wait_for_picture()
    assert scene.picture()["clean"] is True
    assert scene.shown() != before
    scene.reload()
    expect(scene.page.locator("#clean")).to_be_checked()
    scene.click("#undo")
    assert scene.shown() == before
    expect(scene.page.locator("#clean")).not_to_be_checked()


def test_a_model_without_them_shows_neither(browser: Browser, moving: StudioServer) -> None:
    def prepare(page: Page) -> None:
        page.route("**/directions", lambda route: route.fulfill(json={"directions": []}))

    with open_studio(browser, moving, prepare=prepare) as studio:
        expect(studio.page.locator("#palette [data-value=tree]")).to_be_visible()
        expect(studio.page.locator("#directions-section")).to_be_hidden()
