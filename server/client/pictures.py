"""Pictures that are painted by calls of methods, and drawn by the server when their image is asked for.

picture = client.picture("church", seed=104).draw("tree", rect=(0.1, 0.5, 0.4, 0.9)).remove("door")
picture.save("church.png")            # the PNG holds the document: client.load("church.png") paints on
picture.undo().image().show()
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import index
from pathlib import Path
from typing import Unpack

from PIL import Image

from server.client import answers, calls
from server.client.content import BasePicture
from server.client.documents import file_format, write_whole_bytes
from server.client.exchange import AsyncConnection, Connection
from server.client.jobs import OnProgress, finish, finish_async
from server.client.masks import Where
from server.client.proposals import Proposals
from server.client.removals import Removal
from server.client.styles import AnyImage, Style
from server.painting.imaging import Format


@dataclass(frozen=True)
class Picture(BasePicture):
    """A picture of a `Client`."""

    connection: Connection = field(repr=False, compare=False)

    def image(self, size: int | None = None) -> Image.Image:
        """The image. size: of its longer side in pixels, 8..1024; the model's own without it."""
        return self.connection.send(calls.image(self.content, size))

    def png(self, size: int | None = None) -> builtins.bytes:
        """The image as a PNG, which in the model's own size holds the document."""
        return self.bytes("png", size)

    def bytes(self, form: Format, size: int | None = None) -> builtins.bytes:
        """The image as a file: "png", "jpeg" or "webp"."""
        return self.connection.send(calls.render(self.content, form, size))

    def save(self, path: str | Path, size: int | None = None) -> None:
        """Write a .png, .jpg or .webp, or the document as .json. Raises ValueError for other names."""
        form = file_format(path)
        write_whole_bytes(path, self.json.encode() if form == "json" else self.bytes(form, size))

    def variations(self, seeds: Iterable[int], size: int | None = None) -> list[tuple[Picture, Image.Image]]:
        """The same edits over other scenes, each with its image, in one call. size: as of `image`."""
        seeds = [index(seed) for seed in seeds]
        images = self.connection.send(calls.variations(self.content, seeds, size))
        return [(self.over(seed), image) for seed, image in zip(seeds, images, strict=True)]

    def style(self, style: Style, *, strength: float = 1.0, size: int = 512) -> Image.Image:
        """The picture in a style: a name or number that the server knows, or an image, or an image's path or bytes."""
        return self.connection.send(calls.style(self.content, style, strength, size))

    def style_slowly(
        self, style: Style, *, strength: float = 1.0, steps: int = 120, on_progress: OnProgress | None = None
    ) -> Image.Image:
        """The same by optimisation, which takes minutes; `on_progress` is told how far the job is."""
        call = calls.slow_style(self.content, style, strength, steps)
        return finish(self.connection, call, calls.job_result, on_progress)

    def translate(self, to: str, *, style: int = 0, size: int | None = None) -> Image.Image:
        """The picture as one of another season, one of its model's `translations`. style: the number of a style. size:
        as of `image`."""
        return self.connection.send(calls.translate(self.content, to, style, size))

    def composite(self, own: AnyImage, size: int | None = None) -> Image.Image:
        """One's own picture with what was painted laid over it, its own pixels elsewhere. own: an image, or its path or
        bytes. size: as of `image`."""
        return self.connection.send(calls.composite(self.content, own, size))

    def compare(self, edit: int | None = None, *, on_progress: OnProgress | None = None) -> tuple[Removal, ...]:
        """What an edit removes, the last that removes without a place, removed by inpaintings too. The server needs the
        extra `compare`."""
        return finish(self.connection, calls.compare(self.content, edit), calls.compared, on_progress)

    def segment(self) -> answers.Segmentation:
        """What the segmenter sees: the concept of every pixel."""
        return self.connection.send(calls.segment(self.content))

    def proposals(self) -> Proposals:
        """Things in it, found without a segmenter: nested regions."""
        return self.connection.send(calls.proposals(self.content))

    def inspect(
        self,
        layer: str,
        *,
        point: Iterable[float] | None = None,
        limit: int = 12,
        featuremaps: bool = True,
        **where: Unpack[Where],
    ) -> answers.Inspection:
        """The units of a layer most active at a point, or where `server.client.masks.Where` says."""
        return self.connection.send(calls.inspect(self.content, layer, point, where, limit, featuremaps))

    def receptivity(self, concept: str) -> answers.Receptivity:
        """Where in the picture drawing a concept will take."""
        return self.connection.send(calls.receptivity(self.content, concept))


