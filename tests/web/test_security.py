from __future__ import annotations

from typing import Any

import pytest

from server.settings import Settings
from server.web.security import (
    ForeignOrigin,
    TokenMissing,
    UnknownHost,
    authorize,
    cookie_name,
    cookie_value,
    host_allowed,
    origin_allowed,
    path_within,
    rooted,
)


def settings(**given: Any) -> Settings:
    return Settings(**given)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST:1",
        "127.0.0.1:8000",
        "192.168.1.7",
        "[::1]:8000",
        "booth.localhost:80",
        "localhost.",
    ],
)
def test_addresses_and_localhost_are_this_server(host: str) -> None:
    assert host_allowed(host, settings())


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "user@localhost",
        "localhost:x",
        "a/b",
        ":80",
    ],
)
def test_other_names_are_not(host: str) -> None:
    assert not host_allowed(host, settings())


def test_configured_names_are_this_server_too() -> None:
    configured = settings(allowed_hosts="booth.local, Paint.example.org", host="studio.lan")
    for host in ("booth.local:8000", "paint.example.org", "studio.lan"):
        assert host_allowed(host, configured)
    assert not host_allowed("other.example.org", configured)
    assert host_allowed("anything.example", settings(allowed_hosts="*"))


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://localhost:8000", "localhost:8000", True),
        ("https://paint.example.org", "paint.example.org", True),
        ("http://paint.example.org", "paint.example.org:80", True),
        ("https://paint.example.org:443", "paint.example.org", True),
        ("http://LOCALHOST:8000", "localhost:8000", True),
        ("http://localhost:8001", "localhost:8000", False),
        ("http://127.0.0.1:8000", "localhost:8000", False),
        ("http://evil.example", "localhost:8000", False),
        ("http://localhost:8000.evil.example", "localhost:8000", False),
        ("null", "localhost:8000", False),
        ("", "localhost:8000", False),
        ("file://", "localhost", False),
        ("http://[::1", "[::1]", False),
        ("chrome-extension://abc", "abc", False),
    ],
)
def test_an_origin_has_to_be_this_server(origin: str, host: str, allowed: bool) -> None:
    assert origin_allowed(origin, host, settings()) is allowed


def test_configured_origins_are_allowed() -> None:
    configured = settings(allowed_origins="https://museum.example")
    assert origin_allowed("https://museum.example", "localhost", configured)
    assert not origin_allowed("http://museum.example", "localhost", configured)


def scope(
    method: str = "POST", path: str = "/api/v1/render", kind: str = "http", query: str = "", **headers: str
) -> dict[str, Any]:
    given = {"host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
    }


def test_unsafe_calls_and_sockets_of_foreign_pages_are_refused() -> None:
    foreign = {"origin": "http://evil.example"}
    authorize(scope("GET", **foreign), settings())
    for refused in (
        scope("POST", **foreign),
        scope("DELETE", **foreign),
        scope("GET", kind="websocket", **foreign),
        scope("POST", sec_fetch_site="cross-site"),
    ):
        with pytest.raises(ForeignOrigin):
            authorize(refused, settings())
    authorize(scope("POST", origin="http://localhost"), settings())
    authorize(scope("POST"), settings())


def test_a_foreign_name_is_refused_whatever_it_asks() -> None:
    for method in ("GET", "POST"):
        with pytest.raises(UnknownHost):
            authorize(scope(method, host="evil.example", origin="http://evil.example"), settings())


SECRET = settings(token="hunter2", port=8123)


@pytest.mark.parametrize(
    "carrying",
    [
        scope(authorization="Bearer hunter2"),
        scope(authorization="bearer  hunter2"),
        scope(cookie=f"{cookie_name(SECRET)}={cookie_value('hunter2')}"),
        scope(cookie=f'theirs={{"a": 1}}; \xff; {cookie_name(SECRET)}={cookie_value("hunter2")}'),
        scope(kind="websocket", query="token=hunter2"),
        scope("GET", path="/"),
        scope("GET", path="/healthz"),
        scope("OPTIONS"),
    ],
)
def test_who_carries_the_token_or_needs_none_is_let_in(carrying: dict[str, Any]) -> None:
    authorize(carrying, SECRET)


@pytest.mark.parametrize(
    "carrying",
    [
        scope(),
        scope("GET"),
        scope("GET", path="/metrics"),
        scope("GET", path="/dissect/village/"),
        scope(authorization="Bearer hunter3"),
        scope(authorization="Bearer "),
        scope(authorization="Basic hunter2"),
        scope(authorization="Bearer hunt\xe9r2"),
        scope(cookie=f"{cookie_name(SECRET)}=hunter2"),
        scope(cookie="other=1; broken"),
        scope(query="token=hunter2"),
        scope(kind="websocket", query="token=hunter3"),
        scope(kind="websocket"),
    ],
)
def test_who_does_not_is_refused(carrying: dict[str, Any]) -> None:
    with pytest.raises(TokenMissing):
        authorize(carrying, SECRET)


@pytest.mark.parametrize(
    ("root_path", "path", "prefix", "rooted_path"),
    [
        ("", "/metrics", "", "/metrics"),
        ("", "/metrics", "/studio", "/studio/metrics"),
        ("", "/studio/metrics", "/studio", "/studio/metrics"),
        ("", "/studio", "/studio", "/studio"),
        ("", "/studios/metrics", "/studio", "/studio/studios/metrics"),
        ("/mounted", "/mounted/metrics", "", "/mounted/metrics"),
        ("/mounted", "/metrics", "", "/mounted/metrics"),
        ("/mounted/", "/mounted/metrics", "/studio", "/mounted/metrics"),
    ],
)
def test_under_a_prefix_a_path_begins_with_it(root_path: str, path: str, prefix: str, rooted_path: str) -> None:
    found = rooted({**scope(path=path), "root_path": root_path, "endpoint": None}, prefix)
    assert found["path"] == rooted_path
    assert found["root_path"] + path_within(found) == rooted_path
    assert "endpoint" not in found


def test_under_a_prefix_the_token_is_asked_for() -> None:
    for path in ("/api/v1/models", "/dissect/village/", "/metrics"):
        for asked in (path, f"/studio{path}"):
            with pytest.raises(TokenMissing):
                authorize(rooted(scope("GET", asked), "/studio"), SECRET)
