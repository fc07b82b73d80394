"""Scenes near the present one and between two, and the latents they come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.server import ROOT, StudioServer
from tests.browser.studio import Studio, open_studio
from tests.browser.waiting import stalled
from tests.helpers.ports import free_port

STROKE = [(0.7, 0.62), (0.76, 0.7)]
LATENT = "([seed, n]) => import('/js/scenes/latent.js').then(m => m.latentOf(seed, n))"


def test_the_browsers_latent_is_numpys(studio: Studio) -> None:
    for seed in (0, 42, 2**32 - 1):
        latent = studio.page.evaluate(LATENT, [seed, 1301])
        expected = np.random.RandomState(seed).standard_normal(1301).astype(np.float32)
        assert np.array(latent, np.float32) == pytest.approx(expected, abs=1e-6), seed


def test_a_neighbour_is_similar_and_keeps_what_was_painted(studio: Studio, server: StudioServer) -> None:
    before, start = studio.pixels(), studio.picture()["seed"]
    studio.choose("tree")
    studio.paint(STROKE)
    studio.page.locator("#nearby").click()
    studio.click("#neighbours .scene >> nth=2")
    picture = studio.picture()
    assert "seed" not in picture
    assert [edit["concept"] for edit in picture["edits"]] == ["tree"]
    # How much a picture changes on the way hangs on chance, as a dusk may turn to night; how far its latent goes not.
    dimension = server.get("models")["models"][0]["latent_dim"]
    a, z = np.random.RandomState(start).standard_normal(dimension), np.array(picture["z"])
    assert 0.8 < z @ a / np.linalg.norm(a) / np.linalg.norm(z) < 0.98
    studio.click("#reset")
    assert np.abs(studio.pixels() - before).mean() > 0


def test_variations_carry_what_was_painted_and_follow_it(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, (390, 844), touch=True) as studio:
        page = studio.page
        tiles, images = page.locator("#variations button"), page.locator("#variations img")

        def seeds() -> list[int]:
            return [int(seed) for seed in tiles.evaluate_all("all => all.map((tile) => tile.dataset.seed)")]

        def wait_for_others(than: str | None) -> str:
            """Wait until the first one shows another image; gives it."""
            page.wait_for_function("old => !document.querySelector(`#variations img[src='${old}']`)", arg=than)
            return images.first.get_attribute("src") or ""

        studio.choose("tree")
        studio.paint(STROKE)
        page.keyboard.press("v")
        expect(images).to_have_count(6)
        first, shown = seeds(), images.first.get_attribute("src")
        assert len(set(first)) == 6
        boxes = [tile.bounding_box() for tile in tiles.all()]
        assert all(box and box["width"] > 90 and box["x"] + box["width"] <= 390 for box in boxes)
        # More paint goes over them all, and so does undoing it.
        studio.choose("sky")
        studio.paint([(0.2, 0.3), (0.3, 0.3)])
        shown = wait_for_others(shown)
        studio.click("#undo")
        shown = wait_for_others(shown)
        assert seeds() == first
        page.locator("#variations-others").tap()
        wait_for_others(shown)
        expect(images).to_have_count(6)
        other = seeds()
        assert not set(other) & set(first)
        # By keys: the second one is what is painted on.
        tiles.first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        studio.wait_for_picture()
        picture = studio.picture()
        assert picture["seed"] == other[1]
        assert [edit["concept"] for edit in picture["edits"]] == ["tree"]
        expect(tiles.nth(1)).to_have_attribute("aria-pressed", "true")
        assert seeds() == other
        studio.click("#undo")
        assert studio.picture()["seed"] != other[1]
        page.keyboard.press("Escape")
        expect(page.locator("#variations")).to_be_hidden()


def test_mixing_goes_from_one_scene_to_the_other(studio: Studio, server: StudioServer) -> None:
    first = studio.shown()
    start = studio.picture()["seed"]
    studio.page.locator("#mix").click()
    seed = studio.choose_scene(4)
    middle = studio.shown()
    assert middle != first
    dimension = server.get("models")["models"][0]["latent_dim"]
    z = np.array(studio.picture()["z"])
    a, b = (np.random.RandomState(seed).standard_normal(dimension) for seed in (start, seed))
    assert z @ a / np.linalg.norm(a) / np.linalg.norm(z) == pytest.approx(
        z @ b / np.linalg.norm(b) / np.linalg.norm(z), abs=1e-3
    )
    studio.fill("#mix-slider", "100")
    assert np.array(studio.picture()["z"]) == pytest.approx(b, abs=1e-4)
    studio.click("#undo")
    assert studio.shown() == middle


def test_the_number_of_units_can_be_set(studio: Studio) -> None:
    studio.choose("tree")
    studio.page.locator("#more summary").click()
    studio.page.locator("#units").fill("3")
    studio.paint(STROKE)
    studio.choose("sky")
    studio.paint(STROKE)
    first, second = studio.picture()["edits"]
    assert first["units"] == 3
    assert "units" not in second


def test_another_model_can_be_chosen(browser: Browser, server: StudioServer, tmp_path: Path) -> None:
    for kind in ("models", "dissect_results"):
        (tmp_path / kind).mkdir()
        for name in ("village", "other"):
            (tmp_path / kind / name).symlink_to(ROOT / kind / "village")
    both = StudioServer(
        free_port(),
        tmp_path / "data",
        UNITBRUSH_MODELS_DIR=str(tmp_path / "models"),
        UNITBRUSH_RESULTS_DIR=str(tmp_path / "dissect_results"),
    )
    both.seen = server.seen
    both.start()
    try:
        with open_studio(browser, both) as studio:
            with stalled(studio.page, "**/models/other/concepts"):
                studio.page.locator("#model").select_option("other")
                # Its brushes are not there yet.
                assert "ready" not in studio.page.evaluate("({...document.documentElement.dataset})")
            studio.wait_until_ready()
            assert studio.picture()["model"] == "other"
            assert studio.picture()["seed"] == both.get("models")["models"][1]["scenes"][0]
            shown = studio.shown()
            studio.choose("tree")
            studio.paint(STROKE)
            assert studio.shown() != shown
    finally:
        both.stop()


def test_with_one_model_there_is_nothing_to_choose(studio: Studio) -> None:
    expect(studio.page.locator("#model")).to_be_hidden()
