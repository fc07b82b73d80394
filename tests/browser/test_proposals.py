"""The wand where the model has no segmenter: what looks like one thing."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from server.client.proposals import Proposals
from tests.browser.server import StudioServer
from tests.browser.studio import Studio, open_studio

EMPTY = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
SMALL, LARGE = 0.012, 0.3  # radii, the least and the greatest


@pytest.fixture
def unsegmented(browser: Browser, server: StudioServer) -> Iterator[Studio]:
    """The studio as if the server had said that its model has no segmenter, which it is not asked for anything."""

    def without(route: Route) -> None:
        answer = route.fetch()
        models = [{**model, "segmenter": False} for model in answer.json()["models"]]
        route.fulfill(response=answer, json={"models": models})

    def prepare(page: Page) -> None:
        page.route("**/api/v1/models", without)
        page.route("**/api/v1/segment", lambda route: route.abort())
        # The strip's, which would be drawn first.
        page.route("**/images/*", lambda route: route.fulfill(body=EMPTY, content_type="image/svg+xml"))

    with open_studio(browser, server, prepare=prepare) as studio:
        yield studio


def test_a_click_takes_what_looks_like_one_thing(unsegmented: Studio, server: StudioServer) -> None:
    studio, page = unsegmented, unsegmented.page
    found = server.post("proposals", studio.picture())
    tree = Proposals(**{name: found[name] for name in ("width", "height", "labels", "parents", "prominence")})
    places = [(x / 16, y / 16) for y in range(1, 16) for x in range(1, 16)]
    place = max(places, key=lambda at: tree.thing_at(*at, radius=LARGE).sum() - tree.thing_at(*at, radius=SMALL).sum())
    small, large = (tree.thing_at(*place, radius=radius) for radius in (SMALL, LARGE))
    away = np.argwhere(large & ~small)  # taken with a large brush only
    row, column = away[len(away) // 2]
    beside = ((column + 0.5) / tree.width, (row + 0.5) / tree.height)

    studio.choose("sky", mode="remove", tool="pick")
    page.locator("#size").fill("0")
    page.mouse.move(*studio.at(place))
    studio.wait_for_tint(place)
    studio.wait_for_no_tint(beside)
    expect(page.locator("#pick-tag")).to_be_hidden()
    page.locator("#size").fill("100")
    studio.wait_for_tint(place, beside)
    page.mouse.click(*studio.at(place))
    studio.wait_for_edits(1)
    (edit,) = studio.picture()["edits"]
    assert (edit["op"], edit["concept"]) == ("remove", "sky")
    mask = Image.open(io.BytesIO(base64.b64decode(edit["mask"]["png"])))
    assert np.array_equal(np.asarray(mask)[..., -1] > 0, large)
    page.mouse.move(5, 5)
    page.locator("#edits .edit").hover()
    studio.wait_for_tint(place, beside)
