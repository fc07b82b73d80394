"""What routes ask for: the services, a JSON body and documents in it, and work that ends when the client is gone."""

import asyncio
import base64
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Path, Request
from pydantic import TypeAdapter
from starlette.requests import ClientDisconnect, HTTPConnection

from server.errors import PictureError, UnitbrushError
from server.model.catalog import Model
from server.painting.edits import resolve
from server.painting.parsing import validate
from server.painting.picture import Picture
from server.web.problems import UnsupportedMedia
from server.web.services import Services

T = TypeVar("T")
Document = TypeVar("Document", bytes, str)

_object: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])

# Below this, reading a document takes less time than handing it to a thread.
INLINE_BYTES = 32 * 1024


class ClientGone(UnitbrushError, status=499, slug="client-gone", title="The client closed the connection"):
    """The client closed the connection before the answer was ready; nobody reads this."""


def get_services(connection: HTTPConnection) -> Services:
    """The running app's services."""
    return cast(Services, connection.app.state.services)


UsesServices = Annotated[Services, Depends(get_services)]
ModelName = Annotated[str, Path(max_length=64, description="the model's name", examples=["village"])]


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


async def read_document(services: Services, read: Callable[[Document, str], T], document: Document) -> T:
    """What `read` makes of a document and the default model's name, in a thread where the document is long."""
    if len(document) < INLINE_BYTES:
        return read(document, services.catalog.default)
    return await services.in_thread(read, document, services.catalog.default)


def decode_object(document: bytes | str) -> dict[str, Any]:
    """The JSON object that a document is. Raises MalformedJSON, and PictureError for other JSON."""
    return validate(_object, document)


async def model_of(services: Services, picture: Picture) -> Model:
    """The model of a picture that is a member of a body.

    Raises PictureError where the model cannot draw the picture, UnknownModel, and what loading the model raises.
    """
    model = await services.in_thread(services.catalog.get, picture.model)
    with inside("/picture"):
        await services.in_thread(resolve, picture, model)
    return model


def file_in(text: str, pointer: str) -> bytes:
    """The file that a member of a body is, in base64 or as a data: URL. Raises PictureError, with that pointer."""
    try:
        return base64.b64decode(text.rpartition(",")[2], validate=True)
    except ValueError as error:  # binascii.Error, or, of letters that are none of ASCII's, this itself
        raise PictureError("the image is not base64, nor a data: URL of it", pointer) from error


@contextmanager
def inside(member: str) -> Iterator[None]:
    """Errors about a member of the body, a pointer such as `/picture`, point there, or to the place in it."""
    try:
        yield
    except PictureError as error:
        raise type(error)(error.detail, f"{member}{error.pointer or ''}") from error


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
