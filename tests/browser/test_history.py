"""Undo, redo, reset, reload, before and after: exact pictures come back."""

from __future__ import annotations

import time

from playwright.sync_api import Browser, Response

from tests.browser.server import StudioServer
from tests.browser.studio import Studio, open_studio

LEFT = [(0.2, 0.6), (0.25, 0.7)]
RIGHT = [(0.7, 0.6), (0.8, 0.7)]


def test_undo_and_redo_bring_back_exact_pictures(studio: Studio) -> None:
    shown = [studio.shown()]
    for concept, stroke in (("tree", LEFT), ("grass", RIGHT)):
        studio.choose(concept)
        studio.paint(stroke)
        shown.append(studio.shown())
    assert len(set(shown)) == 3
    for wanted in (shown[1], shown[0]):
        studio.click("#undo")
        assert studio.shown() == wanted
    assert studio.page.locator("#undo").get_attribute("aria-disabled") == "true"
    for wanted in (shown[1], shown[2]):
        studio.click("#redo")
        assert studio.shown() == wanted


def test_undo_gives_the_very_bytes_the_server_renders(studio: Studio, server: StudioServer) -> None:
    unedited = studio.download()
    studio.choose("tree")
    studio.paint(LEFT)
    studio.click("#undo")
    assert studio.download() == unedited == server.render(studio.picture())


def test_reset_can_be_undone(studio: Studio) -> None:
    unedited = studio.shown()
    studio.choose("tree")
    studio.paint(LEFT)
    drawn = studio.shown()
    studio.click("#reset")
    assert studio.shown() == unedited
    assert studio.picture()["edits"] == []
    studio.click("#undo")
    assert studio.shown() == drawn


def test_a_reload_keeps_the_picture_and_its_history(studio: Studio) -> None:
    unedited = studio.shown()
    studio.choose("tree")
    studio.paint(LEFT)
    drawn = studio.shown()
    studio.page.reload()
    studio.settle()
    assert studio.shown() == drawn
    studio.click("#undo")
    assert studio.shown() == unedited


def test_the_server_keeps_the_picture_too(studio: Studio, server: StudioServer) -> None:
    made: list[Response] = []
    studio.page.on("response", lambda answer: made.append(answer) if answer.status == 201 else None)
    studio.choose("tree")
    studio.paint(LEFT)
    studio.paint(RIGHT)

    def kept() -> list[str]:
        edits = server.get(f"pictures/{made[0].json()['id']}")["picture"]["edits"] if made else []
        return [edit["concept"] for edit in edits]

    # It is saved in the background, at the server's leisure.
    for _ in range(300):
        if kept() == ["tree", "tree"]:
            break
        studio.page.wait_for_timeout(100)
    assert kept() == ["tree", "tree"]


def test_holding_compare_shows_the_unedited_picture(studio: Studio) -> None:
    unedited = studio.shown()
    studio.choose("tree")
    studio.paint(LEFT)
    drawn = studio.shown()
    studio.page.locator("#compare").hover()
    studio.page.mouse.down()
    studio.page.wait_for_function(_SHOWS, arg=unedited)
    assert studio.page.locator("#compare-tag").is_visible()
    studio.page.mouse.up()
    studio.page.wait_for_function(_SHOWS, arg=drawn)


def test_the_split_shows_both(studio: Studio) -> None:
    unedited = studio.pixels()
    studio.choose("tree")
    studio.paint(LEFT)
    studio.paint(RIGHT)
    drawn = studio.pixels()
    studio.page.locator("#split-toggle").click()
    studio.page.wait_for_function("drawn => document.getElementById('picture').toDataURL() !== drawn", arg="")
    studio.page.wait_for_timeout(300)
    half = studio.pixels()
    middle = half.shape[1] // 2
    assert (half[:, : middle - 2] == unedited[:, : middle - 2]).all()
    assert (half[:, middle + 2 :] == drawn[:, middle + 2 :]).all()


def test_another_scene_and_back(studio: Studio) -> None:
    studio.choose("tree")
    studio.paint(LEFT)
    drawn = studio.shown()
    seed = studio.choose_scene(3)
    assert studio.picture() == {"version": 1, "model": "village", "seed": seed, "edits": []}
    studio.page.locator("#seed").fill("4294967295")
    studio.page.locator("#seed").press("Enter")
    studio.settle()
    assert studio.picture()["seed"] == 4294967295
    studio.click("#random")
    studio.click("#undo")
    studio.click("#undo")
    studio.click("#undo")
    assert studio.shown() == drawn


def test_a_wrong_seed_is_refused_in_place(studio: Studio) -> None:
    before = studio.picture()
    studio.page.locator("#seed").fill("4294967296")
    studio.page.locator("#seed").press("Enter")
    assert studio.page.locator("#seed").get_attribute("aria-invalid") == "true"
    assert studio.picture() == before


def test_the_server_dies_in_the_middle_of_a_stroke(browser: Browser, own_server: StudioServer) -> None:
    with open_studio(browser, own_server, may_complain=True) as studio:
        unedited = studio.shown()
        studio.choose("tree")
        studio.paint(LEFT)
        studio.press_along(RIGHT)
        own_server.kill()
        studio.drag([(0.75, 0.75), (0.7, 0.75)])
        studio.lift()
        studio.page.locator("#offline").wait_for(state="visible", timeout=20_000)
        time.sleep(0.5)
        own_server.start()
        studio.page.locator("#offline").wait_for(state="hidden", timeout=20_000)
        studio.settle()
        picture = studio.picture()
        assert len(picture["edits"]) == 2
        assert studio.shown() != unedited
        assert studio.download() == own_server.render(picture)


_SHOWS = "wanted => document.getElementById('picture').toDataURL('image/png') === wanted"


def test_a_long_history_is_kept_small_and_whole(studio: Studio) -> None:
    studio.choose("tree", tool="line")
    for i in range(12):
        studio.press_along([(0.1, 0.9 - i / 20), (0.2, 0.9 - i / 20)])
        studio.lift()
    studio.settle()
    kept = studio.page.evaluate("localStorage.getItem('unitbrush.history')")
    assert kept.count('"tree"') == 12
    studio.page.reload()
    studio.settle()
    assert len(studio.picture()["edits"]) == 12
    for count in range(11, -1, -1):
        studio.page.keyboard.press("Control+z")
        assert len(studio.picture()["edits"]) == count


def test_damaged_storage_starts_afresh(studio: Studio) -> None:
    studio.page.evaluate("localStorage.setItem('unitbrush.history', '{\"states\":[[0,[9]]],\"position\":0}')")
    studio.page.evaluate("localStorage.setItem('unitbrush.preferences', 'null')")
    studio.page.reload()
    studio.settle()
    assert studio.page.locator("#undo").get_attribute("aria-disabled") == "true"
    studio.choose("tree")
    studio.paint(LEFT)
    assert len(studio.picture()["edits"]) == 1
