"""Every error as a problem document (RFC 9457): `type`, `title`, `status`, `detail`, and `pointer` where
there is one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.errors import UnitbrushError
from server.web.engine import QueueFull
from server.web.security import TokenMissing

MEDIA_TYPE = "application/problem+json"


class NotFound(UnitbrushError, status=404, slug="not-found", title="There is nothing here"):
    """No call, file or part of a resource is there."""


class MethodNotAllowed(UnitbrushError, status=405, slug="method-not-allowed", title="That method is not possible here"):
    """The address exists and takes other methods."""


class PictureFull(UnitbrushError, status=409, slug="picture-full", title="The picture takes no more edits"):
    """The picture holds as much as one document may."""


class UnsupportedMedia(UnitbrushError, status=415, slug="not-json", title="The body has to be JSON"):
    """The body is declared to be something else than JSON."""


class InvalidParameter(UnitbrushError, status=422, slug="invalid-parameter", title="A parameter is not valid"):
    """A parameter in the path or the query is not valid."""


def problem_response(members: Mapping[str, object], status: int, headers: Mapping[str, str] | None = None) -> Response:
    """The document as a response, never cached."""
    body = json.dumps(members, ensure_ascii=False).encode()
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, MEDIA_TYPE)


def error_response(error: UnitbrushError) -> Response:
    """The response that tells a caller of that error."""
    headers: dict[str, str] = {}
    if isinstance(error, QueueFull):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, TokenMissing):
        headers["WWW-Authenticate"] = 'Bearer realm="unitbrush"'
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = "GET, HEAD"
    return problem_response(error.problem(), error.status, headers)


def add_handlers(app: FastAPI) -> None:
    """Answer every exception of the app with a problem document."""
    app.add_exception_handler(UnitbrushError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(Exception, _unexpected)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, UnitbrushError)
    return error_response(error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    detail, headers = error.detail, dict(error.headers or {})
    if status == HTTPStatus.NOT_FOUND:
        return error_response(NotFound(f"there is nothing at {request.url.path}; /docs lists every call"))
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not possible at {request.url.path}; see the Allow header"
        allowed = {method.strip() for method in headers.get("Allow", "").split(",")}
        # The middleware answers HEAD wherever GET is answered.
        headers["Allow"] = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
    members = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    return problem_response(members, int(status), headers)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where, *names = first["loc"]
    return error_response(InvalidParameter(f"{where} parameter {'.'.join(map(str, names))}: {first['msg']}"))


async def _unexpected(request: Request, error: Exception) -> Response:
    # The server's log has the trace; a caller gets none of it.
    return error_response(UnitbrushError("the server's log says more"))
