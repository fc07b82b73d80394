"""`/live`: the socket that follows a brush.

Up: text, `{"seq": n, "picture": {...}}`, and `"final": true` for full precision (a finished stroke) in place
of a draft. Down: binary, 4 bytes big-endian seq and a JPEG, or text, `{"seq": n, "problem": {...}}`. Of
several waiting requests only the newest is drawn; answers come in the order of their requests.
"""

import asyncio
import json
import logging
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import ClassVar

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from server.errors import PictureError, UnitbrushError
from server.painting.batches import Prepared
from server.painting.imaging import encode
from server.painting.parsing import parse_picture
from server.painting.picture import Picture
from server.web.deps import INLINE_BYTES, UsesServices, decode_object, inside
from server.web.engine import Busy
from server.web.lines import Wanted
from server.web.problems import error_response, members_of
from server.web.services import MAX_BODIES, Services

log = logging.getLogger(__name__)
router = APIRouter()

MAX_SEQ = 2**32 - 1
# Problems that wait for a client that does not read; the oldest are dropped past it.
MAX_PROBLEMS = 64


@dataclass(frozen=True)
class FrameRequest:
    """A message: a picture to draw. size: the message's, in characters."""

    seq: int
    picture: Picture | Prepared
    draft: bool
    size: int


@dataclass(frozen=True)
class Problem:
    """The answer to a message that asks for no frame, or for one that cannot be drawn. seq: None where not even that
    could be read. members: of the problem document; the error itself would keep the whole message."""

    seq: int | None
    members: dict[str, str | int]
    size: ClassVar[int] = 0


class LiveSession:
    """One socket: reads at its client's pace, draws at the device's, sends at the line's."""

    def __init__(self, socket: WebSocket, services: Services) -> None:
        self._socket = socket
        self._services = services
        # In the order of arrival; at most one of them is a request.
        self._waiting: deque[FrameRequest | Problem] = deque()
        self._arrived = asyncio.Event()

    async def run(self) -> None:
        """Serve until the client or the server ends it."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._answer())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except (WebSocketDisconnect, TimeoutError):
            pass  # the line of a client that does not read is full: a goodbye would wait there, too
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._services.live_bytes -= sum(item.size for item in self._waiting)

    async def _read(self) -> None:
        while (message := await self._socket.receive())["type"] != "websocket.disconnect":
            text = message.get("text")
            if text is None:
                self._put(Problem(None, PictureError("messages to this socket are text").problem()))
            else:
                self._put(await self._parse(text))
            await asyncio.sleep(0)  # whoever sends without end must not keep others from their turns

    async def _parse(self, text: str) -> FrameRequest | Problem:
        """What a message asks for, or what is wrong: also where those that wait on all sockets are too much."""
        services = self._services
        if services.live_bytes + len(text) > MAX_BODIES * services.settings.max_body_bytes:
            return Problem(None, Busy("the messages of other sockets take all the memory there is for them").problem())
        services.live_bytes += len(text)
        try:
            if services.engine.together:
                return await services.in_live(self._prepared, text)
            if len(text) < INLINE_BYTES:
                return parse_message(text, services.catalog.default)
            return await services.in_live(parse_message, text, services.catalog.default)
        except Busy as error:
            return Problem(None, error.problem())
        finally:
            services.live_bytes -= len(text)

    def _prepared(self, text: str) -> FrameRequest | Problem:
        """What a message asks for, with its masks on their grids already, while the device draws the frames before."""
        item = parse_message(text, self._services.catalog.default)
        with suppress(Exception):  # what is wrong with a picture is told when it is drawn
            if isinstance(item, FrameRequest) and isinstance(item.picture, Picture):
                return replace(item, picture=self._services.engine.prepare(item.picture))
        return item

    def _put(self, item: FrameRequest | Problem) -> None:
        """Add to what waits: at most one request, and MAX_PROBLEMS problems. The oldest makes room."""
        alike = [other for other in self._waiting if isinstance(other, type(item))]
        if len(alike) >= (1 if isinstance(item, FrameRequest) else MAX_PROBLEMS):
            self._waiting.remove(alike[0])
            self._services.live_bytes -= alike[0].size
            self._services.metrics.frames_superseded.inc(isinstance(item, FrameRequest))
        self._waiting.append(item)
        self._services.live_bytes += item.size
        self._arrived.set()

    async def _answer(self) -> None:
        while True:
            await self._arrived.wait()
            if not self._waiting:
                self._arrived.clear()
            elif isinstance(first := self._waiting[0], Problem):
                self._waiting.popleft()
                await self._send(first)
            else:
                await self._draw()

    async def _draw(self) -> None:
        """Draw the newest request, chosen when the device is free, and send what came before it first."""
        answers: list[Problem | bytes] = []
        seq, chosen = 0, False

        def choose() -> Wanted:
            nonlocal seq, chosen
            while isinstance(item := self._waiting.popleft(), Problem):
                answers.append(item)
            seq, chosen = item.seq, True
            self._services.live_bytes -= item.size
            return item.picture, item.draft

        try:
            with inside("/picture"):
                pixels = await self._services.engine.frame(choose)
            answers.append(seq.to_bytes(4, "big") + await self._services.in_live(encode, pixels, "jpeg"))
        except UnitbrushError as error:
            if not chosen:  # the engine stopped before its turn came
                choose()
            answers.append(Problem(seq, members_of(error, self._services.settings)))
        except Exception:
            log.exception("drawing a live picture failed")
            answers.append(Problem(seq, UnitbrushError("the server's log says more").problem()))
        for answer in answers:
            await self._send(answer)

    async def _send(self, answer: Problem | bytes) -> None:
        """Send a frame or a problem. Raises TimeoutError where the client does not read."""
        async with asyncio.timeout(self._services.settings.send_timeout):
            if isinstance(answer, bytes):
                await self._socket.send_bytes(answer)
                self._services.metrics.frames_sent.inc()
            else:
                await self._socket.send_text(json.dumps({"seq": answer.seq, "problem": answer.members}))


@router.websocket("/live")
async def live(socket: WebSocket, services: UsesServices) -> None:
    """Follow a brush: see this module."""
    if services.open_sockets >= services.settings.max_sockets:
        await socket.send_denial_response(
            error_response(Busy("too many live sockets are open; try again later"), services.settings)
        )
        return
    services.open_sockets += 1
    try:
        await socket.accept()
        await LiveSession(socket, services).run()
    finally:
        services.open_sockets -= 1


def parse_message(text: str, default_model: str) -> FrameRequest | Problem:
    """What a message asks for, or what is wrong with it."""
    seq: int | None = None
    try:
        message = decode_object(text)
        number = message.get("seq")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_SEQ:
            raise PictureError(f"seq is a whole number, 0..{MAX_SEQ}", "/seq")
        seq = number
        final = message.get("final", False)
        if not isinstance(final, bool):
            raise PictureError("final is true or false", "/final")
        if unknown := message.keys() - {"seq", "picture", "final"}:
            raise PictureError(f"a message has seq, picture and final, not {', '.join(sorted(unknown))}", "")
        if not isinstance(message.get("picture"), dict):
            raise PictureError("the message has no picture, which is an object", "/picture")
        with inside("/picture"):
            return FrameRequest(seq, parse_picture(message["picture"], default_model), not final, len(text))
    except UnitbrushError as error:
        return Problem(seq, error.problem())
