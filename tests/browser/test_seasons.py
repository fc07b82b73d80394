"""The picture in the seasons that its model can be translated to: rows of six styles in the sheet of styles."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from server.painting.imaging import read_document
from tests.browser.server import StudioServer
from tests.browser.studio import Studio, open_studio
from tests.browser.test_access import violations
from tests.browser.waiting import stalled

TRANSLATE = "**/api/v1/translate?*"


def row(page: Page, season: str) -> Locator:
    return page.locator(f"#seasons [data-season={season}]")


def asked(request: Request) -> dict[str, Any]:
    """The question in a request."""
    question: dict[str, Any] = json.loads(request.post_data or "")
    return question


def drawn_by_api(studio: Studio, server: StudioServer, style: int) -> bytes:
    """The PNG of the present picture in winter."""
    question = {"picture": studio.picture(), "to": "winter", "style": style}
    return studio.page.request.post(f"{server.url}/api/v1/translate?format=png", data=question).body()


def test_a_season_is_chosen_by_keys_and_taken_away(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server) as studio:
        page = studio.page
        image, saving = page.locator("#style-image"), page.locator("#style-download")
        page.keyboard.press("s")
        for season in ("summer", "winter"):
            expect(row(page, season).locator("img")).to_have_count(6)
        assert violations(studio) == []
        expect(saving).to_be_disabled()
        plain = image.get_attribute("src")
        # One stop of the Tab key for a row, arrows within it.
        row(page, "summer").locator("button").first.focus()
        for key in ("Tab", "Tab", "ArrowRight", "ArrowRight", "Enter"):
            page.keyboard.press(key)
        third = row(page, "winter").get_by_role("button", name="Winter, style 2")
        expect(third).to_be_focused()
        expect(third).to_have_attribute("aria-pressed", "true")
        expect(saving).to_be_enabled()
        assert image.get_attribute("src") != plain
        expect(page.locator("#announcer")).to_have_text("The picture in the style is there.")
        with page.expect_download() as download:
            saving.click()
        assert download.value.suggested_filename.endswith("-winter-2.png")
        data = download.value.path().read_bytes()
        assert json.loads(read_document(data)) == studio.picture()
        assert data == drawn_by_api(studio, server, 2)
        # The strength is a style's, and a style takes the season's place.
        expect(page.locator("#style-strength")).to_be_disabled()
        page.locator("#styles [value=waves]").click()
        expect(third).to_have_attribute("aria-pressed", "false")
        expect(page.locator("#style-strength")).to_be_enabled()
        # Six others, of that season alone.
        page.get_by_role("button", name="Winter: six other styles").click()
        expect(row(page, "winter").get_by_role("button", name="Winter, style 11").locator("img")).to_be_visible()
        expect(third).to_have_count(0)
        expect(row(page, "summer").get_by_role("button", name="Summer, style 5").locator("img")).to_be_visible()


def test_looks_are_the_present_pictures_on_a_phone(browser: Browser, server: StudioServer) -> None:
    def without(route: Route) -> None:
        answer = route.fetch()
        models = [{**model, "translations": []} for model in answer.json()["models"]]
        route.fulfill(response=answer, json={"models": models})

    options: dict[str, Any] = {"touch": True, "may_complain": True}
    with open_studio(
        browser, server, (390, 844), prepare=lambda page: page.route("**/models", without), **options
    ) as studio:
        # A model without a translator offers no seasons.
        page = studio.page
        page.keyboard.press("s")
        expect(page.locator("#styles [value=waves]")).to_be_visible()
        expect(page.locator("#seasons")).to_be_hidden()
        page.unroute("**/models")
        studio.reload()
        # What was asked for about another picture is not waited for.
        with stalled(page, TRANSLATE) as waiting:
            with page.expect_request(TRANSLATE):
                page.keyboard.press("s")
            with page.expect_event("requestfailed", lambda request: "/translate" in request.url):
                page.locator("#style-close").tap()
            studio.choose_scene(2)
            with page.expect_request(TRANSLATE) as request:
                page.keyboard.press("s")
            assert len(waiting) == 2
        assert asked(request.value)["picture"] == studio.picture() != asked(waiting[0].request)["picture"]
        expect(row(page, "winter").locator("img")).to_have_count(6)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        row(page, "winter").locator("button").nth(5).tap()
        expect(page.locator("#style-download")).to_be_in_viewport()
        with page.expect_download() as download:
            page.locator("#style-download").tap()
        assert download.value.path().read_bytes() == drawn_by_api(studio, server, 5)
        # Where the server is gone it says so, and once.
        failed: list[str] = []
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.route(TRANSLATE, lambda route: route.abort())
        page.get_by_role("button", name="Summer: six other styles").tap()
        expect(page.locator("#style-note")).to_contain_text("Failed to fetch")
        assert len([url for url in failed if "/translate" in url]) == 1
