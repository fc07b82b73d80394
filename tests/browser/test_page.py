"""The page itself: its weight, what it loads, and what it says when something goes wrong."""

from __future__ import annotations

import json
import posixpath
import re

from playwright.sync_api import Browser, Route, expect

from tests.browser.server import ROOT, StudioServer
from tests.browser.studio import Studio, open_studio
from tests.browser.waiting import stalled

STROKE = [(0.7, 0.62), (0.76, 0.7)]
BUDGET = 150_000  # bytes


def test_the_first_load_is_light(studio: Studio) -> None:
    sizes = studio.page.evaluate("""() => [...performance.getEntriesByType('navigation'),
        ...performance.getEntriesByType('resource')].map(e => [e.name, e.encodedBodySize])""")
    own = {name: size for name, size in sizes if "/api/" not in name}
    assert len(own) > 20
    assert all(size > 0 for size in own.values())
    assert sum(own.values()) < BUDGET


def test_every_module_of_the_first_load_is_asked_for_at_once(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, listening=True) as studio:
        preloads = studio.page.locator("link[rel=modulepreload]")
        links = preloads.evaluate_all("all => all.map(e => e.getAttribute('href'))")
        loaded = {m.group(1) for url in studio.requests if (m := re.search(r"/(js/[\w/-]+\.js)$", url))}
    assert {*links, "js/beginning.js", "js/main.js"} == loaded
    assert len(links) == len(set(links))


FOLDERS = ("booth", "sharing", "scenes", "panels", "painting", "view", "server", "picture", "ui", "lib")


def test_each_folder_of_modules_uses_only_those_below_it() -> None:
    folder = ROOT / "frontend" / "js"
    assert {path.name for path in folder.iterdir() if path.is_dir()} == set(FOLDERS)
    for path in folder.glob("*/*.js"):
        own = path.parent.name
        for target in re.findall(r'(?:from |import\()"(\.[^"]+)"', path.read_text(encoding="utf-8")):
            used = posixpath.normpath(posixpath.join(own, target)).split("/")[0]
            assert FOLDERS.index(used) >= FOLDERS.index(own), f"{path.name} in {own}/ uses {target}"


def test_every_language_has_every_text() -> None:
    folder = ROOT / "frontend" / "i18n"
    texts = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}
    assert set(texts) == {"en", "zh-Hant", "ko"}
    for name, strings in texts.items():
        assert strings.keys() == texts["en"].keys(), name
        for key, value in strings.items():
            assert set(re.findall(r"\{\w+\}", value)) == set(re.findall(r"\{\w+\}", texts["en"][key])), (name, key)
    markup = (ROOT / "frontend" / "index.html").read_text(encoding="utf-8")
    used = set(re.findall(r'data-i18n(?:-label)?="([\w.]+)"', markup))
    for path in (ROOT / "frontend" / "js").rglob("*.js"):
        used |= set(re.findall(r'\bt\("([\w.]+)"', path.read_text(encoding="utf-8")))
    assert used <= texts["en"].keys()


def test_a_failed_picture_is_told_and_tried_again(browser: Browser, server: StudioServer) -> None:
    problem = {"type": "urn:x", "title": "Broken", "status": 500, "detail": "the device caught fire"}
    with open_studio(browser, server, may_complain=True) as studio:
        unedited = studio.shown()
        studio.page.route("**/api/v1/render?format=png", lambda route: route.fulfill(status=500, json=problem))
        studio.choose("tree")
        studio.press_along(STROKE)
        studio.lift()
        notice = studio.page.locator("#notices [role=alert]")
        expect(notice).to_contain_text("the device caught fire")
        studio.page.unroute("**/api/v1/render?format=png")
        notice.get_by_role("button", name="Try again").click()
        studio.wait_for_picture()
        assert studio.shown() != unedited
        expect(notice).to_have_count(0)


def test_a_busy_server_is_asked_again(browser: Browser, server: StudioServer) -> None:
    answers = iter([True, True])

    def busy(route: Route) -> None:
        if next(answers, False):
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"title": "Busy", "status": 503})
        else:
            route.continue_()

    with open_studio(browser, server, may_complain=True) as studio:
        studio.page.route("**/api/v1/render?format=png", busy)
        studio.choose("tree")
        studio.paint(STROKE)
        assert next(answers, None) is None
        assert studio.page.evaluate("window.noticed") == []


def test_the_busy_bar_shows_only_when_it_takes_long(studio: Studio) -> None:
    bar = studio.page.locator("#busy")
    expect(bar).to_be_hidden()
    with stalled(studio.page, "**/api/v1/render?format=png"):
        studio.choose("tree")
        studio.press_along(STROKE)
        studio.lift()
        expect(bar).to_be_visible()
    studio.wait_for_picture()
    expect(bar).to_be_hidden()


def test_scenes_are_one_stop_for_the_tab_key(studio: Studio) -> None:
    page = studio.page
    expect(page.locator("#scenes button[tabindex='0']")).to_have_count(1)
    page.locator("#scenes button[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    chosen = "() => document.activeElement?.getAttribute('aria-pressed') === 'true'"
    page.wait_for_function(chosen)
    assert studio.picture()["seed"] == int(page.evaluate("document.activeElement.dataset.seed"))


def test_a_request_to_anywhere_else_would_be_told(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, may_complain=True) as studio:
        studio.page.evaluate("fetch('https://elsewhere.example/').catch(() => {})")
        studio.page.evaluate(
            "new Promise((told) => Object.assign(new Image(), { onerror: told, src: '//other.example/a.png' }))"
        )
        assert any("elsewhere.example" in error for error in studio.errors)
        assert any("other.example" in error for error in studio.errors)
