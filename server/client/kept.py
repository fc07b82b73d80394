"""Pictures that the server keeps, with their history.

    kept = client.keep(picture)                     # kept.id opens it again: client.open(kept.id)
    kept = kept.put(kept.picture.draw("tree", rect=(0.1, 0.5, 0.4, 0.9)))
    kept = kept.undo()

A kept picture here is what the server last told of it; each change gives the next. Where somebody else has changed it
meanwhile, a change raises UnitbrushProblem with status 412, and nothing is lost: `reload` gives what it is now.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from server.client import calls
from server.client.answers import Resource
from server.client.errors import NoAnswer
from server.client.exchange import AsyncConnection, Connection
from server.client.pictures import AsyncPicture, Picture
from server.errors import PictureError
from server.painting.parsing import parse_picture
from server.painting.picture import Picture as Content


@dataclass(frozen=True)
class BaseKept:
    """What the server told of a kept picture, whichever client asked.

    id: whoever knows it may open the picture. revision: 1 when made, one more with every change. content: what its
    document said. name: what its owner calls it; empty until then. created, changed: when, and when last.
    """

    id: str
    revision: int
    content: Content
    can_undo: bool
    can_redo: bool
    name: str
    created: datetime
    changed: datetime


@dataclass(frozen=True)
class Kept(BaseKept):
    """A kept picture of a `Client`."""

    connection: Connection = field(repr=False, compare=False)

    @property
    def picture(self) -> Picture:
        """The picture as it was then."""
        return Picture(self.content, self.connection)

    def put(self, picture: Picture) -> Self:
        """Let another picture of the same scene take its place, in one step that can be undone. Raises ValueError where
        the model or the latent is another."""
        return self._next(calls.put(self.id, self.revision, self.content, picture.content))

    def undo(self) -> Self:
        """Go back one step."""
        return self._next(calls.step(self.id, self.revision, "undo"))

    def redo(self) -> Self:
        """Take back the last undo."""
        return self._next(calls.step(self.id, self.revision, "redo"))

    def reset(self) -> Self:
        """Drop every edit, in a step that can be undone."""
        return self._next(calls.step(self.id, self.revision, "reset"))

    def rename(self, name: str) -> Self:
        """Give it a name, or none."""
        return self._next(calls.rename(self.id, self.revision, name))

    def reload(self) -> Self:
        """What it is now."""
        return self._next(calls.kept(self.id))

    def delete(self) -> None:
        """Forget it and its history."""
        self.connection.send(calls.delete(self.id, self.revision))

    def _next(self, call: calls.Call[Resource]) -> Self:
        return type(self)(**members(self.connection.send(call)), connection=self.connection)


@dataclass(frozen=True)
class AsyncKept(BaseKept):
    """A kept picture of an `AsyncClient`: the methods of `Kept`, awaited."""

    connection: AsyncConnection = field(repr=False, compare=False)

    @property
    def picture(self) -> AsyncPicture:
        """As `Kept.picture`; nothing to await."""
        return AsyncPicture(self.content, self.connection)

    async def put(self, picture: AsyncPicture) -> Self:
        """As `Kept.put`."""
        return await self._next(calls.put(self.id, self.revision, self.content, picture.content))

    async def undo(self) -> Self:
        """As `Kept.undo`."""
        return await self._next(calls.step(self.id, self.revision, "undo"))

    async def redo(self) -> Self:
        """As `Kept.redo`."""
        return await self._next(calls.step(self.id, self.revision, "redo"))

    async def reset(self) -> Self:
        """As `Kept.reset`."""
        return await self._next(calls.step(self.id, self.revision, "reset"))

    async def rename(self, name: str) -> Self:
        """As `Kept.rename`."""
        return await self._next(calls.rename(self.id, self.revision, name))

    async def reload(self) -> Self:
        """As `Kept.reload`."""
        return await self._next(calls.kept(self.id))

    async def delete(self) -> None:
        """As `Kept.delete`."""
        await self.connection.send(calls.delete(self.id, self.revision))

    async def _next(self, call: calls.Call[Resource]) -> Self:
        return type(self)(**members(await self.connection.send(call)), connection=self.connection)


def members(resource: Resource) -> dict[str, Any]:
    """What a kept picture has of the server's answer. Raises NoAnswer where the document in it is no picture."""
    try:
        content = parse_picture(dict(resource.picture))
    except PictureError as error:
        raise NoAnswer(f"the server told of a picture that is none: {error}") from error
    shared = {f.name: getattr(resource, f.name) for f in fields(BaseKept) if f.name != "content"}
    return {**shared, "content": content}
