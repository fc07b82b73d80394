"""Connections whose clients do not get on: half requests, endless headers, answers that nobody reads.

uvicorn bounds none of them. Each connection is looked at now and then; what stands in the way of closing it in order, a
client that does not read, is no reason to keep it.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

MAX_HEAD_BYTES = 64 * 1024
STEP_BYTES = 1024 * 1024  # of a body, that have to arrive in the time that a head has


class _Watched(asyncio.Protocol):
    """Ends a connection whose client has read nothing of what it is sent for `patience` seconds, nor sent anything."""

    transport: asyncio.Transport

    def __init__(self, patience: float, **options: Any) -> None:
        super().__init__(**options)
        self._patience = patience
        self._since: float | None = None  # it waits for the client
        self._unsent = 0  # at the last look
        self._heard = False  # since then

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._look_later()

    def data_received(self, data: bytes) -> None:
        self._heard = True
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._next_look.cancel()
        super().connection_lost(exc)

    def _look_later(self) -> None:
        self._next_look = asyncio.get_running_loop().call_later(self._patience / 2, self._look)

    def _look(self) -> None:
        unsent = self.transport.get_write_buffer_size()
        if self._is_stuck() or (0 < self._unsent <= unsent and not self._heard):
            self.transport.abort()
        else:
            self._unsent, self._heard = unsent, False
            self._look_later()

    def _is_stuck(self) -> bool:
        return False


class WatchedSocket(_Watched, WebSocketsSansIOProtocol):
    """A live socket."""


class WatchedHTTP(_Watched, HttpToolsProtocol):
    """A connection for requests: a head has `patience` seconds to arrive, and each MiB of a body. A head, or what
    follows a body, that is longer than any need be is refused."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._expect()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._bare += len(data)
        super().data_received(data)
        if self._bare <= MAX_HEAD_BYTES or self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()
            return
        # Closed at once, with bytes unread, the client would not get to see why. It is stuck at the next look.
        self.transport.write(STATUS_LINE[431] + b"connection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.write_eof()
        self.transport.pause_reading()

    def handle_websocket_upgrade(self) -> None:
        self._next_look.cancel()
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        self._since = asyncio.get_running_loop().time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._expect()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._bare = 0
        self._step += len(body)
        if self._step > STEP_BYTES:
            self._expect()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._bare, self._since = 0, None
        super().on_message_complete()

    def _expect(self) -> None:
        """Give the client time for what comes next."""
        self._since = asyncio.get_running_loop().time()
        self._bare = 0  # bytes since then that are of no body
        self._step = 0  # bytes of a body since then

    def _is_stuck(self) -> bool:
        if self.flow.read_paused:  # it is not the client that keeps the request waiting
            self._since = self._since and asyncio.get_running_loop().time()
        return self._since is not None and asyncio.get_running_loop().time() - self._since > self._patience
