from __future__ import annotations

import re
from html.parser import HTMLParser

import httpx
import pytest

from server.web.routes.docs import code, linked, type_name


class Links(HTMLParser):
    """Everything a page loads or links to, and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.scripts += tag == "script"
        if tag in ("link", "img", "script", "iframe"):
            self.loads.append(given.get("href") or given.get("src") or "")
        if tag == "a":
            self.links.append(given.get("href") or "")
        if given.get("id"):
            self.anchors.add(given["id"] or "")


async def test_the_page_names_every_call_and_needs_nobody_else(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    openapi = (await client.get("/openapi.json")).json()
    for path, methods in openapi["paths"].items():
        for method in methods:
            assert re.search(rf'<b class="{method}">{method}</b> <code>{re.escape(path)}</code></h2>', page.text)
    found = Links()
    found.feed(page.text)
    assert found.loads == ["/docs.css"]
    assert found.scripts == 0
    assert all(link.startswith(("/", "#")) for link in found.links)
    assert {link[1:] for link in found.links if link.startswith("#")} <= found.anchors
    assert (await client.get("/docs.css")).headers["content-type"] == "text/css; charset=utf-8"


async def test_the_contracts_calls_are_all_there(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    calls = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    api = "/api/v1"
    assert calls >= {
        ("GET", f"{api}/models"),
        ("GET", f"{api}/models/{{model}}/concepts"),
        ("GET", f"{api}/models/{{model}}/directions"),
        ("GET", f"{api}/models/{{model}}/images/{{seed}}"),
        ("POST", f"{api}/render"),
        ("POST", f"{api}/pictures"),
        ("POST", f"{api}/pictures/{{picture}}/draw"),
        ("POST", f"{api}/pictures/{{picture}}/remove"),
        ("POST", f"{api}/pictures/{{picture}}/undo"),
        ("POST", f"{api}/pictures/{{picture}}/redo"),
        ("POST", f"{api}/pictures/{{picture}}/reset"),
        ("PUT", f"{api}/pictures/{{picture}}/edits"),
        ("PUT", f"{api}/pictures/{{picture}}/directions"),
        ("PUT", f"{api}/pictures/{{picture}}/clean"),
        ("DELETE", f"{api}/pictures/{{picture}}/edits/{{index}}"),
        ("GET", f"{api}/pictures/{{picture}}"),
        ("GET", f"{api}/pictures/{{picture}}/image"),
        ("DELETE", f"{api}/pictures/{{picture}}"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
    }


def test_types_are_told_in_a_few_words() -> None:
    assert type_name({"type": "integer", "minimum": 0, "maximum": 9}) == "integer (0..9)"
    assert type_name({"type": "array", "items": {"$ref": "#/components/schemas/Edit"}}) == "array of Edit"
    assert type_name({"type": "object", "additionalProperties": {"type": "number"}}) == "object of number"
    assert type_name({"type": "object", "additionalProperties": False}) == "object"
    assert type_name({"anyOf": [{"type": "string"}, {"type": "null"}]}) == "string or null"
    assert type_name({"enum": ["png", "webp"]}) == '"png" or "webp"'


def test_backticks_become_code_and_everything_else_is_escaped() -> None:
    assert code("a `<b>` <c>") == "a <code>&lt;b&gt;</code> &lt;c&gt;"


def test_names_of_schemas_become_links() -> None:
    assert linked("array of Edit or <x>", {"Edit"}) == 'array of <a href="#schema-Edit">Edit</a> or &lt;x&gt;'


async def test_the_reference_has_a_tag_and_is_compressed(client: httpx.AsyncClient) -> None:
    for path in ("/docs", "/openapi.json", "/docs.css"):
        answer = await client.get(path, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        again = await client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


async def test_the_document_is_written_once(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await client.get("/openapi.json")
    monkeypatch.setattr("server.web.routes.docs.json.dumps", None)
    assert (await client.get("/openapi.json")).content == first.content
