"""What the page tells of its models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.server import ROOT, StudioServer
from tests.browser.studio import Studio, open_studio
from tests.helpers.ports import free_port

CARD = json.loads((ROOT / "models" / "village" / "model.json").read_text())
MARKUP = "<img src=x onerror=alert(1)> & others, " + "without-a-space" * 20


def told(studio: Studio) -> dict[str, str]:
    """The terms and what is said of each."""
    pairs: list[list[str]] = studio.page.locator("#about-lines > div").evaluate_all(
        "lines => lines.map(({ children }) => [...children].map(({ textContent }) => textContent))"
    )
    return dict(pairs)


@pytest.mark.parametrize("size", [(1280, 800), (390, 844), (844, 390)])
def test_the_model_is_told_in_a_disclosure(browser: Browser, server: StudioServer, size: tuple[int, int]) -> None:
    with open_studio(browser, server, size, touch=size[0] < 1000) as studio:
        page = studio.page
        expect(page.locator("#about-lines")).to_be_hidden()
        page.get_by_text("About this model").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#about-lines dd").last).to_be_visible()
        side = server.model()["resolution"]
        assert told(studio) == {
            "Model": "Village",
            "Family": CARD["family"],
            "Resolution": f"{side} × {side}",
            "Licence": CARD["license"],
            "Source": CARD["source"],
            "To cite": CARD["citation"],
        }
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator("#help-open").click()
        page.locator("#language").select_option("ko")
        expect(page.locator("#about summary")).to_have_text("이 모델에 대하여")
        assert told(studio)["라이선스"] == CARD["license"]


def test_each_model_tells_its_own(browser: Browser, server: StudioServer, tmp_path: Path) -> None:
    for kind in ("models", "dissect_results"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "village").symlink_to(ROOT / kind / "village")
    (tmp_path / "dissect_results" / "other").symlink_to(ROOT / "dissect_results" / "village")
    other = tmp_path / "models" / "other"
    other.mkdir()
    (other / "generator.safetensors").symlink_to(ROOT / "models" / "village" / "generator.safetensors")
    (other / "model.json").write_text(json.dumps({"schema": 1, "title": "Other " * 9, "citation": MARKUP}))
    both = StudioServer(
        free_port(),
        tmp_path / "data",
        UNITBRUSH_MODELS_DIR=str(tmp_path / "models"),
        UNITBRUSH_RESULTS_DIR=str(tmp_path / "dissect_results"),
    )
    both.seen = server.seen
    both.start()
    try:
        with open_studio(browser, both, (390, 844)) as studio:
            page = studio.page
            side = server.model()["resolution"]
            assert page.locator("#model option").all_inner_texts()[0] == f"Village · {side} px"
            page.locator("#about summary").click()
            page.locator("#model").select_option("other")
            studio.wait_until_ready()
            assert told(studio) == {
                "Model": ("Other " * 9),
                "Family": CARD["family"],
                "Resolution": f"{side} × {side}",
                "Licence": "not known",
                "To cite": MARKUP,
            }
            expect(page.locator("#about-lines img")).to_have_count(0)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finally:
        both.stop()
