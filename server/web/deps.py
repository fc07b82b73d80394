"""What routes ask for: the services, a JSON body, and patience that ends when the client is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar, cast

import pydantic_core
from fastapi import Depends, Request
from starlette.requests import ClientDisconnect, HTTPConnection

from server.errors import MalformedJSON, PictureError, UnitbrushError
from server.web.problems import UnsupportedMedia
from server.web.services import Services

T = TypeVar("T")

# Below this, reading a document takes less time than handing it to a thread.
INLINE_BYTES = 32 * 1024


class ClientGone(UnitbrushError):
    """The client closed the connection before the answer was ready; nobody reads this."""

    status = 499
    slug = "client-gone"
    title = "The client closed the connection"


def get_services(connection: HTTPConnection) -> Services:
    """The running app's services."""
    return cast(Services, connection.app.state.services)


UsesServices = Annotated[Services, Depends(get_services)]


async def json_body(request: Request) -> bytes:
    """The request's body. Raises UnsupportedMedia where it is declared to be something else than JSON, and
    ClientGone."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMedia(f"the body is declared as {kind!r}; send it with `Content-Type: application/json`")
    try:
        return await request.body()
    except ClientDisconnect as error:
        raise ClientGone("the client closed the connection") from error


JsonBody = Annotated[bytes, Depends(json_body)]


def decode_object(body: bytes) -> dict[str, Any]:
    """The JSON object in the body. Raises MalformedJSON, and PictureError for other JSON."""
    try:
        document = pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedJSON(f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise PictureError("the body is not an object", "")
    return document


@contextmanager
def inside(member: str) -> Iterator[None]:
    """Where a picture document is a member of the body, its errors point into the body."""
    try:
        yield
    except PictureError as error:
        pointer = None if error.pointer is None else f"{member}{error.pointer}"
        raise type(error)(error.detail, pointer) from error


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled as soon as the client is gone. Raises ClientGone then.

    The body has to be read before, as what the client sends next can only be the end.
    """
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGone("the client closed the connection")
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
