"""`/live`: the socket that follows a brush.

Up: text, `{"seq": n, "picture": {...}}`, and `"final": true` for full precision (a finished stroke) in place
of a draft. Down: binary, 4 bytes big-endian seq and a JPEG, or text, `{"seq": n, "problem": {...}}`. Of
several waiting requests only the newest is drawn; answers come in the order of their requests.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from server.errors import Busy, PictureError, UnitbrushError
from server.painting.imaging import encode
from server.painting.parsing import parse_picture
from server.painting.picture import Picture
from server.web.deps import INLINE_BYTES, UsesServices, decode_object
from server.web.engine import Image
from server.web.problems import error_response
from server.web.services import Services

log = logging.getLogger(__name__)
router = APIRouter()

MAX_SEQ = 2**32 - 1
# Problems that wait for a client that does not read; the oldest are dropped past it.
MAX_PROBLEMS = 64


@dataclass(frozen=True)
class _Wish:
    """A picture to draw."""

    seq: int
    picture: Picture
    draft: bool


@dataclass(frozen=True)
class _Complaint:
    """A message that was no wish. seq: None where not even that could be read."""

    seq: int | None
    error: UnitbrushError


class LiveSession:
    """One socket: reads at its client's pace, draws at the device's, sends at the line's."""

    def __init__(self, socket: WebSocket, services: Services) -> None:
        self._socket = socket
        self._services = services
        # In the order of arrival; holds one wish at most.
        self._waiting: deque[_Wish | _Complaint] = deque()
        self._arrived = asyncio.Event()

    async def run(self) -> None:
        """Serve until the client or the server ends it."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._answer())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except WebSocketDisconnect:
            pass
        except TimeoutError:
            await self._socket.close(1008, "the client does not read")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            self._put(await self._parse(message.get("text")))

    async def _parse(self, text: str | None) -> _Wish | _Complaint:
        if text is None:
            return _Complaint(None, PictureError("messages to this socket are text"))
        if len(text) < INLINE_BYTES:
            return _parse(text, self._services.catalog.default)
        return await self._services.aside(_parse, text, self._services.catalog.default)

    def _put(self, item: _Wish | _Complaint) -> None:
        if isinstance(item, _Wish):
            older = [w for w in self._waiting if isinstance(w, _Wish)]
            for wish in older:
                self._waiting.remove(wish)
            self._services.metrics.frames_superseded += len(older)
        elif len(self._waiting) > MAX_PROBLEMS:
            self._waiting.remove(next(c for c in self._waiting if isinstance(c, _Complaint)))
        self._waiting.append(item)
        self._arrived.set()

    async def _answer(self) -> None:
        while True:
            await self._arrived.wait()
            if not self._waiting:
                self._arrived.clear()
            elif isinstance(self._waiting[0], _Complaint):
                await self._send(self._waiting.popleft())
            else:
                await self._draw()

    async def _draw(self) -> None:
        """Draw the newest wish, chosen when the device is free, and send what came before it first."""
        before: list[_Wish | _Complaint] = []

        def choose() -> tuple[Picture, bool]:
            while self._waiting:
                item = self._waiting.popleft()
                before.append(item)
                if isinstance(item, _Wish):
                    return item.picture, item.draft
            raise AssertionError("a lane waits only for a wish")

        try:
            answer: Image | UnitbrushError = await self._services.engine.render_newest(choose)
        except UnitbrushError as error:
            answer = _inside_picture(error)
        except Exception:
            log.exception("drawing a live picture failed")
            answer = UnitbrushError("the server's log says more")
        *complaints, wish = before
        for complaint in complaints:
            await self._send(complaint)
        assert isinstance(wish, _Wish)
        if isinstance(answer, UnitbrushError):
            await self._send(_Complaint(wish.seq, answer))
            return
        frame = await self._services.aside(encode, answer, "jpeg")
        async with asyncio.timeout(self._services.settings.send_timeout):
            await self._socket.send_bytes(wish.seq.to_bytes(4, "big") + frame)
        self._services.metrics.frames_sent += 1

    async def _send(self, item: _Wish | _Complaint) -> None:
        assert isinstance(item, _Complaint)
        text = json.dumps({"seq": item.seq, "problem": item.error.problem()})
        async with asyncio.timeout(self._services.settings.send_timeout):
            await self._socket.send_text(text)


@router.websocket("/live")
async def live(socket: WebSocket, services: UsesServices) -> None:
    """Follow a brush: see this module."""
    if services.sockets >= services.settings.max_sockets:
        await socket.send_denial_response(error_response(Busy("too many live sockets are open; try again later")))
        return
    services.sockets += 1
    try:
        await socket.accept()
        await LiveSession(socket, services).run()
    finally:
        services.sockets -= 1


def _parse(text: str, default_model: str) -> _Wish | _Complaint:
    seq: int | None = None
    try:
        message = decode_object(text.encode())
        seq = _seq(message)
        final = message.get("final", False)
        if not isinstance(final, bool):
            raise PictureError("final is true or false", "/final")
        if unknown := message.keys() - {"seq", "picture", "final"}:
            raise PictureError(f"a message has seq, picture and final, not {', '.join(sorted(unknown))}", "")
        if "picture" not in message:
            raise PictureError("the message has no picture", "/picture")
        return _Wish(seq, _picture(message["picture"], default_model), draft=not final)
    except UnitbrushError as error:
        return _Complaint(seq, error)


def _seq(message: dict[str, Any]) -> int:
    seq = message.get("seq")
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq <= MAX_SEQ:
        raise PictureError(f"seq is a whole number, 0..{MAX_SEQ}", "/seq")
    return seq


def _picture(document: object, default_model: str) -> Picture:
    if not isinstance(document, dict):
        raise PictureError("a picture is an object", "/picture")
    try:
        return parse_picture(document, default_model)
    except PictureError as error:
        raise _inside_picture(error) from error


def _inside_picture(error: UnitbrushError) -> UnitbrushError:
    """The error with its pointer into the message, of which the picture is a part."""
    return type(error)(error.detail, None if error.pointer is None else f"/picture{error.pointer}")
