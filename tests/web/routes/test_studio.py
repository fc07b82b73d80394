from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import html
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import pytest_asyncio
from PIL import Image

from server.model.catalog import Catalog
from server.painting.painter import Painter
from server.painting.picture import Picture
from tests.helpers.serving import asgi_client, renders, settings_in

SCRIPT = "export const answer = 42;\n" * 100


def policy_of(answer: httpx.Response) -> dict[str, str]:
    parts = (part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    return dict(parts)


@pytest.fixture
def frontend(tmp_path: Path) -> Path:
    folder = tmp_path / "frontend"
    (folder / "js").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Studio</title>")
    (folder / "js" / "main.js").write_text(SCRIPT)
    (folder / ".hidden").write_text("hidden")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest_asyncio.fixture
async def studio(installed: Path, frontend: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with asgi_client(settings_in(installed, data_dir=tmp_path / "data", frontend_dir=frontend)) as client:
        yield client


async def test_the_page_is_served_under_a_strict_policy(studio: httpx.AsyncClient) -> None:
    answer = await studio.get("/")
    assert answer.text == "<!doctype html><title>Studio</title>"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = policy_of(answer)
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["default-src"] == "'none'"


async def test_scripts_have_their_type_and_come_compressed(studio: httpx.AsyncClient) -> None:
    plain = await studio.get("/js/main.js", headers={"Accept-Encoding": "identity"})
    packed = await studio.get("/js/main.js", headers={"Accept-Encoding": "gzip, br"})
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert (plain.text, packed.text) == (SCRIPT, SCRIPT)
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(gzip.compress(SCRIPT.encode(), 9, mtime=0))
    assert plain.headers["etag"] != packed.headers["etag"]


async def test_files_are_revalidated_and_seen_to_change(studio: httpx.AsyncClient, frontend: Path) -> None:
    first = await studio.get("/js/main.js")
    assert first.headers["cache-control"] == "no-cache"
    known = {"If-None-Match": first.headers["etag"]}
    assert (await studio.get("/js/main.js", headers=known)).status_code == 304
    (frontend / "js" / "main.js").write_text("changed")
    assert (await studio.get("/js/main.js", headers=known)).text == "changed"


@pytest.mark.parametrize(
    "path",
    [
        "/.hidden",
        "/link.txt",
        "/../secret.txt",
        "/js/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/js%2f..%2f..%2fsecret.txt",
        "/js/..%5c..%5csecret.txt",
        "/js",
        "/js/",
        "/index.html/",
        "//etc/passwd",
        "/%00",
        "/" + "a" * 5000,
    ],
)
async def test_nothing_outside_the_folder_is_served(studio: httpx.AsyncClient, path: str) -> None:
    answer = await studio.get(httpx.URL("http://localhost" + path))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_only_reading_is_possible(studio: httpx.AsyncClient) -> None:
    head = await studio.head("/js/main.js")
    assert (head.status_code, head.content) == (200, b"")
    answer = await studio.post("/js/main.js")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_the_token_in_the_address_becomes_a_cookie(installed: Path, frontend: Path, tmp_path: Path) -> None:
    settings = settings_in(installed, data_dir=tmp_path / "data", frontend_dir=frontend, token="hunter2")
    async with asgi_client(settings) as client:
        assert (await client.get("/")).status_code == 200
        assert (await client.get("/api/v1/models")).status_code == 401
        assert (await client.get("/?token=hunter3")).status_code == 401
        answer = await client.get("/?token=hunter2")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "hunter2" not in cookie
        assert (await client.get("/api/v1/models")).status_code == 200
        foreign = await client.post("/api/v1/pictures", json={}, headers={"Origin": "http://evil.example"})
        assert foreign.status_code == 403


@pytest_asyncio.fixture
async def painted(installed: Path, frontend: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A studio that shows a first picture, ready."""
    (frontend / "css").mkdir()
    (frontend / "css" / "base.css").write_text("body { color: red }")
    (frontend / "index.html").write_text(
        '<style>{% include "css/base.css" %}</style>{% if first %}<img src="{{ first }}">{% endif %}'
        "<script>one</script>"
    )
    settings = settings_in(installed, data_dir=tmp_path / "data", frontend_dir=frontend, precision="bfloat16")
    async with asgi_client(settings) as client:
        while (await client.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.01)
        yield client


def first_of(page: httpx.Response) -> str | None:
    found = re.search(r'<img src="([^"]*)">', page.text)
    return html.unescape(found.group(1)) if found else None


async def test_the_page_brings_its_styles_and_allows_nothing_else(painted: httpx.AsyncClient, frontend: Path) -> None:
    answer = await painted.get("/")
    assert "<style>body { color: red }</style>" in answer.text
    for kind, text in (("style", "body { color: red }"), ("script", "one")):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy_of(answer)[f"{kind}-src"] == f"'self' 'sha256-{digest}'"
    (frontend / "css" / "base.css").write_text("body { color: blue }")
    changed = await painted.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert "color: blue" in changed.text


async def test_the_page_begins_with_the_first_scene_drawn_already(painted: httpx.AsyncClient) -> None:
    model = (await painted.get("/api/v1/models")).json()["models"][0]
    address = first_of(await painted.get("/"))
    assert address == f"api/v1/models/village/images/7?format=png&v={model['version']}"
    drawn = await renders(painted)
    image = await painted.get(f"/{address}")
    studio_asks = await painted.post("/api/v1/render?format=png", json={"version": 1, "seed": 7, "edits": []})
    assert image.content == studio_asks.content
    assert await renders(painted) == drawn


async def test_the_page_begins_with_what_its_address_names(painted: httpx.AsyncClient) -> None:
    assert "/images/42?" in (first_of(await painted.get("/?seed=42")) or "")
    made = (await painted.post("/api/v1/pictures", json={"seed": 3})).json()
    kept = first_of(await painted.get(f"/?picture={made['id']}"))
    image = await painted.get(f"/{kept}")
    assert image.content == (await painted.get("/api/v1/models/village/images/3?format=png")).content
    # A booth begins by lot.
    assert first_of(await painted.get("/?booth=1")) is None


@pytest.mark.parametrize("seed", ["", "-1", "1.5", "4294967296", "99999999999", "x", "²", '"><script>'])
async def test_a_seed_that_is_none_begins_with_the_first_scene(painted: httpx.AsyncClient, seed: str) -> None:
    assert "/images/7?" in (first_of(await painted.get("/", params={"seed": seed})) or "")


async def test_no_address_gets_into_the_page_unquoted(painted: httpx.AsyncClient) -> None:
    answer = await painted.get("/", params={"picture": '"><script>alert(1)</script>&../..'})
    assert answer.text.count("<script>") == 1
    assert (first_of(answer) or "").startswith("api/v1/pictures/%22%3E%3Cscript%3E")
    assert "/../" not in (first_of(answer) or "")


async def test_before_the_first_picture_is_drawn_the_page_names_none(frontend: Path, tmp_path: Path) -> None:
    (frontend / "index.html").write_text('{% if first %}<img src="{{ first }}">{% endif %}without')
    async with asgi_client(settings_in(tmp_path, frontend_dir=frontend)) as client:
        assert (await client.get("/")).text == "without"


async def test_the_first_picture_is_no_draft(painted: httpx.AsyncClient, catalog: Catalog) -> None:
    image = await painted.get(f"/{first_of(await painted.get('/'))}")
    pixels = np.asarray(Image.open(io.BytesIO(image.content)))
    painter, picture = Painter(catalog, precision="bfloat16"), Picture("village", 7)
    np.testing.assert_array_equal(pixels, painter.render(picture))
    assert (pixels != painter.render(picture, draft=True)).any()
