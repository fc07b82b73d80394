"""The switch between letting things grow and painting just where the pen goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.server import StudioServer
from tests.browser.studio import Studio, open_studio
from tests.helpers.decided import DECISION, SKETCH, write_decided_model
from tests.helpers.ports import free_port
from tests.helpers.tiny import write_model

STROKE = [(0.3, 0.5), (0.4, 0.55), (0.5, 0.5)]


@contextmanager
def serving(folder: Path) -> Iterator[StudioServer]:
    """A server on the models of a folder."""
    server = StudioServer(
        free_port(),
        folder / "data",
        UNITBRUSH_MODELS_DIR=str(folder / "models"),
        UNITBRUSH_RESULTS_DIR=str(folder / "dissect_results"),
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def deciding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioServer]:
    """A server on a tiny model that decides and then draws; of its concepts the sky has no exact brush."""
    folder = tmp_path_factory.mktemp("deciding")
    write_decided_model(folder)
    with serving(folder) as server:
        yield server


@pytest.fixture
def scene(browser: Browser, deciding: StudioServer) -> Iterator[Studio]:
    """The studio on that server."""
    with open_studio(browser, deciding, path="/?seed=7") as studio:
        yield studio


def test_models_without_exact_brushes_have_no_switch(browser: Browser, tmp_path: Path) -> None:
    write_model(tmp_path)
    with serving(tmp_path) as server, open_studio(browser, server, path="/?seed=7") as studio:
        expect(studio.page.locator("#exact-field")).to_be_hidden()
        studio.page.keyboard.press("g")
        studio.choose("tree")
        studio.paint(STROKE)
        studio.wait_for_edits(1)
        assert "layer" not in studio.picture()["edits"][0]


def test_a_stroke_is_painted_as_the_switch_says(scene: Studio) -> None:
    page, switch = scene.page, scene.page.get_by_role("switch", name="Exact")
    scene.choose("tree")
    expect(switch).not_to_be_checked()
    scene.paint(STROKE)
    scene.wait_for_edits(1)
    grown = scene.pixels()
    page.locator("#undo").click()
    scene.wait_for_edits(0)
    before = scene.pixels()
    switch.click()
    expect(switch).to_be_checked()
    scene.paint(STROKE)
    scene.wait_for_edits(1)
    assert scene.picture()["edits"][0]["layer"] == DECISION
    side = before.shape[0]
    changed = np.abs(scene.pixels() - before).max(2) > 0
    outside = changed.copy()
    outside[int(0.35 * side) : int(0.7 * side), int(0.15 * side) : int(0.65 * side)] = False
    assert changed.any()
    assert not outside.any()
    assert (grown != scene.pixels()).any()


def test_a_key_turns_it_and_the_page_remembers_it(scene: Studio) -> None:
    switch = scene.page.get_by_role("switch", name="Exact")
    scene.choose("door")
    scene.page.keyboard.press("g")
    expect(switch).to_be_checked()
    scene.reload()
    expect(switch).to_be_checked()
    scene.paint(STROKE)
    scene.wait_for_edits(1)
    assert scene.picture()["edits"][0]["layer"] == DECISION
    scene.page.keyboard.press("g")
    expect(switch).not_to_be_checked()
    scene.paint(STROKE)
    scene.wait_for_edits(2)
    assert "layer" not in scene.picture()["edits"][1]


def test_the_slider_of_units_is_of_the_brush_that_paints(scene: Studio, deciding: StudioServer) -> None:
    layers = {layer["name"]: layer["units"] for layer in deciding.get("models")["models"][0]["layers"]}
    scene.choose("tree")
    scene.page.locator("#more summary").click()
    units = scene.page.locator("#units")
    expect(units).to_have_attribute("max", str(layers[SKETCH]))
    units.fill("5")
    scene.page.get_by_role("switch", name="Exact").click()
    expect(units).to_have_attribute("max", "5")  # parts; the features beside them have no part in it
    expect(units).to_have_value("1")


def test_a_concept_without_an_exact_brush_grows(scene: Studio) -> None:
    switch = scene.page.get_by_role("switch", name="Exact")
    scene.choose("tree")
    switch.click()
    scene.choose("sky")
    expect(switch).to_be_disabled()
    scene.paint(STROKE)
    scene.wait_for_edits(1)
    assert "layer" not in scene.picture()["edits"][0]
    scene.choose("tree")
    expect(switch).to_be_enabled()
    expect(switch).to_be_checked()
