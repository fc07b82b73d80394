"""A booth: it paints by itself, is a visitor's at a touch, and starts afresh once they have left."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Browser

from tests.browser.conftest import BOOTH_HOST
from tests.browser.server import StudioServer
from tests.browser.studio import open_studio

STROKE = [(0.7, 0.62), (0.76, 0.7)]
EDITS = "() => JSON.parse(localStorage.getItem('unitbrush.history') ?? '{\"states\":[]}').states.at(-1)?.[1].length"


def test_a_visit(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, host=BOOTH_HOST, touch=True, path="/?booth=1&idle=14") as studio:
        page = studio.page
        page.locator("#booth-invitation").wait_for()
        assert page.locator("input:not([type=range]):visible").count() == 0
        page.wait_for_function(f"() => ({EDITS})() > 0", timeout=60_000)

        page.touchscreen.tap(*studio.at((0.5, 0.5)))
        page.locator("#booth-invitation").wait_for(state="hidden")
        studio.settle()
        assert studio.picture()["edits"] == []
        page.locator("#palette [data-value=tree]").tap()
        studio.paint(STROKE)
        assert [edit["concept"] for edit in studio.picture()["edits"]] == ["tree"]
        shown = studio.picture()

        page.locator("#qr-open").tap()
        page.locator("#qr-code svg").wait_for()
        address = page.locator("#qr-code").get_attribute("data-address")
        assert address is not None
        kept = server.get("pictures/" + address.split("picture=")[1])
        assert kept["picture"]["edits"][0]["mask"] == shown["edits"][0]["mask"]

        page.locator("#booth-warning").wait_for(timeout=15_000)
        page.locator("#booth-invitation").wait_for(timeout=20_000)
        assert page.locator("#qr").is_hidden()
        assert studio.picture()["edits"] == []

    path = "/?" + urlsplit(address).query
    with open_studio(browser, server, host=BOOTH_HOST, path=path) as home:
        assert [edit["concept"] for edit in home.picture()["edits"]] == ["tree"]


def test_a_booth_outlives_its_server(browser: Browser, own_server: StudioServer) -> None:
    with open_studio(browser, own_server, path="/?booth=1", may_complain=True) as studio:
        studio.page.wait_for_function(f"() => ({EDITS})() > 0", timeout=60_000)
        own_server.kill()
        studio.page.locator("#offline").wait_for(timeout=60_000)
        own_server.start()
        studio.page.locator("#offline").wait_for(state="hidden", timeout=20_000)
        studio.page.wait_for_function(f"() => ({EDITS})() > 0", timeout=60_000)
        studio.settle()
