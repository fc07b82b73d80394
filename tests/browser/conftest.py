"""A real Chromium on a real server. Where either is missing these tests fail; they are never skipped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.server import ROOT, StudioServer
from tests.browser.studio import Studio, open_studio
from tests.helpers.ports import free_port
from tests.helpers.tiny import write_inpainter, write_model, write_translator

CHROMIUMS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
# The tests that look at pictures of the shipped model, by their files.
LOOKING = {
    *("test_about", "test_api2018", "test_beginning", "test_concepts", "test_directions", "test_exact"),
    *("test_looking", "test_paint", "test_scenes", "test_style", "test_units"),
}
BOOTH_HOST = "booth.example"
# The last list of features counts, so it has what Playwright's own needs to have. Two pages of the address bar's popup
# in every window took nearly half of a test's processor time.
UNWANTED = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "AimEnabled"),
    *("HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "MediaRouter", "OptimizationHints", "PaintHolding"),
)
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {BOOTH_HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    f"--disable-features={','.join(UNWANTED)}",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that look at pictures side by side, so that a server of the shipped model is started in one process
    or two."""
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.parent == here and item.path.stem in LOOKING)


def chromium() -> str | None:
    """The path of Debian's chromium, best the one without windows, or of any other Chromium of this machine."""
    return next((found for name in CHROMIUMS if (found := shutil.which(name))), None)


# Package scope: Playwright's loop has to be gone before asyncio tests of other folders run.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A Chromium without a window."""
    path = chromium()
    if path is None:
        pytest.fail("the browser tests need Chromium: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield instance
        instance.close()


@pytest.fixture(scope="package")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioServer]:
    """A server on the shipped model, with an empty folder for its pictures."""
    running = StudioServer(free_port(), tmp_path_factory.mktemp("data"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="package")
def small_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of a server on a model that draws next to nothing in next to no time, with the shipped one's name
    and concepts; its seasons and its inpainter nobody trained."""
    folder = tmp_path_factory.mktemp("small")
    dissection = json.loads((ROOT / "dissect_results" / "village" / "dissection.json").read_text())
    concepts = dict.fromkeys(brush["concept"] for brush in dissection["brushes"])
    write_model(folder, concepts=[*concepts], seen=[*concepts])
    write_translator(folder)
    write_inpainter(folder)
    return {"UNITBRUSH_MODELS_DIR": str(folder / "models"), "UNITBRUSH_RESULTS_DIR": str(folder / "dissect_results")}


@pytest.fixture(scope="package")
def small(tmp_path_factory: pytest.TempPathFactory, small_models: dict[str, str]) -> Iterator[StudioServer]:
    """A server on that model."""
    running = StudioServer(free_port(), tmp_path_factory.mktemp("data"), **small_models)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> StudioServer:
    """The server of most tests: on the shipped model where they look at what it draws."""
    running: StudioServer = request.getfixturevalue("village" if request.path.stem in LOOKING else "small")
    return running


@pytest.fixture(scope="package")
def mortal_server(
    tmp_path_factory: pytest.TempPathFactory, small: StudioServer, small_models: dict[str, str]
) -> Iterator[StudioServer]:
    """Another one on the small model; it knows what the first has seen in the scenes."""
    running = StudioServer(free_port(), tmp_path_factory.mktemp("mortal"), **small_models)
    running.seen = small.seen
    yield running
    running.stop()


@pytest.fixture
def own_server(mortal_server: StudioServer) -> StudioServer:
    """A server that a test may kill and start again; it runs when the test begins."""
    if not mortal_server.running:
        mortal_server.start()
    return mortal_server


@pytest.fixture
def studio(browser: Browser, server: StudioServer) -> Iterator[Studio]:
    """The studio at 1280x800 with its first picture on the screen."""
    with open_studio(browser, server) as opened:
        yield opened
