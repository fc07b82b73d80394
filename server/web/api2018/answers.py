"""What answers of the 2018 API have in common: the envelope, and where they say that images are."""

from typing import Any
from urllib.parse import urlsplit

import pydantic_core
from starlette.requests import Request
from starlette.responses import Response

from server.web.services import Services


def address(request: Request, path: str) -> str:
    """Where the caller has to ask for a path below this server's prefix.

    That server's pages put the address they were given for it before whatever begins with a slash, and take everything
    else as it is. So a page of this server gets the path; one from elsewhere, whose own images may not begin so, and
    whoever comes through a prefix, gets a whole address.
    """
    origin = request.headers.get("origin")
    elsewhere = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if elsewhere or request.scope["root_path"]:
        return f"{str(request.base_url).rstrip('/')}{path}"
    return path


async def envelope(services: Services, document: dict[str, Any], res: object) -> Response:
    """The answer to a body: document, what its JSON means, is repeated. Written in a thread, as either may be long."""

    def written() -> bytes:
        return pydantic_core.to_json({"request": document, "res": res}, inf_nan_mode="null")

    return Response(await services.in_thread(written), media_type="application/json")
