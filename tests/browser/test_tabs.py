"""Several tabs, and the pictures that the server keeps: nothing painted is overwritten or out of reach."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.server import StudioServer
from tests.browser.studio import RECORD_NOTICES, Studio, open_studio
from tests.browser.waiting import wait_until

LEFT = [(0.2, 0.6), (0.25, 0.7)]
RIGHT = [(0.7, 0.6), (0.8, 0.7)]
LOW = [(0.4, 0.9), (0.6, 0.9)]


def further_tab(studio: Studio, page: Page) -> Studio:
    """The studio in another tab of the same browser."""
    tab = Studio(page, studio.context, touch=False)
    tab.wait_until_ready()
    return tab


@contextmanager
def new_tab(studio: Studio, server: StudioServer) -> Iterator[Studio]:
    page = studio.context.new_page()
    page.add_init_script(RECORD_NOTICES)
    page.goto(server.url)
    yield further_tab(studio, page)
    page.close()


def paint(studio: Studio, *strokes: list[tuple[float, float]]) -> None:
    studio.choose("tree")
    for stroke in strokes:
        studio.paint(stroke)


def kept_ids(studio: Studio) -> list[str]:
    stored = studio.page.evaluate("localStorage.getItem('unitbrush.preferences')")
    ids: list[str] = json.loads(stored or "{}").get("kept", [])
    return ids


def wait_for_kept(studio: Studio, server: StudioServer, edits: list[int]) -> list[str]:
    """Wait until the server keeps pictures with that many edits, the one changed last first; gives their ids."""

    def now() -> list[int]:
        return [len(server.get(f"pictures/{i}")["picture"]["edits"]) for i in kept_ids(studio)]

    wait_until(studio.page, lambda: now() == edits, f"{edits} edits in the pictures kept")
    return kept_ids(studio)


def test_a_reload_brings_back_the_tabs_own_history(studio: Studio, server: StudioServer) -> None:
    unedited = studio.shown()
    paint(studio, LEFT)
    with new_tab(studio, server) as other:
        # A new tab begins with the newest.
        assert other.shown() == studio.shown()
        paint(studio, RIGHT, LOW, LEFT)
        drawn = studio.shown()
        other.choose_scene(3)
        scene = other.shown()
        studio.reload()
        assert studio.shown() == drawn
        other.reload()
        assert other.shown() == scene
        for _ in range(4):
            studio.click("#undo")
        assert studio.shown() == unedited
        other.click("#undo")
        assert other.picture()["edits"][0]["concept"] == "tree"


def test_a_duplicated_tab_gets_a_history_of_its_own(studio: Studio) -> None:
    paint(studio, LEFT)
    with studio.context.expect_page() as opened:
        # As a duplicate it begins with a copy of all that belongs to this tab.
        studio.page.evaluate("window.open(location.href) && null")
    copy = further_tab(studio, opened.value)
    name = "sessionStorage.getItem('unitbrush.tab')"
    wait_until(studio.page, lambda: studio.page.evaluate(name) != copy.page.evaluate(name), "names of their own")
    paint(studio, RIGHT)
    mine = studio.shown()
    copy.choose_scene(4)
    theirs = copy.shown()
    studio.reload()
    copy.reload()
    assert (studio.shown(), copy.shown()) == (mine, theirs)


def test_only_so_many_histories_are_stored_and_the_oldest_goes(studio: Studio, server: StudioServer) -> None:
    paint(studio, LEFT)
    shown = []
    for place in range(3):
        with new_tab(studio, server) as other:
            other.choose_scene(place)
            shown.append(other.shown())
    studio.page.evaluate(
        """() => {
            const others = JSON.parse(localStorage.getItem('unitbrush.histories'));
            const many = Array.from({length: 20}, (_, i) => [`tab${i}`, others[0][1]]);
            localStorage.setItem('unitbrush.histories', JSON.stringify([...many, ...others]));
        }"""
    )
    paint(studio, RIGHT)
    stored = json.loads(studio.page.evaluate("localStorage.getItem('unitbrush.histories')"))
    assert len(stored) == 8
    assert {"tab0", "tab14"}.isdisjoint(name for name, _ in stored)
    # Where all are too much for the browser, the others go, never the present one.
    studio.page.evaluate(
        """() => {
            const [[, text]] = JSON.parse(localStorage.getItem('unitbrush.histories'));
            const large = [['large', text + ' '.repeat(4_400_000)]];
            localStorage.setItem('unitbrush.histories', JSON.stringify(large));
        }"""
    )
    paint(studio, *[LOW] * 3)
    drawn = studio.shown()
    studio.reload()
    assert studio.shown() == drawn


def test_without_storage_one_paints_as_ever(browser: Browser, server: StudioServer) -> None:
    def prepare(page: Page) -> None:
        page.add_init_script(
            """for (const name of ["localStorage", "sessionStorage", "BroadcastChannel"])
                Object.defineProperty(window, name, {get() { throw new DOMException("no", "SecurityError"); }});"""
        )

    with open_studio(browser, server, prepare=prepare, may_complain=True) as studio:
        unedited = studio.shown()
        paint(studio, LEFT)
        assert studio.shown() != unedited
        studio.click("#undo")
        assert studio.shown() == unedited


def test_two_tabs_at_one_scene_have_a_picture_each_on_the_server(studio: Studio, server: StudioServer) -> None:
    paint(studio, LEFT)
    (first,) = wait_for_kept(studio, server, [1])
    with new_tab(studio, server) as other:
        paint(other, RIGHT, LOW)
        ids = wait_for_kept(studio, server, [3, 1])
        assert ids[1] == first
        paint(studio, RIGHT)
        assert wait_for_kept(studio, server, [2, 3]) == ids[::-1]
    # The work of a tab that is closed is gone on with where it was.
    studio.page.close()
    page = studio.context.new_page()
    page.goto(server.url)
    again = further_tab(studio, page)
    paint(again, LEFT)
    assert wait_for_kept(again, server, [3, 3]) == ids[::-1]


def test_kept_pictures_are_listed_opened_named_and_deleted(studio: Studio, server: StudioServer) -> None:
    paint(studio, LEFT)
    tree = studio.shown()
    wait_for_kept(studio, server, [1])
    studio.choose_scene(3)
    paint(studio, LEFT, RIGHT)
    second, first = wait_for_kept(studio, server, [2, 1])
    page, rows = studio.page, studio.page.locator("#kept-list li")

    page.locator("#kept-open").click()
    expect(rows).to_have_count(2)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.kept-image img')].every((image) => image.naturalWidth)"
    )
    name = rows.nth(1).locator("input")
    name.fill("<b>the house</b>")
    name.press("Enter")
    wait_until(page, lambda: server.get(f"pictures/{first}")["name"] == "<b>the house</b>", "the name on the server")
    rows.nth(1).locator(".kept-image").click()
    studio.wait_for_edits(1)
    assert studio.shown() == tree

    # What is painted on it goes there, and is undone there.
    paint(studio, RIGHT)
    assert wait_for_kept(studio, server, [2, 2]) == [first, second]
    studio.click("#undo")
    assert wait_for_kept(studio, server, [1, 2]) == [first, second]

    page.locator("#kept-open").click()
    assert rows.nth(0).locator("input").input_value() == "<b>the house</b>"
    rows.nth(0).get_by_role("button", name="Delete").click()
    expect(page.locator(".kept .deleted")).to_have_count(1)
    assert kept_ids(studio) == [second]
    rows.nth(0).get_by_role("button", name="Bring back").click()
    expect(page.locator(".kept .deleted")).to_have_count(0)
    restored = kept_ids(studio)[0]
    assert restored != first
    assert server.get(f"pictures/{restored}")["name"] == "<b>the house</b>"
    page.keyboard.press("Escape")
    expect(page.locator("#kept")).to_be_hidden()


def test_a_picture_that_another_tab_paints_is_not_changed_by_opening_it(studio: Studio, server: StudioServer) -> None:
    paint(studio, LEFT)
    (first,) = wait_for_kept(studio, server, [1])
    with new_tab(studio, server) as other:
        other.page.locator("#kept-open").click()
        other.page.locator(".kept-image").click()
        expect(other.page.locator("#kept")).to_be_hidden()
        other.wait_for_edits(1)
        paint(other, RIGHT)
        ids = wait_for_kept(studio, server, [2, 1])
        assert ids[1] == first


def test_a_picture_deleted_elsewhere_leaves_the_list(studio: Studio) -> None:
    studio.page.evaluate("localStorage.setItem('unitbrush.preferences', JSON.stringify({kept: ['AAAAAAAAAAAAAAAA']}))")
    studio.errors.clear()
    studio.page.locator("#kept-open").click()
    expect(studio.page.locator("#kept-note")).to_have_text("Nothing yet: what you paint is kept here.")
    assert kept_ids(studio) == []
    studio.errors.clear()  # the console tells of the 404


def test_composing_a_name_is_not_the_end_of_it(studio: Studio, server: StudioServer) -> None:
    paint(studio, LEFT)
    wait_for_kept(studio, server, [1])
    studio.page.locator("#kept-open").click()
    name = studio.page.locator(".kept-name")
    name.focus()
    name.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(name).to_be_focused()
    name.press("Enter")
    expect(name).not_to_be_focused()


def test_going_back_keeps_what_was_painted_since(studio: Studio) -> None:
    paint(studio, LEFT)
    earlier = studio.page.evaluate("localStorage.getItem('unitbrush.history')")
    paint(studio, RIGHT)
    later = studio.page.evaluate("localStorage.getItem('unitbrush.history')")
    drawn = studio.shown()
    studio.click("#undo")
    # As from the browser's memory: this page knows nothing of what a later one of this tab has stored.
    for stored, edits in ((earlier, 1), (later, 2)):
        with studio.page.expect_navigation():
            studio.page.evaluate(
                """(stored) => {
                    localStorage.setItem("unitbrush.history", stored);
                    window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
                }""",
                stored,
            )
        studio.wait_until_ready()
        studio.wait_for_edits(edits)
    assert studio.shown() == drawn
    studio.page.evaluate("window.stayed = true")
    studio.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    paint(studio, LOW)
    assert studio.page.evaluate("window.stayed")


def test_a_server_that_can_keep_nothing_is_told_once(browser: Browser, server: StudioServer) -> None:
    problem: dict[str, Any] = {"type": "urn:unitbrush:problem:store-full", "title": "No more pictures can be kept"}

    def refuse(route: Route) -> None:
        body = json.dumps({**problem, "status": 507, "detail": "the disk is full"})
        route.fulfill(status=507, content_type="application/problem+json", body=body)

    with open_studio(browser, server, may_complain=True) as studio:
        studio.page.route("**/api/v1/pictures**", refuse)
        paint(studio, LEFT)
        studio.wait_for_notice("cannot keep this picture (the disk is full)")
        with studio.page.expect_response("**/api/v1/pictures"):
            paint(studio, RIGHT)
        drawn = studio.shown()
        told = [text for text in studio.page.evaluate("window.noticed") if "cannot keep" in text]
        assert len(told) == 1
        studio.reload()
        assert studio.shown() == drawn
        studio.page.unroute("**/api/v1/pictures**")
        paint(studio, LOW)
        wait_for_kept(studio, server, [3])
