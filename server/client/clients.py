"""`Client` and `AsyncClient`: a server, what it has installed, and pictures on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from server.client import answers, calls
from server.client.content import new_content
from server.client.documents import Source, read_source
from server.client.errors import as_problems
from server.client.exchange import AsyncTransport, Transport, connect, connect_async
from server.client.jobs import OnProgress, finish, finish_async
from server.client.kept import AsyncKept, Kept, members
from server.client.pictures import AsyncPicture, Picture
from server.client.styles import AnyImage

TIMEOUT = 60.0
PATIENCE = 60.0
STEPS = 200  # of descent, in `invert`


class Client:
    """A Unitbrush server.

        with Client("http://127.0.0.1:8000") as client:
            client.picture("village", seed=42).draw("tree", rect=(0.1, 0.5, 0.4, 0.9)).save("picture.png")

    url: the studio's address. token: the server's, where it has one. timeout: seconds that one answer may take.
    patience: seconds in all that a call waits for a busy server, as that says in Retry-After; 0 is not at all.
    transport: in the place of the network. Raises ValueError for a url that is none; every method that asks the server
    raises UnitbrushProblem and NoAnswer.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout: float = TIMEOUT,
        patience: float = PATIENCE,
        transport: Transport | None = None,
    ) -> None:
        self.connection = connect(url, token, timeout, patience, transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; `with` does it too."""
        self.connection.http.close()

    def picture(
        self,
        model: str,
        seed: int | None = None,
        *,
        z: Iterable[float] | None = None,
        w: Iterable[float] | Iterable[Iterable[float]] | None = None,
        base: Mapping[str, str] | None = None,
        directions: Mapping[str, float] | None = None,
        clean: bool = False,
    ) -> Picture:
        """A scene of a model, by a seed, a latent z, a w or a base, with nothing painted on it; asks nobody. Raises
        UnitbrushProblem."""
        return Picture(new_content(model, seed, z, w, base, directions, clean), self.connection)

    def load(self, source: Source, model: str | None = None) -> Picture:
        """The picture in a document, JSON, a share link, a PNG painted here (its bytes or its path), or a file of JSON;
        asks nobody. model: stands where the document names none. Raises UnitbrushProblem and OSError."""
        with as_problems():
            return Picture(read_source(source, model), self.connection)

    def invert(
        self, own: AnyImage, model: str, *, steps: int = STEPS, on_progress: OnProgress | None = None
    ) -> tuple[Picture, answers.Inverted]:
        """A picture of one's own as one to paint on, and what the model cannot express of it; takes a minute.

        own: an image, or its path or bytes; its middle counts. on_progress: told how far the job is.
        """
        answer = finish(self.connection, calls.invert(own, model, steps), calls.inverted, on_progress)
        return self.load(answer.picture), answer

    def train_encoder(
        self, model: str, *, images: int | None = None, on_progress: OnProgress | None = None
    ) -> answers.Trained:
        """Train what has `invert` begin nearer, for an hour and more, where the server lets callers.

        images: samples that it sees; the server's own number without. on_progress: told how far the job is.
        """
        return finish(self.connection, calls.train_encoder(model, images), calls.trained, on_progress)

    def keep(self, picture: Picture) -> Kept:
        """Let the server keep a picture, with undo and redo, across restarts."""
        return Kept(**members(self.connection.send(calls.keep(picture.content))), connection=self.connection)

    def open(self, id: str) -> Kept:
        """A picture that the server keeps."""
        return Kept(**members(self.connection.send(calls.kept(id))), connection=self.connection)

    def models(self) -> tuple[answers.Model, ...]:
        """Every installed model, the default first."""
        return self.connection.send(calls.models())

    def concepts(self, model: str) -> tuple[answers.Concept, ...]:
        """What a model can paint, what paints best first, each with its ranked units."""
        return self.connection.send(calls.concepts(model))

    def directions(self, model: str) -> tuple[answers.Direction, ...]:
        """What a model's scenes can be moved along, and how far."""
        return self.connection.send(calls.directions(model))

    def w(self, model: str, seed: int) -> tuple[float, ...]:
        """The w of a seed, which `picture` takes in its place; only models with a `w_shape` have any."""
        return self.connection.send(calls.w(model, seed))

    def context(self, model: str) -> answers.Context:
        """What each concept of a model can be drawn on."""
        return self.connection.send(calls.context(model))

    def styles(self) -> answers.Styles:
        """The styles that a picture can be painted in by name, and what the server lacks for that, if anything."""
        return self.connection.send(calls.styles())

    def units(
        self,
        model: str,
        layer: str,
        *,
        concept: str | None = None,
        min_iou: float = 0.0,
        offset: int = 0,
        limit: int = 50,
    ) -> answers.Units:
        """A layer's units and the concepts they agree with; those that match a concept best first, where it is
        named."""
        return self.connection.send(calls.units(model, layer, concept, min_iou, offset, limit))


class AsyncClient:
    """A Unitbrush server: `Client` with answers that are awaited.

    async with AsyncClient("http://127.0.0.1:8000") as client:
        image = await client.picture("village", seed=42).draw("tree", rect=(0.1, 0.5, 0.4, 0.9)).image()
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout: float = TIMEOUT,
        patience: float = PATIENCE,
        transport: AsyncTransport | None = None,
    ) -> None:
        self.connection = connect_async(url, token, timeout, patience, transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; `async with` does it too."""
        await self.connection.http.aclose()

    def picture(
        self,
        model: str,
        seed: int | None = None,
        *,
        z: Iterable[float] | None = None,
        w: Iterable[float] | Iterable[Iterable[float]] | None = None,
        base: Mapping[str, str] | None = None,
        directions: Mapping[str, float] | None = None,
        clean: bool = False,
    ) -> AsyncPicture:
        """As `Client.picture`; nothing to await."""
        return AsyncPicture(new_content(model, seed, z, w, base, directions, clean), self.connection)

    def load(self, source: Source, model: str | None = None) -> AsyncPicture:
        """As `Client.load`; nothing to await."""
        with as_problems():
            return AsyncPicture(read_source(source, model), self.connection)

    async def invert(
        self, own: AnyImage, model: str, *, steps: int = STEPS, on_progress: OnProgress | None = None
    ) -> tuple[AsyncPicture, answers.Inverted]:
        """As `Client.invert`."""
        answer = await finish_async(self.connection, calls.invert(own, model, steps), calls.inverted, on_progress)
        return self.load(answer.picture), answer

    async def train_encoder(
        self, model: str, *, images: int | None = None, on_progress: OnProgress | None = None
    ) -> answers.Trained:
        """As `Client.train_encoder`."""
        return await finish_async(self.connection, calls.train_encoder(model, images), calls.trained, on_progress)

    async def keep(self, picture: AsyncPicture) -> AsyncKept:
        """As `Client.keep`."""
        return AsyncKept(**members(await self.connection.send(calls.keep(picture.content))), connection=self.connection)

    async def open(self, id: str) -> AsyncKept:
        """As `Client.open`."""
        return AsyncKept(**members(await self.connection.send(calls.kept(id))), connection=self.connection)

    async def models(self) -> tuple[answers.Model, ...]:
        """As `Client.models`."""
        return await self.connection.send(calls.models())

    async def concepts(self, model: str) -> tuple[answers.Concept, ...]:
        """As `Client.concepts`."""
        return await self.connection.send(calls.concepts(model))

    async def directions(self, model: str) -> tuple[answers.Direction, ...]:
        """As `Client.directions`."""
        return await self.connection.send(calls.directions(model))

    async def w(self, model: str, seed: int) -> tuple[float, ...]:
        """As `Client.w`."""
        return await self.connection.send(calls.w(model, seed))

    async def context(self, model: str) -> answers.Context:
        """As `Client.context`."""
        return await self.connection.send(calls.context(model))

    async def styles(self) -> answers.Styles:
        """As `Client.styles`."""
        return await self.connection.send(calls.styles())

    async def units(
        self,
        model: str,
        layer: str,
        *,
        concept: str | None = None,
        min_iou: float = 0.0,
        offset: int = 0,
        limit: int = 50,
    ) -> answers.Units:
        """As `Client.units`."""
        return await self.connection.send(calls.units(model, layer, concept, min_iou, offset, limit))
