"""Undo, redo, reset, reload, before and after: exact pictures come back."""

from __future__ import annotations

import time

from playwright.sync_api import Browser, Response, Route

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


class Kept:
    """The picture that the server keeps of what is painted here."""

    def __init__(self, studio: Studio, server: StudioServer) -> None:
        self._studio, self._server = studio, server
        self._made: list[Response] = []
        studio.page.on("response", lambda answer: self._made.append(answer) if answer.status == 201 else None)

    @property
    def address(self) -> str:
        """Of the one picture that was made."""
        (made,) = self._made
        return made.headers["location"].removeprefix("/api/v1/")

    def wait_for(self, concepts: list[str], can_undo: bool, can_redo: bool) -> None:
        """It is saved in the background, at the server's leisure."""
        seen = None
        for _ in range(300):
            if self._made:
                resource = self._server.get(self.address)
                edits = [edit["concept"] for edit in resource["picture"]["edits"]]
                seen = (edits, resource["can_undo"], resource["can_redo"])
                if seen == (concepts, can_undo, can_redo):
                    return
            self._studio.page.wait_for_timeout(100)
        raise AssertionError(f"the server has {seen}")


def test_the_servers_history_is_the_studios(studio: Studio, server: StudioServer) -> None:
    kept = Kept(studio, server)
    for concept, stroke in (("tree", LEFT), ("grass", RIGHT)):
        studio.choose(concept)
        studio.paint(stroke)
    kept.wait_for(["tree", "grass"], True, False)
    studio.click("#undo")
    kept.wait_for(["tree"], False, True)
    studio.page.reload()
    studio.settle()
    studio.click("#redo")
    kept.wait_for(["tree", "grass"], True, False)
    studio.click("#reset")
    kept.wait_for([], True, False)
    studio.click("#undo")
    kept.wait_for(["tree", "grass"], True, True)
    # Somebody else goes back there; what is painted here next is one step more.
    server.post(f"{kept.address}/undo", {})
    studio.choose("cloud")
    studio.paint(LEFT)
    kept.wait_for(["tree", "grass", "cloud"], True, False)
    server.post(f"{kept.address}/undo", {})
    kept.wait_for(["tree"], False, True)


def test_steps_made_while_the_server_was_away_are_in_its_history_after_a_reload(
    browser: Browser, server: StudioServer
) -> None:
    with open_studio(browser, server, may_complain=True) as studio:
        kept = Kept(studio, server)
        studio.choose("tree")
        studio.paint(LEFT)
        kept.wait_for(["tree"], False, False)
        refused: list[str] = []

        def refuse(route: Route) -> None:
            refused.append(route.request.method)
            route.abort()

        studio.page.route("**/api/v1/pictures/**", refuse)
        for concept in ("grass", "cloud", "sky"):
            studio.choose(concept)
            studio.paint(RIGHT)
        studio.click("#undo")
        studio.page.wait_for_timeout(1500)
        assert refused
        kept.wait_for(["tree"], False, False)
        studio.page.unroute("**/api/v1/pictures/**")
        studio.page.reload()
        studio.settle()
        kept.wait_for(["tree", "grass", "cloud"], True, True)
        asked = len(studio.requests)
        for way, concepts in (("redo", 4), ("undo", 3), ("undo", 2), ("undo", 1)):
            assert len(server.post(f"{kept.address}/{way}", {})["picture"]["edits"]) == concepts
        for way in ("redo", "redo"):
            server.post(f"{kept.address}/{way}", {})
        # What the server knows already is not told again.
        studio.page.reload()
        studio.settle()
        studio.page.wait_for_timeout(1500)
        assert not [url for url in studio.requests[asked:] if "/pictures" in url]


def test_a_scene_that_is_come_back_to_is_the_same_picture_of_the_server(studio: Studio, server: StudioServer) -> None:
    kept = Kept(studio, server)
    studio.choose("tree")
    studio.paint(LEFT)
    kept.wait_for(["tree"], False, False)
    studio.choose_scene(3)
    studio.click("#undo")
    studio.paint(RIGHT)
    kept.wait_for(["tree", "tree"], True, False)


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
        # What came while it was away is undone as ever, after a reload too.
        studio.page.reload()
        studio.settle()
        studio.click("#undo")
        studio.click("#undo")
        assert studio.shown() == unedited
        studio.click("#redo")
        studio.click("#redo")
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
