"""The one middleware: authorization, headers, the limit of bodies and the counting, around every call and socket."""

import logging
import time
from typing import Any, NoReturn

from starlette.datastructures import Headers
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import UnitbrushError
from server.settings import Settings
from server.web.engine import Busy
from server.web.problems import error_response
from server.web.security import authorize, path_within, rooted
from server.web.services import MAX_BODIES, Services

log = logging.getLogger(__name__)

SECURITY_HEADERS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
DRAINED_BYTES = 64 * 1024 * 1024


class Front:
    """Wraps the app."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._bodies = 0  # bytes of those that calls have sent and that are not answered yet
        # Configured origins are let in by name; the resource policy would shut them out again.
        self._headers = SECURITY_HEADERS[:-1] if settings.allowed_origins else SECURITY_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope = rooted(scope, self._settings.root_path)
        begin, status, started = time.perf_counter(), 500, False
        # What can be got has a head too: the answer to GET without its body.
        head = scope["type"] == "http" and scope["method"] == "HEAD"
        inner = {**scope, "method": "GET"} if head else scope

        async def send_on(message: Message) -> None:
            """Add the headers that the response does not set itself."""
            nonlocal status, started
            started = True
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                present = {name.lower() for name, _ in message.get("headers", ())}
                added = [pair for pair in self._headers if pair[0] not in present]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send({**message, "body": b""} if head and "body" in message else message)

        try:
            await self._call(inner, receive, send_on)
        except Exception:
            if started or scope["type"] != "http":
                raise
            # The log has the trace; a caller gets none of it.
            log.exception("%s %s failed", scope["method"], path_within(scope))
            error = UnitbrushError("the server's log says more")
            await error_response(error, self._settings)(inner, receive, send_on)
        finally:
            if scope["type"] == "http":
                services: Services = scope["app"].state.services
                method = scope["method"] if scope["method"] in METHODS else "other"
                services.metrics.requests.labels(method, pattern(inner), status).inc()
                services.metrics.request_seconds.observe(time.perf_counter() - begin)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            authorize(scope, self._settings)
            if scope["type"] == "http":
                receive = await limited(receive, Headers(scope=scope), self._settings.max_body_bytes)
        except UnitbrushError as error:
            if scope["type"] == "websocket":
                await receive()
            await error_response(error, self._settings)(scope, receive, send)
            return
        size = 0

        async def receive_counted() -> Message:
            nonlocal size
            message = await receive()
            added = len(message.get("body", b""))
            size += added
            self._bodies += added
            if self._bodies > MAX_BODIES * self._settings.max_body_bytes:
                raise Busy("the bodies of other calls take all the memory there is for them; try again a little later")
            return message

        try:
            await self._app(scope, receive_counted if scope["type"] == "http" else receive, send)
        finally:
            self._bodies -= size


class BodyTooLarge(UnitbrushError, status=413, slug="body-too-large", title="The body is too large"):
    """The request's body is over the limit."""


async def limited(receive: Receive, headers: Headers, limit: int) -> Receive:
    """A receive for a request that refuses a body of more than `limit` bytes, declared or not. Raises BodyTooLarge."""
    received = 0

    async def receive_limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            await _refuse(receive, limit, message.get("more_body", False))
        return message

    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        # A client that waits for `100 Continue` has not begun to send, and is told before it does.
        await _refuse(receive, limit, headers.get("expect", "").lower() != "100-continue")
    return receive_limited


async def _refuse(receive: Receive, limit: int, more: bool) -> NoReturn:
    """Raise BodyTooLarge, once the rest of the body is read and thrown away up to `DRAINED_BYTES`, since a client that
    is still sending would take a closed connection for a failure."""
    drained = 0
    while more and drained < DRAINED_BYTES:
        message = await receive()
        drained += len(message.get("body", b""))
        more = message.get("more_body", False)
    raise BodyTooLarge(f"a body has at most {limit} bytes")


def pattern(scope: Scope) -> str:
    """The template of the routed path, `other` where no route took it: as many as there are routes, whatever people
    ask for."""
    # FastAPI names its own routes in the scope; those that are no calls of the API stand in the app itself.
    others = {getattr(route, "endpoint", None): route for route in scope["app"].routes}
    route: Any = scope.get("route") or others.get(scope.get("endpoint", scope["app"]))
    template: str | None = getattr(route, "path_format", None)
    if template is None or isinstance(route, Mount):  # what this app is mounted by is no call of it
        return "other"
    if ":path}" in route.path:
        return template
    # An included router's routes do not know the prefix that it was included under.
    return "/".join(path_within(scope).split("/")[: -template.count("/")]) + template
