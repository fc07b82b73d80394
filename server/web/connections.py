"""Connections whose clients do not get on: half requests and messages, endless headers, answers that nobody reads.

uvicorn bounds none of them. Each connection is looked at now and then; what stands in the way of closing it in order, a
client that does not read, is no reason to keep it.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from server.web.services import MAX_BODIES

MAX_HEAD_BYTES = 64 * 1024
STEP_BYTES = 1024 * 1024  # of a body or message, that have to arrive in the time that a head has
PIECE_BYTES = 8 * 1024  # of what comes on a socket, read at a time


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
        """Whether it has waited for the client as long as it does."""
        if self._since is not None and self._keeps_waiting():
            self._since = asyncio.get_running_loop().time()
        return self._since is not None and asyncio.get_running_loop().time() - self._since > self._patience

    def _keeps_waiting(self) -> bool:
        """Whether it is the server that does not go on reading."""
        return False


class WatchedSocket(_Watched, WebSocketsSansIOProtocol):
    """A live socket: a message has `patience` seconds to arrive, and each MiB of it. What has come on all sockets, and
    is not taken yet, is bounded."""

    def __init__(self, patience: float, **options: Any) -> None:
        super().__init__(patience, **options)
        self._unread = bytearray()  # of what has come
        self._queued = 0  # bytes of messages that the app has not taken
        self._step = 0  # bytes of a message that had come at `_since`

    @property
    def nbytes(self) -> int:
        """Of what has come and is not taken yet."""
        return len(self._unread) + self._arrived() + self._queued

    def _arrived(self) -> int:
        """Bytes of a message that is not whole yet."""
        return len(self.conn.reader.buffer) + sum(map(len, self.frames))

    def data_received(self, data: bytes) -> None:
        self._heard = True
        waits = bool(self._unread)
        self._unread += data
        if not waits:
            self._read_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Free what has come: the garbage collector takes its time."""
        super().connection_lost(exc)
        self._unread.clear()
        self.frames.clear()
        self.conn.reader.discard()

    def _read_on(self) -> None:
        """Read a piece, and the next one when all else has had a turn: a flood of tiny frames takes long."""
        if self.transport.is_closing():
            self._unread.clear()
            return
        super().data_received(bytes(self._unread[:PIECE_BYTES]))
        del self._unread[:PIECE_BYTES]
        self._expect_rest()
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()) or _refusal(400))
            self.transport.close()
        elif self._unread:
            self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._read_on)
        elif not self.read_paused:
            self.transport.resume_reading()

    def _expect_rest(self) -> None:
        """Give the client time for the rest of a message, and end the socket where there is no room for it."""
        arrived = self._arrived()
        if not arrived:
            self._since = None
        elif self._since is None or arrived - self._step > STEP_BYTES:
            self._since, self._step = asyncio.get_running_loop().time(), arrived
            sockets = (each for each in self.connections if isinstance(each, WatchedSocket))
            if sum(each.nbytes for each in sockets) > MAX_BODIES * self.config.ws_max_size and not self.close_sent:
                self.conn.fail(CloseCode.TRY_AGAIN_LATER, "other sockets take all the memory there is for messages")
                self.handle_parser_exception()

    def handle_cont(self, event: Frame) -> None:
        """Join the pieces as they come: a list of tiny ones would take fifty times their bytes."""
        if isinstance(self.frames[0], bytes):
            self.frames[0] = bytearray(self.frames[0])  # type: ignore[call-overload]
        self.frames[0] += event.data
        if event.fin:
            self.send_receive_event_to_app()

    def handle_ping(self) -> None:
        """Answer, unless answers wait already for a client that does not read."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()  # thrown away

    def send_receive_event_to_app(self) -> None:
        self._since = None
        self._queued += sum(map(len, self.frames))
        super().send_receive_event_to_app()

    async def receive(self) -> Any:
        message = await super().receive()
        if self.queue.empty():
            self._queued = 0
        if self._unread:
            self.transport.pause_reading()
        return message

    def _keeps_waiting(self) -> bool:
        return self.read_paused or bool(self._unread)


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
        self.transport.write(_refusal(431))
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

    def _keeps_waiting(self) -> bool:
        return self.flow.read_paused


def _refusal(status: int) -> bytes:
    """The last answer on a connection."""
    return STATUS_LINE[status] + b"connection: close\r\ncontent-length: 0\r\n\r\n"
