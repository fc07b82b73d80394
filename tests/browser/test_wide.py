"""Pictures that are no squares: shown whole in their shape, painted where one points, on a desk and on phones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, expect

from tests.browser.server import StudioServer
from tests.browser.studio import Studio, decode, drop, open_studio
from tests.browser.test_own import hasten, photo, wait_for_own
from tests.helpers.ports import free_port
from tests.helpers.tiny import write_model
from tests.helpers.wide import REFERENCE, SIZE, write_wide

HEIGHT, WIDTH = SIZE
ASPECT = WIDTH / HEIGHT
RADIUS = 0.075  # that the brush begins with, in widths


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioServer]:
    """A server whose first model draws pictures wider than high, and whose second draws squares."""
    folder = tmp_path_factory.mktemp("wide")
    write_wide(folder)
    write_model(folder)
    running = StudioServer(
        free_port(),
        folder / "data",
        UNITBRUSH_MODELS_DIR=str(folder / "models"),
        UNITBRUSH_RESULTS_DIR=str(folder / "dissect_results"),
        UNITBRUSH_DEFAULT_MODEL="wide",
        UNITBRUSH_TRUSTED_MODULES=REFERENCE,
    )
    running.start()
    yield running
    running.stop()


def shape(element: Locator) -> float:
    """The width of what is seen of it over its height."""
    box = element.bounding_box()
    assert box is not None
    return box["width"] / box["height"]


def canvas_shape(studio: Studio) -> float:
    width, height = studio.page.evaluate("(({ width, height }) => [width, height])(document.getElementById('picture'))")
    return float(width / height)


def test_it_is_painted_in_its_own_shape(browser: Browser, wide: StudioServer) -> None:
    with open_studio(browser, wide, path="/?seed=3") as studio:
        page = studio.page
        assert shape(studio.stage) == pytest.approx(ASPECT, abs=0.01)
        assert canvas_shape(studio) == pytest.approx(ASPECT, abs=0.01)
        assert shape(page.locator("#scenes img").first) == pytest.approx(ASPECT, abs=0.05)
        expect(page.locator("#model option").first).to_have_text(f"Wide · {WIDTH} × {HEIGHT} px")

        studio.choose("tree")
        page.mouse.move(*studio.at((0.6, 0.4)))
        assert shape(page.locator("#ring")) == pytest.approx(1, abs=0.01)
        studio.paint([(0.6, 0.4)])
        (edit,) = studio.picture()["edits"]
        (stroke,) = edit["mask"]["strokes"]
        assert stroke["points"][0] == pytest.approx([0.6, 0.4], abs=0.005)
        assert stroke["radius"] == pytest.approx(RADIUS, abs=0.001)
        assert np.array_equal(decode(studio.download()), decode(wide.render(studio.picture())))

        # The edit's mask is a disc on the screen, too.
        page.locator("#edits .edit").hover()
        r, down = stroke["radius"], stroke["radius"] * ASPECT
        studio.wait_for_tint((0.6, 0.4), (0.6 - 0.9 * r, 0.4), (0.6, 0.4 + 0.9 * down), (0.6, 0.4 - 0.9 * down))
        studio.wait_for_no_tint((0.6 + 1.15 * r, 0.4), (0.6, 0.4 + 1.15 * down), (0.6 + 0.8 * r, 0.4 + 0.8 * down))

        # The arrows move the brush by as much across as down.
        page.locator("#stage").focus()
        page.keyboard.press("ArrowUp")
        before = page.locator("#ring").bounding_box()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        after = page.locator("#ring").bounding_box()
        assert before is not None
        assert after is not None
        assert after["y"] - before["y"] == pytest.approx(after["x"] - before["x"], abs=0.6)
        assert after["y"] > before["y"] + 1

        # A click with the rectangle paints a square of the brush's size.
        studio.choose("door", tool="rect")
        studio.paint([(0.3, 0.3)])
        x0, y0, x1, y1 = studio.picture()["edits"][1]["mask"]["rect"]
        assert (x1 - x0) * ASPECT == pytest.approx(y1 - y0, abs=0.01)

        # The eraser takes the dab as it is seen, and a thing is picked where it lies.
        studio.choose("tree", tool="eraser")
        studio.paint([(0.57, 0.4), (0.6, 0.4 - 0.6 * down), (0.63, 0.4), (0.6, 0.4 + 0.6 * down), (0.6, 0.4)])
        assert [edit["concept"] for edit in studio.picture()["edits"]] == ["door"]
        studio.choose("tree", tool="pick")
        page.mouse.move(*studio.at((0.95, 0.9)))
        expect(page.locator("#pick-tag")).to_be_visible()
        page.mouse.click(*studio.at((0.95, 0.9)))
        studio.wait_for_edits(2)
        assert studio.picture()["edits"][1]["mask"]["at"] == pytest.approx([0.95, 0.9], abs=0.005)
        assert np.array_equal(decode(studio.download()), decode(wide.render(studio.picture())))


def test_the_stage_follows_the_model(browser: Browser, wide: StudioServer) -> None:
    with open_studio(browser, wide, path="/?seed=3") as studio:
        for name, aspect in (("village", 1.0), ("wide", ASPECT)):
            studio.page.locator("#model").select_option(name)
            studio.page.wait_for_function(
                """aspect => {
                    const { clientWidth, clientHeight } = document.getElementById("stage");
                    return Math.abs(clientWidth / clientHeight - aspect) < 0.01;
                }""",
                arg=aspect,
            )
            studio.wait_for_picture()
            assert canvas_shape(studio) == pytest.approx(aspect, abs=0.01)
            assert np.array_equal(decode(studio.download()), decode(wide.render(studio.picture())))


@pytest.mark.parametrize(
    ("size", "path"), [((390, 844), "/?seed=3"), ((844, 390), "/?seed=3"), ((390, 844), "/?booth=1")]
)
def test_it_fits_on_a_phone(browser: Browser, wide: StudioServer, size: tuple[int, int], path: str) -> None:
    with open_studio(browser, wide, size=size, touch=True, path=path) as studio:
        box = studio.stage.bounding_box()
        assert box is not None
        assert box["width"] / box["height"] == pytest.approx(ASPECT, abs=0.02)
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
        assert box["y"] + box["height"] <= size[1]
        assert box["width"] >= min(size) * 0.8
        assert studio.page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_a_gif_of_it_has_its_shape(browser: Browser, wide: StudioServer) -> None:
    with open_studio(browser, wide, path="/?seed=3") as studio:
        studio.page.locator("#share-open-sheet").click()
        with studio.page.expect_download() as download:
            studio.page.locator("#share-gif").click()
        gif = Image.open(download.value.path())
        assert gif.size == (384, round(384 / ASPECT))
        shown = decode(wide.render(studio.picture())).astype(np.uint8)
        expected = np.asarray(Image.fromarray(shown).resize(gif.size, Image.Resampling.BICUBIC), float)
        assert np.abs(np.asarray(gif.convert("RGB"), float) - expected).mean() < 12


def test_a_picture_of_ones_own_has_its_shape_and_its_pixels_stay_around_a_dab(
    browser: Browser, wide: StudioServer
) -> None:
    with open_studio(browser, wide, path="/?seed=3", prepare=hasten) as studio:
        drop(studio, photo(wide), "photo.jpg", "image/jpeg")
        wait_for_own(studio)
        studio.choose("tree")
        studio.paint([(0.3, 0.5)])
        studio.wait_for_edits(1)
        studio.page.locator("#own-keep").check()
        # The hole in them is as wide as high.
        across, down = 0.08, 0.08 * ASPECT
        studio.page.wait_for_function(
            """([across, down]) => {
                const canvas = document.getElementById("own-pixels");
                const { width, height } = canvas;
                const alpha = (x, y) => canvas.getContext("2d").getImageData(width * x, height * y, 1, 1).data[3];
                const hole = [alpha(0.3 + across, 0.5), alpha(0.3, 0.5 + down), alpha(0.3, 0.5 - down)];
                const around = [alpha(0.3 + 2.5 * across, 0.5), alpha(0.3, 0.5 + 2.5 * down)];
                return hole.every(value => value === 0) && around.every(value => value === 255);
            }""",
            arg=[across, down],
        )
        layer = studio.page.locator("#own-pixels")
        assert shape(layer) == pytest.approx(ASPECT, abs=0.01)
        assert decode(studio.download()).shape[:2] == SIZE
