"""Touch, keyboard, sizes, languages, themes, and the page as a booth on a local network sees it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.booth import hold_seconds
from tests.browser.conftest import BOOTH_HOST
from tests.browser.server import StudioServer
from tests.browser.studio import Studio, change, open_studio

STROKE = [(0.7, 0.62), (0.76, 0.7), (0.82, 0.64)]
MIDDLE = (0.76, 0.67)
CONTROLS = (
    "#undo",
    "#redo",
    "#reset",
    "#compare",
    "#split-toggle",
    "#inspect",
    "#everywhere",
    "#mix",
    "#mode-draw",
    "#mode-remove",
    "#random",
    "#download",
    "#size",
)


def test_a_finger_paints_on_a_phone(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, (390, 844), touch=True, device_scale_factor=3) as studio:
        before = studio.pixels()
        studio.page.locator("#palette [data-value=tree]").tap()
        studio.paint(STROKE)
        near, far = change(before, studio.pixels(), MIDDLE, 0.06, 0.45)
        assert near > 12 > 3 * far
        assert studio.page.evaluate("scrollY") == 0


def test_two_fingers_zoom_and_paint_nothing(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, (390, 844), touch=True) as studio:
        session = studio.context.new_cdp_session(studio.page)

        def fingers(kind: str, *points: tuple[float, float]) -> None:
            places = [dict(zip(("x", "y", "id"), (*studio.at(p), i), strict=True)) for i, p in enumerate(points)]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

        fingers("touchStart", (0.45, 0.5))
        fingers("touchStart", (0.45, 0.5), (0.55, 0.5))
        for spread in (0.1, 0.15, 0.2, 0.3):
            fingers("touchMove", (0.5 - spread, 0.5), (0.5 + spread, 0.5))
        fingers("touchEnd")
        expect(studio.page.locator("#fit")).to_be_visible()
        studio.page.wait_for_function("() => document.getElementById('view').style.transform.startsWith('translate')")
        # Both in one direction, they move the view.
        before = studio.page.evaluate("document.getElementById('view').getBoundingClientRect().x")
        fingers("touchStart", (0.4, 0.5), (0.6, 0.5))
        for step in (0.04, 0.08, 0.12):
            fingers("touchMove", (0.4 + step, 0.5), (0.6 + step, 0.5))
        fingers("touchEnd")
        box = studio.stage.bounding_box()
        assert box is not None
        studio.page.wait_for_function(
            "(x) => Math.abs(document.getElementById('view').getBoundingClientRect().x - x) < 6",
            arg=before + 0.12 * box["width"],
        )
        expect(studio.page.locator("#undo")).to_have_attribute("aria-disabled", "true")
        studio.page.locator("#fit").tap()
        expect(studio.page.locator("#fit")).to_be_hidden()


# Two frames on, everything that follows the window's size has followed.
DRAWN = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn())))"
SIZES = ((390, 844), (844, 390), (820, 1180), (1280, 800), (3840, 2160))


def test_everything_fits_at_every_size(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, SIZES[0]) as studio:
        for width, height in SIZES:
            studio.page.set_viewport_size({"width": width, "height": height})
            studio.page.evaluate(DRAWN)
            _fits(studio, width, height)


def _fits(studio: Studio, width: int, height: int) -> None:
    assert studio.page.evaluate("document.documentElement.scrollWidth") <= width
    studio.page.evaluate("window.scrollTo(0, 0)")
    stage = studio.stage.bounding_box()
    assert stage is not None
    assert abs(stage["width"] - stage["height"]) < 1
    assert stage["width"] > 0.75 * min(width, height)
    assert stage["y"] + stage["height"] <= height
    for control in CONTROLS:
        locator = studio.page.locator(control)
        locator.scroll_into_view_if_needed()
        box = locator.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        reached = locator.evaluate(
            "e => {const b = e.getBoundingClientRect();"
            "return e.contains(document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2))}"
        )
        assert reached, f"{control} is covered"


def test_keys_choose_and_paint(studio: Studio) -> None:
    page = studio.page
    before = studio.pixels()
    unedited = studio.shown()
    page.keyboard.press("e")
    expect(page.locator("body")).to_have_attribute("data-mode", "remove")
    page.keyboard.press("b")
    expect(page.locator("body")).to_have_attribute("data-mode", "draw")
    page.locator("#palette [data-value=tree]").focus()
    page.keyboard.press("Space")
    expect(page.locator("#palette [data-value=tree]")).to_have_attribute("aria-checked", "true")
    size = page.locator("#size").input_value()
    page.keyboard.press("]")
    page.wait_for_function("size => Number(document.getElementById('size').value) > Number(size)", arg=size)
    page.keyboard.press("[")
    expect(page.locator("#size")).to_have_value(size)
    studio.stage.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    studio.wait_for_edits(1)
    (edit,) = studio.picture()["edits"]
    x, y = edit["mask"]["strokes"][0]["points"][0]
    assert (x, y) == (pytest.approx(0.5 + 5 * 0.5 * 0.075, abs=0.01), pytest.approx(y))
    near, far = change(before, studio.pixels(), (x + 0.05, y), 0.05, 0.45)
    assert near > 12 > 3 * far
    page.keyboard.press("Space")
    studio.wait_for_edits(2)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    studio.wait_for_edits(0)
    assert studio.shown() == unedited
    page.keyboard.press("Shift+Z")
    page.keyboard.press("Control+y")
    studio.wait_for_edits(2)


def test_a_picture_painted_with_nothing_but_keys(studio: Studio) -> None:
    page = studio.page
    before = studio.pixels()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # on the link that skips to the picture
    expect(studio.stage).to_be_focused()
    names = page.locator("#palette [role=radio]").evaluate_all("all => all.map(e => e.dataset.value)")
    page.keyboard.press(str(1 + names.index("water")))
    expect(page.locator("#palette [data-value=water]")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("l")
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    studio.wait_for_edits(1)
    (edit,) = studio.picture()["edits"]
    assert edit["concept"] == "water"
    (x0, y0), (x1, y1) = edit["mask"]["strokes"][0]["points"]
    assert (x0, y0, y1) == (0.5, 0.5, 0.5)
    assert x1 > 0.8
    near, far = change(before, studio.pixels(), (0.7, 0.5), 0.06, 0.45)
    assert near > 12 > 2 * far
    page.keyboard.press("Control+z")
    studio.wait_for_edits(0)


def test_question_mark_lists_the_keys(studio: Studio) -> None:
    studio.page.keyboard.press("?")
    expect(studio.page.locator("#help")).to_be_visible()
    assert studio.page.locator("#help-keys dt").count() > 10
    studio.page.keyboard.press("Escape")
    expect(studio.page.locator("#help")).to_be_hidden()


def test_space_drag_moves_the_view(studio: Studio) -> None:
    page = studio.page
    page.mouse.move(*studio.at((0.5, 0.5)))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    transform = "document.getElementById('view').style.transform"
    page.wait_for_function(f"() => {transform}.includes('scale')")
    zoomed = page.evaluate(transform)
    page.keyboard.down("Space")
    page.mouse.down()
    page.mouse.move(*studio.at((0.4, 0.4)), steps=3)
    page.mouse.up()
    page.keyboard.up("Space")
    page.wait_for_function(f"zoomed => {transform} !== zoomed", arg=zoomed)
    expect(page.locator("#undo")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Control+0")
    page.wait_for_function(f"() => {transform} === ''")


@pytest.mark.parametrize(("locale", "word"), [("ko-KR", "그리기"), ("zh-TW", "繪製"), ("de-DE", "Draw")])
def test_the_language_is_the_browsers(browser: Browser, server: StudioServer, locale: str, word: str) -> None:
    with open_studio(browser, server, locale=locale) as studio:
        expect(studio.page.locator("#mode-draw")).to_contain_text(word)
        studio.page.locator("#help-open").click()
        studio.page.locator("#language").select_option("ko")
        keys = studio.page.locator("#help-keys dt")
        expect(keys.get_by_text("스페이스바+드래그")).to_be_visible()
        assert not any("Space" in name or "{" in name for name in keys.all_inner_texts())
        studio.page.keyboard.press("Escape")
        expect(studio.page.locator("#mode-draw")).to_contain_text("그리기")
        studio.reload()
        expect(studio.page.locator("html")).to_have_attribute("lang", "ko")


def test_the_theme_follows_the_system_until_told_otherwise(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, color_scheme="dark") as studio:
        body = studio.page.locator("body")
        dark = studio.page.evaluate("getComputedStyle(document.body).backgroundColor")
        studio.page.emulate_media(color_scheme="light")
        expect(body).not_to_have_css("background-color", dark)
        studio.page.locator("#theme").click()
        expect(body).to_have_css("background-color", dark)
        studio.reload()
        expect(body).to_have_css("background-color", dark)


def test_a_booth_on_plain_http_has_everything_it_needs(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, host=BOOTH_HOST) as studio:
        assert studio.page.evaluate("isSecureContext") is False
        assert studio.page.evaluate("'getCoalescedEvents' in PointerEvent.prototype") is False
        before = studio.pixels()
        studio.choose("tree")
        studio.paint(STROKE)
        near, far = change(before, studio.pixels(), MIDDLE, 0.06, 0.45)
        assert near > 12 > 3 * far


def test_rectangles_from_the_keyboard_alone(studio: Studio) -> None:
    page = studio.page
    studio.choose("tree")
    page.keyboard.press("m")
    studio.stage.focus()
    page.keyboard.press("Enter")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(f"Shift+{key}")
    page.keyboard.press("Enter")
    studio.wait_for_edits(1)
    (edit,) = studio.picture()["edits"]
    x0, y0, x1, y1 = edit["mask"]["rect"]
    assert (x0, y0) == (0.5, 0.5)
    assert (x1 - x0) == pytest.approx(2 * (y1 - y0), abs=1e-3)
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    studio.wait_for_edits(1)


def test_a_pen_paints_as_wide_as_it_presses(studio: Studio) -> None:
    studio.choose("tree")
    studio.page.evaluate("""() => {
        const stage = document.getElementById("stage");
        const box = stage.getBoundingClientRect();
        const fire = (type, i, pressure) => stage.dispatchEvent(new PointerEvent(type, {
            pointerId: 77, pointerType: "pen", pressure, button: 0, buttons: 1, bubbles: true, cancelable: true,
            clientX: box.x + box.width * (0.2 + 0.02 * i), clientY: box.y + box.height * 0.6,
        }));
        fire("pointerdown", 0, 0.1);
        for (let i = 1; i < 25; i += 1) fire("pointermove", i, 0.1 + i / 30);
        fire("pointerup", 25, 0);
    }""")
    studio.wait_for_edits(1)
    (edit,) = studio.picture()["edits"]
    radii = [stroke["radius"] for stroke in edit["mask"]["strokes"]]
    assert len(radii) > 4
    assert radii == sorted(radii)
    assert radii[-1] > 2 * radii[0]


# Words wider than their place, or that stick out of what is around them.
CUT = """() => {
    const cut = [];
    for (const element of document.querySelectorAll("body *")) {
        if (element.closest("svg, select, .unseen, .skip, .strip, .palette") || !element.checkVisibility()) continue;
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        const box = element.getBoundingClientRect();
        if (!own || box.width === 0) continue;
        let outside = false;
        for (let around = element.parentElement; around; around = around.parentElement) {
            const room = around.getBoundingClientRect();
            outside ||= box.left < room.left - 2 || box.right > room.right + 2;
        }
        if (outside || element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline")
            cut.push(`${element.tagName} ${element.id} ${element.textContent}`);
    }
    for (const name of document.querySelectorAll(".swatch-name"))
        if (name.scrollWidth > name.clientWidth + 1) cut.push(name.textContent);
    return cut;
}"""


@pytest.mark.parametrize("locale", ["en-GB", "zh-TW", "ko-KR"])
@pytest.mark.parametrize("path", ["/", "/?booth=1"])
def test_no_word_is_cut_off(browser: Browser, server: StudioServer, locale: str, path: str) -> None:
    size = {"name": "building_size", "title": "Buildings", "low": "small", "high": "large", "range": [-2, 2]}

    def prepare(page: Page) -> None:
        page.route("**/directions", lambda route: route.fulfill(json={"directions": [size]}))
        hold_seconds(page)

    options = {"locale": locale, "touch": True, "prepare": prepare}
    with open_studio(browser, server, (360, 740), path=path, **options) as studio:
        page = studio.page
        expect(page.locator("#directions input")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        if path == "/":
            page.locator("#everywhere").tap()
            expect(page.locator("#edits .edit-main")).to_be_visible()
            page.locator("#more summary").click()
            page.locator("#mix").click()
            page.locator("#variations-toggle").click()
            page.locator("#inspect").click()
        for width in (360, 390, 1280):
            page.evaluate("document.fullscreenElement && document.exitFullscreen()")  # where a booth is from a click on
            page.set_viewport_size({"width": width, "height": 740})
            page.evaluate(DRAWN)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(CUT) == []
            for opener in ("#share-open-sheet", "#help-open", "#qr-open"):
                if page.locator(opener).is_visible():
                    page.locator(opener).click()
                    expect(page.locator("dialog[open]")).to_be_visible()
                    assert page.evaluate(CUT) == []
                    page.keyboard.press("Escape")
                    expect(page.locator("dialog[open]")).to_have_count(0)
        # It would be seen.
        page.evaluate("document.querySelector('#mode-draw [data-i18n]').textContent = 'Unabbreviated'.repeat(3)")
        assert page.evaluate(CUT) != []
