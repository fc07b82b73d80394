"""The sheet that shows a removal beside what inpainting makes of the same place."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.server import StudioServer
from tests.browser.studio import open_studio

INSTALL = "comparing needs OpenCV: pip install 'unitbrush[compare]'"


def test_a_removal_is_compared_on_a_phone(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, (390, 844), touch=True, may_complain=True) as studio:
        page = studio.page
        button, images = page.locator("#comparison-open"), page.locator("#comparison-list img")
        studio.choose("tree")
        studio.paint([(0.7, 0.7)])
        studio.wait_for_edits(1)
        expect(button).to_be_hidden()
        studio.choose("tree", mode="remove")
        page.locator("#size").fill("20")
        studio.paint([(0.7, 0.7)])
        studio.wait_for_edits(2)
        button.tap()
        expect(images).to_have_count(5)
        assert [image.get_attribute("alt") for image in images.all()] == [
            f"Removed by: {way}"
            for way in ("Brush", "Navier-Stokes", "Telea", "PatchMatch", "Contextual Attention (a trained network)")
        ]
        assert page.evaluate("Promise.all([...document.querySelectorAll('#comparison-list img')].map(i => i.decode()))")
        assert len({image.get_attribute("src") for image in images.all()}) == 5
        for time in page.locator("#comparison-list figcaption span").all_inner_texts():
            assert float(time.removesuffix(" ms")) >= 0
        assert len({image.bounding_box()["x"] for image in images.all()}) == 1  # type: ignore[index]  # one column
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.keyboard.press("Escape")
        expect(button).to_be_focused()

        # Without the extra the sheet says what to install.
        page.route("**/api/v1/compare", lambda route: route.fulfill(status=409, json={"title": "", "detail": INSTALL}))
        button.tap()
        expect(page.locator("#comparison-note")).to_contain_text(INSTALL)
        expect(images).to_have_count(0)
