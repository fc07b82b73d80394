"""A page of another origin that was written for the 2018 server: it puts an address before all it asks for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.server import StudioServer
from tests.helpers.ports import free_port

PAGE = b"""<!doctype html>
<title>Painting</title>
<div id="gallery"></div>
<img id="painting">
<script type="module">
const api = new URLSearchParams(location.search).get('api');
const get = async (call) => (await fetch(`${api}/api/${call}`)).json();
const post = async (body) => (await fetch(`${api}/api/generate`, {
  method: 'POST', body: JSON.stringify(body), headers: { 'Content-type': 'application/json; charset=UTF-8' },
})).json();
const shown = (d) => (d.startsWith('/') ? api + d : d);

const [{ project, info }] = await get('all_projects');
const [layer] = info.layers;
const gallery = await post({ project, ids: [104, 425] });
for (const { id, d } of gallery.res) {
  const image = new Image();
  image.src = d;  // as it comes
  image.id = `image-${id}`;
  document.getElementById('gallery').append(image);
}

const rankings = (await get(`rankings?project=${project}&layer=${layer}`)).res;
const levels = (await get(`levels?project=${project}&layer=${layer}&quantiles=0.99`)).res;
const { scores } = rankings.find(({ name }) => name === 'tree-iou');
const units = scores.map((_, unit) => unit).sort((a, b) => scores[a] - scores[b]).slice(0, 15);
const canvas = document.createElement('canvas');
canvas.width = canvas.height = 32;
canvas.getContext('2d').ellipse(16, 20, 9, 6, 0, 0, 7);
canvas.getContext('2d').fill();
const ablations = units.map((unit) => ({ layer, unit, alpha: 1, value: levels[unit][0] }));
const mask = { shape: [], bitbounds: [], bitstring: canvas.toDataURL('image/png') };
const painted = await post({ project, ids: [104], interventions: [{ ablations, mask }], return_urls: 0 });
document.getElementById('painting').src = shown(painted.res[0].d);
</script>
"""


class Page(BaseHTTPRequestHandler):
    """Serves the page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def page_origin() -> Iterator[str]:
    """The origin of a server that has the page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_of_another_origin_paints(browser: Browser, page_origin: str, tmp_path: Path) -> None:
    running = StudioServer(free_port(), tmp_path, UNITBRUSH_ALLOWED_ORIGINS=page_origin)
    running.start()
    try:
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{page_origin}/?api={running.url}")
        side = running.model()["resolution"]
        for image in ("#image-104", "#image-425", "#painting"):
            expect(page.locator(image)).to_have_js_property("naturalWidth", side)
        assert page.locator("#painting").get_attribute("src").startswith("data:image/jpeg;base64,")  # type: ignore[union-attr]
        assert errors == []
        page.close()
    finally:
        running.stop()
