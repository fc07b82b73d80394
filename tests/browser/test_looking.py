"""Looking into a picture: whole things picked, units inspected and stamped, where a brush will take."""

from __future__ import annotations

import json

import numpy as np
import pytest
from playwright.sync_api import Route, expect

from tests.browser.server import StudioServer
from tests.browser.studio import Point, Studio, change


def place_of(server: StudioServer, concept: str) -> Point:
    """A pixel amid a large region of that concept in the scene that the tests begin with."""
    labels, concepts = server.labels(server.calm_seed())
    shown = labels == concepts.index(concept)  # (R, R)
    side = labels.shape[0]
    # The centre of the densest window is well inside the region.
    window = side // 8
    places = [(y, x) for y in range(side - window) for x in range(side - window)]
    y, x = max(places, key=lambda at: shown[at[0] : at[0] + window, at[1] : at[1] + window].sum())
    return (x + window / 2 + 0.5) / side, (y + window / 2 + 0.5) / side


def test_a_click_removes_a_whole_thing(studio: Studio, server: StudioServer) -> None:
    sky = place_of(server, "sky")
    studio.choose("tree", mode="remove", tool="pick")
    studio.page.mouse.move(*studio.at(sky))
    expect(studio.page.locator("#pick-tag")).to_have_text("Sky")
    studio.wait_for_tint(sky)
    before = studio.pixels()
    studio.page.mouse.click(*studio.at(sky))
    studio.wait_for_edits(1)
    (edit,) = studio.picture()["edits"]
    assert (edit["op"], edit["concept"], edit["mask"]["concept"]) == ("remove", "sky", "sky")
    assert edit["mask"]["at"] == [pytest.approx(sky[0], abs=0.01), pytest.approx(sky[1], abs=0.01)]
    assert np.abs(studio.pixels() - before).mean() > 3


def test_a_click_turns_a_thing_into_another_and_shift_takes_all(studio: Studio, server: StudioServer) -> None:
    grass = place_of(server, "grass")
    studio.choose("water" if studio.page.locator("#palette [data-value=water]").count() else "path", tool="pick")
    studio.page.keyboard.down("Shift")
    studio.page.mouse.click(*studio.at(grass))
    studio.page.keyboard.up("Shift")
    studio.wait_for_edits(1)
    (edit,) = studio.picture()["edits"]
    assert edit["op"] == "draw"
    assert edit["mask"] == {"concept": "grass"}


def clearest(server: StudioServer, seed: int, concept: str) -> Point:
    """The middle of the sixteenth of a scene, each way, that shows most of a concept."""
    labels, concepts = server.labels(seed)
    side = len(labels) // 16
    shares = (labels == concepts.index(concept)).reshape(16, side, 16, side).mean((1, 3))  # (16, 16)
    row, column = np.unravel_index(shares.argmax(), shares.shape)
    return (float(column) + 0.5) / 16, (float(row) + 0.5) / 16


def test_units_are_switched_and_stamped(studio: Studio, server: StudioServer) -> None:
    page = studio.page
    seed = studio.picture()["seed"]
    water, grass = clearest(server, seed, "water"), clearest(server, seed, "grass")
    unedited = studio.pixels()
    page.locator("#inspect").click()
    page.mouse.click(*studio.at(water))
    expect(page.locator(".unit")).to_have_count(10)
    assert studio.picture()["edits"] == []

    page.locator(".unit").first.hover()
    page.wait_for_function("""() => {
        const c = document.getElementById('tint');
        return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v, i) => i % 4 === 3 && v > 0);
    }""")
    page.locator(".unit").first.locator("button").nth(1).click()
    studio.wait_for_edits(1)
    (edit,) = studio.picture()["edits"]
    assert edit["op"] == "remove"
    assert len(edit["units"]) == 1
    studio.click("#undo")

    page.locator("#inspect-copy").click()
    expect(page.locator("#inspect-stamp")).to_have_attribute("aria-pressed", "true")
    page.locator("#size").fill("70")
    page.mouse.click(*studio.at(grass))
    studio.wait_for_edits(1)
    (stamp,) = studio.picture()["edits"]
    assert stamp["op"] == "draw"
    assert len(stamp["units"]) == len(stamp["levels"]) > 10
    near, far = change(unedited, studio.pixels(), grass, 0.06, 0.45)
    assert near > 12 > 3 * far


def test_hovering_a_brush_shows_where_it_takes_and_the_ring_warns(studio: Studio) -> None:
    grid = [[0.9 if row >= 8 else 0.0 for _ in range(16)] for row in range(16)]

    def answer(route: Route) -> None:
        body = json.loads(route.request.post_data or "{}")
        assert body["picture"]["edits"] == []
        route.fulfill(json={"concept": body["concept"], "rows": 16, "columns": 16, "grid": grid, "note": None})

    page = studio.page
    page.route("**/api/v1/receptivity", answer)
    page.locator("#palette [data-value=door]").hover()
    studio.wait_for_tint((0.5, 0.9))
    studio.wait_for_no_tint((0.5, 0.1))
    page.locator("#palette [data-value=door]").click()
    page.mouse.move(*studio.at((0.5, 0.2)))
    expect(page.locator("#ring.poor")).to_be_visible()
    studio.wait_for_no_tint((0.5, 0.9))
    page.mouse.move(*studio.at((0.5, 0.8)))
    expect(page.locator("#ring:not(.poor)")).to_be_visible()


def test_the_server_tells_where_a_brush_takes(studio: Studio) -> None:
    with studio.page.expect_response("**/api/v1/receptivity") as answer:
        studio.page.locator("#palette [data-value=door]").hover()
    answered = answer.value.json()
    assert answer.value.ok
    assert answered["concept"] == "door"
    assert (answered["grid"] is None) == (answered["note"] is not None)
