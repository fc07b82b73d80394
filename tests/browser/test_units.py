"""Edits that the server takes: the bounds of the slider of units, and what happens to an edit that is refused."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.server import StudioServer
from tests.browser.studio import Studio, drop, open_studio
from tests.browser.waiting import stalled

STROKE = [(0.72, 0.66), (0.76, 0.7), (0.8, 0.66)]


def test_the_slider_has_the_bounds_of_what_the_edit_will_do(studio: Studio, server: StudioServer) -> None:
    page = studio.page
    concepts = {concept["name"]: concept for concept in server.get("models/village/concepts")["concepts"]}
    page.locator("#more summary").click()
    units = page.locator("#units")
    for name in ("tree", "door", "sky"):
        for mode, ranked in (("draw", concepts[name]), ("remove", concepts[name]["remove"])):
            studio.choose(name, mode=mode)
            expect(units).to_have_attribute("max", str(len(ranked["units"])))
            expect(units).to_have_value(str(ranked["recommended_units"]))
    studio.choose("tree")
    drawn, removed = len(concepts["tree"]["units"]), len(concepts["tree"]["remove"]["units"])
    units.fill(str(drawn))
    studio.paint(STROKE)
    studio.choose("tree", mode="remove")
    expect(units).to_have_value(str(min(drawn, removed)))
    studio.paint(STROKE)
    studio.wait_for_edits(2)
    edits = studio.picture()["edits"]
    assert edits[0].get("units", drawn) == drawn
    assert edits[1].get("units", removed) <= removed


@pytest.mark.parametrize("painted", [0, 1])
def test_an_edit_that_the_server_refuses_is_in_no_history(browser: Browser, server: StudioServer, painted: int) -> None:
    with open_studio(browser, server, may_complain=True) as studio:
        studio.choose("tree")
        for _ in range(painted):
            studio.paint(STROKE)
        refused = {"op": "draw", "concept": "tree", "mask": None, "layer": "nowhere"}
        picture = {**studio.picture(), "edits": [refused]}
        drop(studio, json.dumps(picture).encode(), "picture.json", "application/json")
        studio.wait_for_notice("nowhere")
        studio.wait_for_edits(painted)
        expect(studio.page.locator("#redo")).to_have_attribute("aria-disabled", "true")
        assert refused not in studio.picture()["edits"]


def test_a_stroke_that_the_server_refuses_is_in_no_history(browser: Browser, server: StudioServer) -> None:
    def refuse(route: Route) -> None:
        many = len((route.request.post_data_json or {}).get("edits", [])) > 1
        if many:
            problem = {"type": "about:blank", "title": "Too much", "status": 422, "detail": "too many points"}
            route.fulfill(status=422, json=problem, content_type="application/problem+json")
        else:
            route.continue_()

    with open_studio(browser, server, may_complain=True) as studio:
        studio.choose("tree")
        studio.paint(STROKE)
        studio.page.route("**/render?format=png", refuse)
        studio.press_along([(0.2, 0.6), (0.3, 0.6)])
        studio.lift()
        studio.wait_for_notice("too many points")
        studio.wait_for_edits(1)
        expect(studio.page.locator("#redo")).to_have_attribute("aria-disabled", "true")


def test_nothing_is_painted_before_the_brushes_are_known(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server) as studio:
        page = studio.page
        with stalled(page, "**/concepts"):
            page.reload()
            studio.wait_for_picture()
            studio.press_along(STROKE)
            studio.lift()
            studio.wait_for_notice("No brush")
        studio.wait_until_ready()
        studio.choose("tree")
        studio.paint(STROKE)
        studio.wait_for_edits(1)


def test_the_inspector_applies_no_unit_of_the_layer_before(studio: Studio) -> None:
    page = studio.page
    page.locator("#inspect").click()
    page.mouse.click(*studio.at((0.5, 0.6)))
    rows = page.locator("#inspect-units .unit")
    expect(rows.first).to_be_visible()
    layers = page.locator("#inspect-layer option").evaluate_all("all => all.map(e => e.value)")
    other = next(name for name in layers if name != page.locator("#inspect-layer").input_value())
    with stalled(page, "**/inspect"):
        page.locator("#inspect-layer").select_option(other)
        expect(rows).to_have_count(0)
    rows.first.locator("button").first.click()
    studio.wait_for_edits(1)
    assert studio.picture()["edits"][0]["layer"] == other
