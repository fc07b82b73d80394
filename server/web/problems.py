"""Every error as a problem document (RFC 9457): `type`, `title`, `status`, `detail`, and `pointer` where
there is one.
"""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from server.errors import UnitbrushError
from server.settings import Settings
from server.web.engine import Busy
from server.web.security import TokenMissing

MEDIA_TYPE = "application/problem+json"

_FOLDERS = re.compile(r"""(?<![\w.:/])(?:[A-Za-z]:)?[/\\](?:[^\s/\\:;,'"()]+[/\\])+""")  # of an absolute path


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


def problem_response(members: Mapping[str, str | int], headers: Mapping[str, str]) -> Response:
    """The document as a response, never cached."""
    # JSON's way to write a lone surrogate, which UTF-8 has none for.
    body = json.dumps(members, ensure_ascii=False).encode(errors="backslashreplace")
    return Response(body, int(members["status"]), {"Cache-Control": "no-store", **headers}, MEDIA_TYPE)


def members_of(error: UnitbrushError, settings: Settings) -> dict[str, str | int]:
    """The members of an error's problem document, with names of files and folders for their paths, which the log and
    the command line tell."""
    detail = error.detail
    for folder in (settings.models_dir, settings.results_dir, settings.frontend_dir, settings.data_dir):
        for path in (folder.absolute(), folder.resolve()):
            if path.name:
                parts = re.split(rf"{re.escape(str(path))}(?![\w.-])", detail)
                detail = path.name.join(parts)
    if error.status >= 500:  # what went wrong here, in which no caller's words stand
        detail = _FOLDERS.sub("", detail)
    return {**error.problem(), "detail": detail}


def error_response(error: UnitbrushError, settings: Settings) -> Response:
    """The response that tells a caller of that error."""
    headers: dict[str, str] = {}
    if isinstance(error, Busy):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, TokenMissing):
        headers["WWW-Authenticate"] = 'Bearer realm="unitbrush"'
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = "GET, HEAD"
    return problem_response(members_of(error, settings), headers)


def add_handlers(app: FastAPI) -> None:
    """Answer every exception of the app with a problem document."""
    app.add_exception_handler(UnitbrushError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, UnitbrushError)
    return error_response(error, _settings(request))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    detail, headers = error.detail, dict(error.headers or {})
    if status == HTTPStatus.NOT_FOUND:
        error = NotFound(f"there is nothing at {request.url.path}; /docs lists every call")
        return error_response(error, _settings(request))
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not possible at {request.url.path}; see the Allow header"
        headers["Allow"] = ", ".join(sorted(_allowed(request)))
    members: dict[str, str | int] = {"type": "about:blank", "title": status.phrase, "status": status.value}
    return problem_response({**members, "detail": detail}, headers)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where, *names = first["loc"]
    invalid = InvalidParameter(f"{where} parameter {'.'.join(map(str, names))}: {first['msg']}")
    return error_response(invalid, _settings(request))


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.services.settings
    return settings


def _allowed(request: Request) -> set[str]:
    """The methods that some call takes at the path; the middleware answers HEAD wherever GET is answered."""
    scope = dict(request.scope)
    allowed = {
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(route.matches({**scope, "method": method})[0] == Match.FULL for route in request.app.routes)
    }
    return allowed | ({"HEAD"} if "GET" in allowed else set())
