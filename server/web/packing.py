"""JSON answers that are long and seldom change: tagged, and compressed for those who take it."""

from __future__ import annotations

import gzip
import hashlib

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from server.web.images import matches
from server.web.services import Services

MIN_BYTES = 1024


async def packed_json(services: Services, request: Request, answer: BaseModel) -> Response:
    """The answer as JSON, gzip where that is welcome and worth it, or 304 where the caller has it already."""
    body = answer.model_dump_json().encode()
    packs = len(body) >= MIN_BYTES and "gzip" in request.headers.get("accept-encoding", "")
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}{"-gzip" if packs else ""}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    if packs:
        headers["Content-Encoding"] = "gzip"
        packed = services.images.get(etag)
        if packed is None:
            packed = await services.aside(gzip.compress, body, 6, mtime=0)
            services.images.put(etag, packed)
        body = packed
    return Response(body, headers=headers, media_type="application/json")
