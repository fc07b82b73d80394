from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from serving import asgi_client, settings_in

SCRIPT = "export const answer = 42;\n" * 100


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
async def studio(tiny: Path, frontend: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with asgi_client(settings_in(tiny, data_dir=tmp_path / "data", frontend_dir=frontend)) as client:
        yield client


async def test_the_page_is_served_under_a_strict_policy(studio: httpx.AsyncClient) -> None:
    answer = await studio.get("/")
    assert answer.text == "<!doctype html><title>Studio</title>"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
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


async def test_the_token_in_the_address_becomes_a_cookie(tiny: Path, frontend: Path, tmp_path: Path) -> None:
    settings = settings_in(tiny, data_dir=tmp_path / "data", frontend_dir=frontend, token="hunter2")
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
