"""What stands in front of every call: host names, origins, the token, and the size of bodies.

A page of another site must not be able to use a server on somebody's own machine. Three checks see to that,
and each stands alone: the `Host` has to be an address, localhost or a configured name, so that a foreign name
that was made to point here (DNS rebinding) is refused; an unsafe call or a socket that names an `Origin` has
to name this server; and a configured token has to come along, as `Authorization: Bearer`, as the studio's
cookie, or, for sockets, as `?token=`.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from server.errors import BodyTooLarge, UnitbrushError
from server.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class UnknownHost(UnitbrushError):
    """The call names a host that is not this server."""

    status = 421
    slug = "unknown-host"
    title = "This server does not answer to that name"


class ForeignOrigin(UnitbrushError):
    """The call comes from a page of another site."""

    status = 403
    slug = "foreign-origin"
    title = "Pages of other sites may not call this server"


class TokenMissing(UnitbrushError):
    """The call does not carry the configured token."""

    status = 401
    slug = "token-missing"
    title = "This server wants its token"


def host_allowed(host: str, settings: Settings) -> bool:
    """Whether a `Host` header names this server. Addresses cannot be rebound, so every address does."""
    name = _split_host(host)[0]
    if name is None:
        return False
    if "*" in settings.allowed_hosts or name in (settings.host.lower(), "localhost"):
        return True
    if name.endswith(".localhost") or name in (allowed.lower() for allowed in settings.allowed_hosts):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def origin_allowed(origin: str, host: str, settings: Settings) -> bool:
    """Whether an `Origin` header names this server (by the `Host` header) or a configured origin.

    The scheme is not compared: behind a proxy that ends TLS the server does not know its own.
    """
    if origin.lower() in (allowed.lower() for allowed in settings.allowed_origins):
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https"):
        return False
    name, port = _split_host(parts.netloc)
    own_name, own_port = _split_host(host)
    default = DEFAULT_PORTS[parts.scheme]
    return name is not None and (name, port or default) == (own_name, own_port or default)


def _split_host(host: str) -> tuple[str | None, int | None]:
    """`name:port` as (name in lower case without brackets, port or None); (None, None) for no host."""
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port
    except ValueError:
        return None, None
    if not parts.hostname or parts.username is not None or parts.path:
        return None, None
    return parts.hostname, port


def cookie_name(settings: Settings) -> str:
    """The studio's cookie; named by the port, as browsers share cookies between the ports of a host."""
    return f"unitbrush-{settings.port}"


def cookie_value(token: str) -> str:
    """What the cookie holds: proof of the token, not the token."""
    return hmac.new(token.encode(), b"unitbrush studio", hashlib.sha256).hexdigest()


def token_valid(scope: Scope, settings: Settings) -> bool:
    """Whether the call carries the configured token, or none is configured. Compared in constant time."""
    if settings.token is None:
        return True
    token = settings.token.get_secret_value()
    headers = Headers(scope=scope)
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _same(given.strip(), token)
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(cookie_name(settings))
    except CookieError:
        cookie = None
    if cookie is not None and _same(cookie.value, cookie_value(token)):
        return True
    return scope["type"] == "websocket" and _same(query_token(scope), token)


def query_token(scope: Scope) -> str:
    """The `?token=` of a call, empty where it has none."""
    found: list[str] = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])
    return found[-1]


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def check(scope: Scope, settings: Settings) -> None:
    """Raise UnknownHost, ForeignOrigin or TokenMissing where a call or socket must not go on."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if not host_allowed(host, settings):
        raise UnknownHost(f"this server does not answer to the host {host!r}; UNITBRUSH_ALLOWED_HOSTS can name it")
    if scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS:
        origin = headers.get("origin")
        if origin is not None and not origin_allowed(origin, host, settings):
            raise ForeignOrigin(f"the page is from {origin!r}; UNITBRUSH_ALLOWED_ORIGINS can name it")
        if origin is None and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            raise ForeignOrigin("the page is from another site")
    guarded = scope["path"].startswith(("/api/", "/dissect/")) or scope["path"] == "/metrics"
    preflight = scope["type"] == "http" and scope["method"] == "OPTIONS"
    if guarded and not preflight and not token_valid(scope, settings):
        raise TokenMissing("send the token as `Authorization: Bearer <token>`")


class BodyLimit:
    """Receives for a request, and refuses a body of more than `limit` bytes, declared or not.

    The rest of such a body is read and thrown away up to `DRAIN` bytes, since a client that is still sending
    would take a closed connection for a failure. Calling it raises BodyTooLarge.
    """

    DRAIN = 64 * 1024 * 1024

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0

    async def check_declared(self, headers: Headers) -> None:
        """Raise BodyTooLarge at once where the `Content-Length` is over the limit."""
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self._limit:
            # A client that waits for `100 Continue` has not begun to send, and is told before it does.
            if headers.get("expect", "").lower() != "100-continue":
                await self._drain(more=True)
            raise BodyTooLarge(f"a body has at most {self._limit} bytes")

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            if self._seen > self._limit:
                await self._drain(message.get("more_body", False))
                raise BodyTooLarge(f"a body has at most {self._limit} bytes")
        return message

    async def _drain(self, more: bool) -> None:
        while more and self._seen < self.DRAIN:
            message = await self._receive()
            if message["type"] != "http.request":
                return
            self._seen += len(message.get("body", b""))
            more = message.get("more_body", False)


def guarded_send(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    """A send that adds `headers` to the response unless the response sets them itself."""

    async def wrapped(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            present = {name.lower() for name, _ in message.get("headers", [])}
            added = [pair for pair in headers if pair[0] not in present]
            message = {**message, "headers": [*message.get("headers", []), *added]}
        await send(message)

    return wrapped