@dataclass(frozen=True)
class AsyncPicture(BasePicture):
    """A picture of an `AsyncClient`: the methods of `Picture`; those that need the server are awaited."""

    connection: AsyncConnection = field(repr=False, compare=False)

    async def image(self, size: int | None = None) -> Image.Image:
        """As `Picture.image`."""
        return await self.connection.send(calls.image(self.content, size))

    async def png(self, size: int | None = None) -> builtins.bytes:
        """As `Picture.png`."""
        return await self.bytes("png", size)

    async def bytes(self, form: Format, size: int | None = None) -> builtins.bytes:
        """As `Picture.bytes`."""
        return await self.connection.send(calls.render(self.content, form, size))

    async def save(self, path: str | Path, size: int | None = None) -> None:
        """As `Picture.save`."""
        form = file_format(path)
        write_whole_bytes(path, self.json.encode() if form == "json" else await self.bytes(form, size))

    async def variations(self, seeds: Iterable[int], size: int | None = None) -> list[tuple[AsyncPicture, Image.Image]]:
        """As `Picture.variations`."""
        seeds = [index(seed) for seed in seeds]
        images = await self.connection.send(calls.variations(self.content, seeds, size))
        return [(self.over(seed), image) for seed, image in zip(seeds, images, strict=True)]

    async def style(self, style: Style, *, strength: float = 1.0, size: int = 512) -> Image.Image:
        """As `Picture.style`."""
        return await self.connection.send(calls.style(self.content, style, strength, size))

    async def style_slowly(
        self, style: Style, *, strength: float = 1.0, steps: int = 120, on_progress: OnProgress | None = None
    ) -> Image.Image:
        """As `Picture.style_slowly`; a task that is cancelled cancels the job."""
        call = calls.slow_style(self.content, style, strength, steps)
        return await finish_async(self.connection, call, calls.job_result, on_progress)

    async def translate(self, to: str, *, style: int = 0, size: int | None = None) -> Image.Image:
        """As `Picture.translate`."""
        return await self.connection.send(calls.translate(self.content, to, style, size))

    async def composite(self, own: AnyImage, size: int | None = None) -> Image.Image:
        """As `Picture.composite`."""
        return await self.connection.send(calls.composite(self.content, own, size))

    async def compare(self, edit: int | None = None, *, on_progress: OnProgress | None = None) -> tuple[Removal, ...]:
        """As `Picture.compare`."""
        return await finish_async(self.connection, calls.compare(self.content, edit), calls.compared, on_progress)

    async def segment(self) -> answers.Segmentation:
        """As `Picture.segment`."""
        return await self.connection.send(calls.segment(self.content))

    async def proposals(self) -> Proposals:
        """As `Picture.proposals`."""
        return await self.connection.send(calls.proposals(self.content))

    async def inspect(
        self,
        layer: str,
        *,
        point: Iterable[float] | None = None,
        limit: int = 12,
        featuremaps: bool = True,
        **where: Unpack[Where],
    ) -> answers.Inspection:
        """As `Picture.inspect`."""
        return await self.connection.send(calls.inspect(self.content, layer, point, where, limit, featuremaps))

    async def receptivity(self, concept: str) -> answers.Receptivity:
        """As `Picture.receptivity`."""
        return await self.connection.send(calls.receptivity(self.content, concept))
