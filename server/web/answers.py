"""Answers with a tag of their bytes: compressed for those who take that, 304 for those who have them already."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from server.web.services import Services

MIN_BYTES = 512  # below it compressing gains nothing


@dataclass(frozen=True)
class Content:
    """Bytes to send. compressed: the same by gzip, None where that gains nothing. digest: of the bytes, in hex.

    policy: the content security policy that goes with them, None for the usual one.
    """

    plain: bytes
    compressed: bytes | None
    digest: str
    media_type: str
    policy: str | None = None

    def response(self, request: Request) -> Response:
        """The bytes as the caller takes them, to be asked for again each time."""
        compressed = self.compressed if "gzip" in request.headers.get("accept-encoding", "") else None
        tag = f'"{self.digest}"' if compressed is None else f'"{self.digest}-gzip"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if self.policy is not None:
            headers["Content-Security-Policy"] = self.policy
        if self.compressed is not None:
            headers["Vary"] = "Accept-Encoding"
        if (unchanged := not_modified(request, headers)) is not None:
            return unchanged
        if compressed is not None:
            headers["Content-Encoding"] = "gzip"
        return Response(compressed or self.plain, headers=headers, media_type=self.media_type)


def compress(plain: bytes) -> bytes | None:
    """The same bytes each time; None where they are so few that it gains nothing."""
    return gzip.compress(plain, 9, mtime=0) if len(plain) >= MIN_BYTES else None


def hex_digest(plain: bytes) -> str:
    """A hash of the bytes, 32 digits."""
    return hashlib.sha256(plain).hexdigest()[:32]


async def json_response(services: Services, request: Request, answer: BaseModel) -> Response:
    """An answer that is long and seldom changes, as JSON."""
    plain = answer.model_dump_json().encode()
    key = ("gzip", hex_digest(plain))
    compressed = services.cache.get(key)
    if compressed is None and (compressed := await services.in_thread(compress, plain)) is not None:
        services.cache.put(key, compressed)
    return Content(plain, compressed, key[1], "application/json").response(request)


def not_modified(request: Request, headers: Mapping[str, str]) -> Response | None:
    """304 with these headers where a `GET` names their ETag; else None."""
    if request.method == "GET" and matches(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return None


def matches(header: str, etag: str) -> bool:
    """Whether an `If-None-Match` header names the tag."""
    tags = {part.strip().removeprefix("W/") for part in header.split(",")}
    return etag in tags or "*" in tags
