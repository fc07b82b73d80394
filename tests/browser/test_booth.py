"""A booth: it paints by itself, is a visitor's at a touch, and starts afresh once they have left."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.browser.booth import IDLE, hold_seconds, let_seconds_pass
from tests.browser.conftest import BOOTH_HOST
from tests.browser.server import StudioServer
from tests.browser.studio import Studio, open_studio

STROKE = [(0.7, 0.62), (0.76, 0.7)]


def wait_for_a_painted_picture(studio: Studio) -> None:
    """Wait until the booth has painted something by itself since its history was last cleared."""
    studio.page.wait_for_function(
        """() => {
            const history = JSON.parse(localStorage.getItem('unitbrush.history'));
            return history?.states.at(-1)[1].length > 0;
        }"""
    )


def test_a_visit(browser: Browser, server: StudioServer) -> None:
    path = f"/?booth=1&idle={IDLE}"
    options = {"touch": True, "prepare": hold_seconds, "reduced_motion": "no-preference"}
    with open_studio(browser, server, host=BOOTH_HOST, path=path, **options) as studio:
        page = studio.page
        expect(page.locator("#booth-invitation")).to_be_visible()
        expect(page.locator("input:not([type=range]):visible")).to_have_count(0)
        wait_for_a_painted_picture(studio)

        page.touchscreen.tap(*studio.at((0.5, 0.5)))
        expect(page.locator("#booth-invitation")).to_be_hidden()
        studio.wait_for_edits(0)
        page.locator("#palette [data-value=tree]").tap()
        studio.paint(STROKE)
        assert [edit["concept"] for edit in studio.picture()["edits"]] == ["tree"]
        shown = studio.picture()

        page.locator("#qr-open").tap()
        expect(page.locator("#qr-code svg")).to_be_visible()
        address = page.locator("#qr-code").get_attribute("data-address")
        assert address is not None
        stored = server.get("pictures/" + address.split("picture=")[1])
        assert stored["picture"]["edits"][0]["mask"] == shown["edits"][0]["mask"]

        let_seconds_pass(page, IDLE - 5)
        expect(page.locator("#booth-warning")).to_be_visible()
        expect(page.locator("#booth-count")).to_have_text("5")
        expect(page.locator("#booth-invitation")).to_be_hidden()
        let_seconds_pass(page, 5)
        expect(page.locator("#booth-invitation")).to_be_visible()
        expect(page.locator("#booth-warning")).to_be_hidden()
        expect(page.locator("#qr")).to_be_hidden()
        studio.wait_for_edits(0)

    path = "/?" + urlsplit(address).query
    with open_studio(browser, server, host=BOOTH_HOST, path=path) as home:
        assert [edit["concept"] for edit in home.picture()["edits"]] == ["tree"]


def test_a_finger_held_still_is_a_visitor(browser: Browser, server: StudioServer) -> None:
    path = f"/?booth=1&idle={IDLE}"
    with open_studio(browser, server, host=BOOTH_HOST, touch=True, path=path, prepare=hold_seconds) as studio:
        page = studio.page
        wait_for_a_painted_picture(studio)
        page.touchscreen.tap(*studio.at((0.5, 0.5)))
        studio.wait_for_edits(0)
        page.locator("#palette [data-value=tree]").tap()
        studio.press_along(STROKE)
        let_seconds_pass(page, 2 * IDLE)
        expect(page.locator("#booth-invitation")).to_be_hidden()
        expect(page.locator("#booth-warning")).to_be_hidden()
        studio.lift()
        studio.wait_for_edits(1)
        let_seconds_pass(page, IDLE)
        expect(page.locator("#booth-invitation")).to_be_visible()


# A screen that stays on; a page that is hidden loses it.
WAKE_LOCK = """
window.asked = [];
Object.defineProperty(Navigator.prototype, "wakeLock", {
  value: { request: async (kind) => { asked.push(kind); if (asked.length > 2) throw new Error("low power"); } },
});
"""


def test_the_screen_of_a_booth_stays_on(browser: Browser, server: StudioServer) -> None:
    def prepare(page: Page) -> None:
        page.add_init_script(WAKE_LOCK)

    with open_studio(browser, server, path="/?booth=1", prepare=prepare) as studio:
        page = studio.page
        page.wait_for_function("asked.length === 1")
        for _ in range(2):  # the second time it is refused
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        assert page.evaluate("asked") == ["screen", "screen", "screen"]
    with open_studio(browser, server, prepare=prepare) as studio:
        assert studio.page.evaluate("asked") == []


# One that the system takes back, or refuses at once.
SENTINELS = """
window.locks = [];
window.refuse = false;
Object.defineProperty(Navigator.prototype, "wakeLock", {
  value: {
    request() {
      if (refuse) throw new DOMException("low power", "NotAllowedError");
      locks.push(Object.assign(new EventTarget(), { released: false }));
      return Promise.resolve(locks.at(-1));
    },
  },
});
window.release = () => {
  locks.at(-1).released = true;
  locks.at(-1).dispatchEvent(new Event("release"));
};
"""


def test_a_screen_lock_that_is_lost_is_asked_for_again(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, path="/?booth=1", prepare=lambda page: page.add_init_script(SENTINELS)) as studio:
        page = studio.page
        page.wait_for_function("locks.length === 1")
        page.evaluate("release()")
        page.wait_for_function("locks.length === 2")
        page.evaluate("refuse = true; release(); refuse = false")
        assert page.evaluate("locks.length") == 2
        page.mouse.click(*studio.at((0.5, 0.5)))
        page.wait_for_function("locks.length === 3")
        page.mouse.click(*studio.at((0.5, 0.5)))  # it is held
        assert page.evaluate("locks.length") == 3


def test_a_booth_outlives_its_server(browser: Browser, own_server: StudioServer) -> None:
    with open_studio(browser, own_server, path="/?booth=1", may_complain=True) as studio:
        wait_for_a_painted_picture(studio)
        own_server.kill()
        expect(studio.page.locator("#offline")).to_be_visible()
        own_server.start()
        expect(studio.page.locator("#offline")).to_be_hidden()
        studio.page.evaluate("localStorage.removeItem('unitbrush.history')")
        wait_for_a_painted_picture(studio)
        studio.wait_for_picture()
