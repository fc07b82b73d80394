"""Undo, redo, reset, reload, before and after: exact pictures come back."""

from __future__ import annotations

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Response, Route, expect

from tests.browser.server import StudioServer
from tests.browser.studio import Pixels, Studio, open_studio
from tests.browser.waiting import wait_until

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
    expect(studio.page.locator("#undo")).to_have_attribute("aria-disabled", "true")
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
    studio.reload()
    assert studio.shown() == drawn
    studio.click("#undo")
    assert studio.shown() == unedited


class Stored:
    """The picture that the server stores of what is painted here."""

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
        """Wait until the server has that, and the page knows it: it is saved in the background."""
        wanted = (concepts, can_undo, can_redo)
        wait_until(self._studio.page, lambda: self._now() == wanted, f"{wanted} on the server")
        self._studio.page.wait_for_function(
            """revision => {
                const preferences = JSON.parse(localStorage.getItem("unitbrush.preferences"));
                return preferences?.saved?.at(-1)?.revision === revision;
            }""",
            arg=self._server.get(self.address)["revision"],
        )

    def is_now(self, concepts: list[str], can_undo: bool, can_redo: bool) -> bool:
        """Whether the server has that, whatever the page knows."""
        return self._now() == (concepts, can_undo, can_redo)

    def _now(self) -> tuple[list[str], bool, bool] | None:
        if not self._made:
            return None
        resource = self._server.get(self.address)
        edits = [edit["concept"] for edit in resource["picture"]["edits"]]
        return edits, resource["can_undo"], resource["can_redo"]


def test_the_servers_history_is_the_studios(studio: Studio, server: StudioServer) -> None:
    stored = Stored(studio, server)
    for concept, stroke in (("tree", LEFT), ("grass", RIGHT)):
        studio.choose(concept)
        studio.paint(stroke)
    stored.wait_for(["tree", "grass"], True, False)
    studio.click("#undo")
    stored.wait_for(["tree"], False, True)
    studio.reload()
    studio.click("#redo")
    stored.wait_for(["tree", "grass"], True, False)
    studio.click("#reset")
    stored.wait_for([], True, False)
    studio.click("#undo")
    stored.wait_for(["tree", "grass"], True, True)
    # Somebody else goes back there; what is painted here next is one step more.
    server.post(f"{stored.address}/undo", {})
    studio.choose("cloud")
    studio.paint(LEFT)
    stored.wait_for(["tree", "grass", "cloud"], True, False)
    server.post(f"{stored.address}/undo", {})
    assert stored.is_now(["tree"], False, True)


def test_steps_made_while_the_server_was_away_are_in_its_history_after_a_reload(
    browser: Browser, server: StudioServer
) -> None:
    with open_studio(browser, server, may_complain=True, listening=True) as studio:
        stored = Stored(studio, server)
        studio.choose("tree")
        studio.paint(LEFT)
        stored.wait_for(["tree"], False, False)
        refused: list[str] = []

        def refuse(route: Route) -> None:
            refused.append(route.request.method)
            route.abort()

        studio.page.route("**/api/v1/pictures/**", refuse)
        for concept in ("grass", "cloud", "sky"):
            studio.choose(concept)
            studio.paint(RIGHT)
        studio.click("#undo")
        wait_until(studio.page, lambda: bool(refused), "a request to the server that is away")
        stored.wait_for(["tree"], False, False)
        studio.page.unroute("**/api/v1/pictures/**")
        studio.reload()
        stored.wait_for(["tree", "grass", "cloud"], True, True)
        asked = len(studio.requests)
        for way, concepts in (("redo", 4), ("undo", 3), ("undo", 2), ("undo", 1)):
            assert len(server.post(f"{stored.address}/{way}", {})["picture"]["edits"]) == concepts
        for way in ("redo", "redo"):
            server.post(f"{stored.address}/{way}", {})
        # What the server has already it is not sent again, however long one waits.
        studio.page.clock.install()
        studio.reload()
        studio.page.clock.run_for(60_000)
        studio.page.evaluate("fetch('healthz')")
        wait_until(studio.page, lambda: studio.requests[-1].endswith("/healthz"), "the request after all others")
        assert not [url for url in studio.requests[asked:] if "/pictures" in url]


