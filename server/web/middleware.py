"""The one middleware: checks, headers, the body limit and the counting, around every call and socket."""

from __future__ import annotations

import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import UnitbrushError
from server.settings import Settings
from server.web.problems import error_response
from server.web.security import BodyLimit, check, guarded_send
from server.web.services import Services

SECURITY_HEADERS = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Front:
    """Wraps the app."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        # Configured origins are let in by name; the resource policy would shut them out again.
        own = SECURITY_HEADERS if not settings.allowed_origins else SECURITY_HEADERS[:-1]
        self._headers = list(own)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        begin, status = time.perf_counter(), 0
        # What can be got has a head too: the answer to GET without its body.
        head = scope["type"] == "http" and scope["method"] == "HEAD"
        inner = {**scope, "method": "GET"} if head else scope

        async def counted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send({**message, "body": b""} if head and "body" in message else message)

        guarded = guarded_send(counted, self._headers)
        try:
            await self._guard(inner, receive, guarded)
        finally:
            if scope["type"] == "http":
                services: Services = scope["app"].state.services
                seconds = time.perf_counter() - begin
                services.metrics.request(scope["method"], pattern(inner), status or 500, seconds)

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check(scope, self._settings)
            if scope["type"] == "http":
                limit = BodyLimit(receive, self._settings.max_body_bytes)
                await limit.check_declared(Headers(scope=scope))
                receive = limit
        except UnitbrushError as error:
            if scope["type"] == "websocket":
                await receive()
            await error_response(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def pattern(scope: Scope) -> str:
    """The routed path with its parameters' names for their values, `other` where no route took it: as many
    patterns as there are routes, whatever people ask for."""
    if "endpoint" not in scope:
        return "other"
    names = {str(value): f"{{{name}}}" for name, value in scope.get("path_params", {}).items()}
    return "/".join(names.get(part, part) for part in scope["path"].split("/"))
