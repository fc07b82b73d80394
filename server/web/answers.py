"""Answers with a tag of their bytes: compressed for those who take that, 304 for those who have them already."""

import gzip
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from server.web.services import Services

# A list of entity tags, RFC 9110: opaque ones, weak ones with W/ in front. A comma may stand in one.
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"[ \t,]*{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*")

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
        compressed = self.compressed if takes_gzip(header_of(request, "accept-encoding") or "") else None
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


def of_bytes(plain: bytes, media_type: str, policy: str | None = None) -> Content:
    """That content. policy: the content security policy that goes with it, None for the usual one."""
    return Content(plain, compress(plain), hex_digest(plain), media_type, policy)


def takes_gzip(header: str) -> bool:
    """Whether an `Accept-Encoding` header names gzip, or everything, and not with a quality of 0."""
    qualities = dict(map(_quality, header.lower().split(",")))
    named = [qualities[name] for name in ("gzip", "x-gzip", "*") if name in qualities]
    return bool(named) and named[0] > 0


def _quality(part: str) -> tuple[str, float]:
    name, _, parameter = part.partition(";")
    quality = re.fullmatch(r"\s*q\s*=\s*([01](?:\.[0-9]*)?)\s*", parameter)
    return name.strip(), float(quality[1]) if quality else 1.0


def compress(plain: bytes) -> bytes | None:
    """The same bytes each time; None where they are so few that it gains nothing."""
    return gzip.compress(plain, 9, mtime=0) if len(plain) >= MIN_BYTES else None


def hex_digest(plain: bytes) -> str:
    """A hash of the bytes, 32 digits."""
    return hashlib.sha256(plain).hexdigest()[:32]


async def json_response(services: Services, request: Request, make: Callable[[], BaseModel]) -> Response:
    """An answer that is long and seldom changes, as JSON; made, written, hashed and compressed in a thread."""
    return (await services.in_thread(_content, services, make)).response(request)


def _content(services: Services, make: Callable[[], BaseModel]) -> Content:
    plain = make().model_dump_json().encode()
    key = ("gzip", hex_digest(plain))
    compressed = services.cache.get(key)
    if compressed is None and (compressed := compress(plain)) is not None:
        services.cache.put(key, compressed)
    return Content(plain, compressed, key[1], "application/json")


def not_modified(request: Request, headers: Mapping[str, str]) -> Response | None:
    """304 with these headers where a `GET` names their ETag; else None."""
    if request.method == "GET" and matches(header_of(request, "if-none-match") or "", headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return None


def matches(header: str, etag: str) -> bool:
    """Whether an `If-None-Match` header names the tag: weak ones are as good as strong ones."""
    return header.strip() == "*" or etag in {tag.removeprefix("W/") for tag in entity_tags(header) or ()}


def entity_tags(header: str) -> list[str] | None:
    """The tags in an `If-Match` or `If-None-Match` header, with quotes and `W/`; None where it is no list of tags."""
    return re.findall(_TAG, header) if _TAGS.fullmatch(header) else None


def header_of(request: Request, name: str) -> str | None:
    """A header that is a list, its lines joined; None where the request has none."""
    return ", ".join(request.headers.getlist(name)) if name in request.headers else None
