"""The dissection's report, opened from the file system as a reader would."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from server.lab.dissect.report.build import Pictures, build_report
from server.lab.dissect.report.removals import show_removals, store_removals
from server.lab.dissect.units.regions import REGION
from server.lab.dissect.units.samples import Samples
from server.model.generator import Layer
from tests.browser.waiting import PATIENCE, wait_until

CONCEPTS = ("tree", "door", "sky")
UNITS = 60


def drawing(units: int, drawn: float, multiple: float = 1.0) -> dict[str, Any]:
    return {
        "layer": "layer4",
        "ranking": "causal",
        "level": "mean",
        "multiple": multiple,
        "units": units,
        "pictures": 20,
        "before": 0.1,
        "drawn": drawn,
        "disturbed": 0.01,
        "strange": 1.25,
        "random_drawn": 0.15,
        "score": drawn,
    }


def removal(units: int, removed: float) -> dict[str, Any]:
    return {
        "layer": "layer4",
        "ranking": "causal removing",
        "units": units,
        "pictures": 20,
        "removed": removed,
        "disturbed": 0.01,
        "spoilt": 0.02,
        "random_removed": 0.0,
        "score": removed,
    }


MEASURED: dict[str, Any] = {
    "judgedApart": True,
    "brushes": [
        {
            "concept": "tree",
            "layer": "layer4",
            "best": True,
            "choice": [drawing(8, 0.75, 0.5), drawing(8, 0.8)],
            "trials": [drawing(1, 0.2), drawing(8, 0.8), drawing(8, 0.75, 0.5), drawing(32, 0.9)],
            "remove": {"best": True, "choice": [removal(4, 0.7)], "trials": [removal(1, 0.3), removal(4, 0.7)]},
            "drawn_by_all": {"mean": 0.9},
        }
    ],
    "judged": [
        {
            "concept": concept,
            "layer": "layer4",
            "units": 8,
            "of": UNITS,
            "grid": 16 if concept == "door" else 8,
            "host": "wall" if concept == "door" else None,
            "visible": drawn,
            "random_visible": 0.1,
            "remove_layer": "layer5",
            "remove_units": 4,
            "kept_everywhere": 0.9,
            "before": 0.1,
            "drawn": drawn,
            "random_drawn": 0.12,
            "all_drawn": 0.9,
            "holds": 0.7,
            "kept": 0.99,
            "stood": 0.3,
            "removed": 0.1,
            "random_removed": 0.3,
            "kept_removing": 0.98,
            "gone": 0.67,
            "random_gone": 0.0,
            "drawing_pictures": 20,
            "removing_pictures": 20,
            "meets": {"draw": drawn > 0.6, "remove": False, "keep": True},
            "weak": weak,
        }
        for concept, drawn, weak in (("tree", 0.8, []), ("door", 0.11, ["drawing"]), ("sky", 0.5, []))
    ],
    "context": {
        "tree": {"tree": None, "door": {"pictures": 8, "before": 0.0, "drawn": 0.7, "visible": 1.0}, "sky": None}
    },
    "artifacts": {
        "measure": "entropy",
        "pictures": 20,
        "units": [{"layer": "layer4", "unit": 3, "value": 0.3, "without": 0.28, "sure": 5.0, "kept": 0.99}],
        "together": {"value": 0.3, "without": 0.28, "sure": 5.0, "kept": 0.99},
        "tried": [{"layer": "layer4", "unit": 9, "value": 0.3, "without": 0.31, "sure": -2.0, "kept": 0.99}],
        "shown": [{"name": "layer4-3", "seeds": [4, 5, 6]}],
    },
    "statistics": {
        "frechet": 0.02,
        "floor": 0.001,
        "generated": 30,
        "training": 30,
        "concepts": [
            {"concept": "door", "share": 0.01, "training_share": 0.03, "present": 0.5, "training_present": 0.9}
        ],
    },
}


REMOVALS: list[dict[str, Any]] = [
    {"way": way, "asks": asks, "ms": ms, "psnr": 20.5, "ssim": 0.81, "distance": 0.35, "labels": labels}
    for way, asks, ms, labels in (
        ("brush", ("pictures of the model", "a stroke does", "generator"), 71.0, 0.82),
        ("Telea", ("any", "yes", "none"), 3.0, None),
    )
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results") / "report"
    rng = np.random.default_rng(0)
    iou = np.zeros((UNITS, 3), np.float32)
    iou[:40, 0] = np.linspace(0.1, 0.5, 40)
    iou[40:50, 1] = 0.2
    held = {
        "iou": iou,
        "iou_fixed": iou / 2,
        "chance": iou / 9,
        "strongest": rng.integers(0, 30, (UNITS, 4)),
        "regions": rng.integers(0, 256, (UNITS, 4, REGION**2 // 8)).astype(np.uint8),
    }
    images = rng.integers(0, 256, (30, 24, 32, 3)).astype(np.uint8)
    shown = Image.fromarray(images[:8].transpose(1, 0, 2, 3).reshape(24, 256, 3))
    folder.mkdir()
    store_removals(folder.parent, 200, REMOVALS, shown)  # before, as a report that is written anew still shows it
    build_report(
        folder,
        "village",
        [Layer("layer4", UNITS, 8, 8)],
        CONCEPTS,
        {"layer4": held},
        Pictures(Samples(0, CONCEPTS, images, images[..., 0] % 3), {"layer4-3": images[:6].reshape(2, 3, 24, 32, 3)}),
        MEASURED,
        {},
    )
    return folder


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page.set_default_timeout(1000 * PATIENCE)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto((report / "index.html").as_uri())
    yield page
    page.close()
    assert errors == []


def test_units_can_be_filtered_sorted_and_paged(page: Page) -> None:
    cards = page.locator("#unit-list .unit")
    expect(cards).to_have_count(24)
    expect(page.locator("#unit-count")).to_have_text(f"50 of {UNITS} units")
    expect(cards.first).to_have_text(re.compile("^Unit 39"), use_inner_text=True)
    page.click("#more")
    expect(cards).to_have_count(48)
    page.select_option("#unit-concept", label="door")
    expect(cards).to_have_count(10)
    expect(cards.first).to_contain_text("door 0.200", use_inner_text=True)
    page.select_option("#unit-concept", "-1")
    page.select_option("#unit-sort", "unit")
    page.check("#unit-all")
    expect(page.locator("#unit-count")).to_have_text(f"{UNITS} of {UNITS} units")
    expect(cards.first).to_have_text(re.compile("^Unit 0"), use_inner_text=True)


def test_a_unit_shows_its_pictures_with_the_region_outlined(page: Page) -> None:
    def yellow() -> int:
        """Pixels of the outline; a page from the file system may not read its own canvas back."""
        shot = np.asarray(
            Image.open(io.BytesIO(page.locator("#unit-list .unit canvas").first.screenshot())).convert("RGB")
        )
        return int((np.abs(shot.astype(int) - (255, 225, 77)).max(2) < 40).sum())

    wait_until(page, lambda: yellow() > 100, "the outline of a region")
    box = page.locator("#unit-list .unit canvas").first.bounding_box()
    assert box is not None
    assert box["width"] / box["height"] == pytest.approx(32 / 24, abs=0.02)


def test_tables_sort_by_any_column(page: Page) -> None:
    first = page.locator("#judged tbody tr td:first-child")
    expect(first).to_have_text(["tree", "door", "sky"])
    page.click("#judged th:has-text('drawn') button")
    expect(first).to_have_text(["tree", "sky", "door"])
    page.click("#judged th:has-text('drawn') button")
    expect(first).to_have_text(["door", "sky", "tree"])


def test_charts_tell_the_figures(page: Page) -> None:
    assert "83 %" in page.locator("#depth").inner_text()
    assert page.locator("#curves polyline.draw").count() == 1
    points = page.locator("#curves polyline.draw").get_attribute("points")
    assert points is not None
    assert len(points.split()) == 3  # the numbers of units at the level itself
    assert "8 units of layer4, ranked by causal, at 0.5 of the level mean" in page.inner_text("#curves figcaption")
    assert "removed with 4 of layer4" in page.inner_text("#curves figcaption")
    assert "0.70" in page.inner_text("#heat")
    assert "0.33" in page.inner_text("#areas .weak")


def test_the_best_unit_of_every_concept_comes_first(page: Page) -> None:
    cards = page.locator("#gallery .unit")
    assert cards.locator("h3 span").all_inner_texts() == ["tree", "door"]  # nothing matches the sky
    assert cards.first.locator("small").inner_text() == "IoU 0.50"
    assert cards.first.locator(".where").inner_text() == "unit 39 of layer4"
    assert cards.first.locator("canvas").count() == 4


def test_artifact_units_are_listed_with_pictures_before_and_after(page: Page) -> None:
    assert "0.3000 with them and 0.2800 without" in page.inner_text("#artifact-text")
    assert page.locator("#artifact-list tbody tr").all_inner_texts()[0].split("\t")[:2] == ["3", "layer4"]
    image = page.locator("#artifact-strips img")
    image.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#artifact-strips img').naturalWidth > 0")
    assert page.evaluate("document.querySelector('#artifact-strips img').naturalHeight") == 48
    assert page.inner_text("#artifact-strips figcaption").startswith("Without unit 3 of layer4")
    expect(page.locator("#artifact-tried table")).to_be_hidden()
    page.click("#artifact-tried summary")
    expect(page.locator("#artifact-tried tbody tr")).to_have_count(1)


def test_brushes_that_do_what_they_should_have_a_tick(page: Page) -> None:
    tree, door, _ = page.locator("#judged tbody tr").all()
    assert tree.locator(".met").count() == 3
    assert door.locator(".met").count() == 2
    page.click("#curves summary")
    drawn, removed = page.locator("#curves tbody").all()
    assert [row.split("\t")[2] for row in drawn.inner_text().splitlines()] == ["0.5", "1"]
    assert "causal removing" in removed.inner_text()


def test_removals_in_every_way_are_shown_where_they_were_measured(page: Page, report: Path) -> None:
    section = page.locator("#removals")
    expect(section).to_contain_text("200 scenes")
    cells = section.locator("tbody tr").nth(0).locator("td")
    assert cells.all_inner_texts() == [
        *("brush", "pictures of the model", "a stroke does", "generator", "71", "20.5", "0.810", "0.350", "82 %"),
    ]
    expect(section.locator("tbody tr").nth(1).locator("td").last).to_have_text("-")
    section.locator("img").scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('#removals img').naturalWidth === 256")
    expect(page.locator("nav [href='#removals']")).to_be_visible()
    (report / "removals.js").write_text("var REMOVALS = null;")
    page.reload()
    expect(page.locator("#concepts")).to_be_visible()
    expect(section).to_be_hidden()
    expect(page.locator("nav [href='#removals']")).to_be_hidden()
    show_removals(report.parent, report)


def test_dark_and_light_can_be_switched(page: Page) -> None:
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    expect(page.locator("body")).not_to_have_css("background-color", before)
    page.click("#theme")
    expect(page.locator("body")).to_have_css("background-color", before)


def test_a_phone_never_scrolls_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