def test_a_scene_that_is_come_back_to_is_the_same_picture_of_the_server(studio: Studio, server: StudioServer) -> None:
    stored = Stored(studio, server)
    studio.choose("tree")
    studio.paint(LEFT)
    stored.wait_for(["tree"], False, False)
    studio.choose_scene(3)
    studio.click("#undo")
    studio.paint(RIGHT)
    stored.wait_for(["tree", "tree"], True, False)


def test_holding_compare_shows_the_unedited_picture(studio: Studio) -> None:
    unedited = studio.shown()
    studio.choose("tree")
    studio.paint(LEFT)
    drawn = studio.shown()
    studio.page.locator("#compare").hover()
    studio.page.mouse.down()
    studio.wait_until_shown(unedited)
    expect(studio.page.locator("#compare-tag")).to_be_visible()
    studio.page.mouse.up()
    studio.wait_until_shown(drawn)


def coarse(pixels: Pixels) -> Pixels:
    """The pixels of a canvas of any size, as means over 64x64 cells: (64, 64, 3)."""
    image = Image.fromarray(pixels.astype(np.uint8)).resize((64, 64), Image.Resampling.BOX)
    return np.asarray(image, np.float64)


def test_the_split_shows_both(studio: Studio) -> None:
    unedited = coarse(studio.pixels())
    studio.choose("tree")
    studio.paint(LEFT)
    studio.paint(RIGHT)
    drawn = coarse(studio.pixels())
    sides = np.s_[:, :31], np.s_[:, 33:]
    assert all(np.abs(unedited[side] - drawn[side]).max() > 60 for side in sides)
    studio.page.locator("#split-toggle").click()

    def both_are_shown() -> bool:
        half = coarse(studio.pixels())  # of a canvas as fine as the screen, while two pictures meet in it
        left, right = (
            np.abs(half[side] - whole[side]).max() for side, whole in zip(sides, (unedited, drawn), strict=True)
        )
        return bool(left < 20 and right < 20)

    wait_until(studio.page, both_are_shown, "the unedited picture on the left, the drawn one on the right")


def test_another_scene_and_back(studio: Studio) -> None:
    studio.choose("tree")
    studio.paint(LEFT)
    drawn = studio.shown()
    seed = studio.choose_scene(3)
    assert studio.picture() == {"version": 1, "model": "village", "seed": seed, "edits": []}
    studio.page.locator("#seed").fill("4294967295")
    studio.page.locator("#seed").press("Enter")
    studio.wait_for_picture()
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
    expect(studio.page.locator("#seed")).to_have_attribute("aria-invalid", "true")
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
        expect(studio.page.locator("#offline")).to_be_visible()
        own_server.start()
        expect(studio.page.locator("#offline")).to_be_hidden()
        studio.wait_for_picture()
        picture = studio.picture()
        assert len(picture["edits"]) == 2
        assert studio.shown() != unedited
        assert studio.download() == own_server.render(picture)
        # What came while it was away is undone as ever, after a reload too.
        studio.reload()
        studio.click("#undo")
        studio.click("#undo")
        assert studio.shown() == unedited
        studio.click("#redo")
        studio.click("#redo")
        assert studio.download() == own_server.render(picture)


def test_a_long_history_is_kept_small_and_whole(studio: Studio) -> None:
    studio.choose("tree", tool="line")
    for i in range(12):
        studio.press_along([(0.1, 0.9 - i / 20), (0.2, 0.9 - i / 20)])
        studio.lift()
    studio.wait_for_edits(12)
    text = studio.page.evaluate("localStorage.getItem('unitbrush.history')")
    assert text.count('"tree"') == 12
    studio.reload()
    assert len(studio.picture()["edits"]) == 12
    for count in range(11, -1, -1):
        studio.page.keyboard.press("Control+z")
        studio.wait_for_edits(count)


def test_damaged_storage_starts_afresh(studio: Studio) -> None:
    studio.page.evaluate("localStorage.setItem('unitbrush.history', '{\"states\":[[0,[9]]],\"position\":0}')")
    studio.page.evaluate("localStorage.setItem('unitbrush.preferences', 'null')")
    studio.reload()
    expect(studio.page.locator("#undo")).to_have_attribute("aria-disabled", "true")
    studio.choose("tree")
    studio.paint(LEFT)
    assert len(studio.picture()["edits"]) == 1
