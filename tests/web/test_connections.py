"""Raw connections to a real server that end badly: each is ended in time and takes little memory."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import AsyncMock, MagicMock

import httpx
import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from server.web.connections import WatchedSocket
from server.web.metrics import resident_bytes
from server.web.services import MAX_BODIES
from tests.helpers.serving import settings_in, threaded_server

PATIENCE = 0.6
HOST = b"Host: 127.0.0.1\r\n"
JSON = b"Content-Type: application/json\r\n"


@pytest.fixture(scope="module")
def server(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = settings_in(installed, data_dir=tmp_path_factory.mktemp("data"), send_timeout=PATIENCE)
    with threaded_server(settings) as address:
        yield address


def connect(server: str) -> socket.socket:
    host, port = server.split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def rest(connection: socket.socket) -> bytes:
    """What the server sends until it ends the connection."""
    answer = b""
    try:
        while part := connection.recv(65536):
            answer += part
    except ConnectionError:
        pass
    return answer


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"GET /healthz HT",
        b"GET /healthz HTTP/1.1\r\n" + HOST,
        b"POST /api/v1/render HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 100\r\n\r\n{",
        b"POST /api/v1/render HTTP/1.1\r\n" + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\nGET /healthz HTTP/1.1\r\n",
    ],
)
def test_half_requests_are_given_up(server: str, half: bytes) -> None:
    with connect(server) as connection:
        connection.sendall(half)
        rest(connection)


def test_a_request_that_drips_is_given_up(server: str) -> None:
    lines = [b"GET /healthz HTTP/1.1\r\n", *(b"X-%d: y\r\n" % number for number in range(6000))]
    with connect(server) as connection, pytest.raises(ConnectionError):
        send_all(connection, lines, 0.01)


def send_all(connection: socket.socket, parts: list[bytes], pause: float) -> None:
    for part in parts:
        connection.sendall(part)
        time.sleep(pause)


@pytest.mark.parametrize(
    ("begin", "endless"),
    [
        (b"GET /", b"a" * 4096),
        (b"GET /healthz HTTP/1.1\r\n" + HOST, b"X-Header: " + b"a" * 4084 + b"\r\n"),
        (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-Header: ", b"a" * 4096),
        (b"GET /healthz HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: upgrade\r\n", b"X: y\r\n" * 512),
        (
            b"POST /api/v1/render HTTP/1.1\r\n" + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
            b"X-Trailer: " + b"a" * 4083 + b"\r\n",
        ),
    ],
)
def test_endless_heads_are_refused(server: str, begin: bytes, endless: bytes) -> None:
    sent = 0
    with connect(server) as connection:
        connection.sendall(begin)
        try:
            while sent < 300 * 2**20:
                connection.sendall(endless)
                sent += len(endless)
        except ConnectionError:
            pass
    # What lies in the buffers of both ends comes on top.
    assert sent < 16 * 2**20


def test_a_head_that_is_too_long_is_told(server: str) -> None:
    with connect(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 65 * 1024)
        assert rest(connection).startswith(b"HTTP/1.1 431 ")


def test_whoever_does_not_read_answers_is_let_go(server: str) -> None:
    """More is asked for than the buffers of both ends hold."""
    request = b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n"
    with connect(server) as connection, pytest.raises(ConnectionError):
        send_all(connection, [request] * 100_000, 0.001)


def test_a_slow_body_and_a_slow_reader_that_get_on_are_served(server: str) -> None:
    body = b'{"seed": 3' + b" " * 7 * 2**20 + b"}"
    head = b"POST /api/v1/render HTTP/1.1\r\n" + HOST + JSON + b"Connection: close\r\n"
    with connect(server) as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body))
        for start in range(0, len(body), 2**19):
            connection.sendall(body[start : start + 2**19])
            time.sleep(PATIENCE / 8)
        assert rest(connection).startswith(b"HTTP/1.1 200 ")
    with httpx.Client(trust_env=False) as client:
        assert client.get(f"http://{server}/healthz").status_code == 200


def upgrade(path: str = "/api/v1/live", *headers: bytes) -> bytes:
    key = base64.b64encode(os.urandom(16))
    lines = (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: " + key)
    return b"GET %s HTTP/1.1\r\n" % path.encode() + HOST + b"\r\n".join((*lines, *headers, b"", b""))


def open_socket(server: str) -> socket.socket:
    connection = connect(server)
    connection.sendall(upgrade())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += connection.recv(1)
    assert answer.startswith(b"HTTP/1.1 101 ")
    return connection


def frame(opcode: Opcode, data: bytes = b"", fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


@pytest.mark.parametrize(
    "head",
    [
        upgrade("/api/v1/live?x=" + "y" * 9000),
        upgrade("/api/v1/live", b"X: " + b"y" * 9000),
        upgrade("/api/v1/live", *(b"X-%d: y" % number for number in range(200))),
        upgrade("/api/v1/live", b"Content-Length: 5"),
        upgrade("/api/v1/live", b"Transfer-Encoding: chunked"),
        upgrade("/api/v1/live", b"Sec-WebSocket-Version: 8"),
    ],
)
def test_a_handshake_that_nobody_can_read_is_refused(server: str, head: bytes) -> None:
    with connect(server) as connection:
        connection.sendall(head)
        assert rest(connection).startswith(b"HTTP/1.1 4")


def test_pings_of_a_client_that_does_not_read_take_no_memory(server: str) -> None:
    pings = frame(Opcode.PING, b"x" * 125) * 500
    with open_socket(server) as connection:
        before = resident_bytes()
        for _ in range(2**25 // len(pings)):
            connection.sendall(pings)
        assert resident_bytes() - before < 2**23
    with open_socket(server) as connection:
        connection.sendall(frame(Opcode.PING, b"x"))
        assert connection.recv(3) == b"\x8a\x01x"


@pytest.mark.parametrize("piece", [b" ", b""])
def test_tiny_pieces_of_a_message_take_no_more_than_their_bytes(server: str, piece: bytes) -> None:
    pieces = frame(Opcode.CONT, piece, fin=False) * 10_000
    with open_socket(server) as connection:
        before = resident_bytes()
        connection.sendall(frame(Opcode.TEXT, b'{"seq": 1, "picture": {"seed": 1}', fin=False))
        for _ in range(40):
            connection.sendall(pieces)
        connection.sendall(frame(Opcode.CONT, b"}"))
        assert connection.recv(1) == b"\x82"  # a frame
        assert resident_bytes() - before < 2**23


def test_half_a_message_is_given_up(server: str) -> None:
    for half in (frame(Opcode.TEXT, bytes(100))[:50], frame(Opcode.TEXT, b"x", fin=False)):
        with open_socket(server) as connection:
            connection.sendall(half)
            rest(connection)


def test_all_half_messages_together_are_bounded(installed: Path, tmp_path: Path) -> None:
    most = 64 * 1024
    settings = settings_in(installed, data_dir=tmp_path, max_body_bytes=most)
    with threaded_server(settings) as address, ExitStack() as stack:
        sockets = [stack.enter_context(open_socket(address)) for _ in range(MAX_BODIES + 8)]
        for one in sockets[:-1]:
            one.sendall(frame(Opcode.TEXT, bytes(most))[:-8])
        last = sockets[-1]
        last.sendall(frame(Opcode.TEXT, bytes(most))[:-8])
        assert b"\x03\xf5other sockets" in rest(last)  # 1013, try again later
        for one in sockets[:-1]:
            one.close()
        with open_socket(address) as another:
            another.sendall(frame(Opcode.TEXT, b'{"seq": 1, "picture": {"seed": 1}}'))
            assert another.recv(1) == b"\x82"


async def test_a_flood_is_read_in_pieces() -> None:
    """Of thousands of pings that come at once, only some are read before all else has a turn."""
    config = uvicorn.Config("no:app", interface="asgi3", log_config=None)
    config.loaded, config.loaded_app = True, AsyncMock()
    socket = WatchedSocket(PATIENCE, config=config, server_state=ServerState(), app_state={})
    transport = MagicMock(get_extra_info=lambda name: None, is_closing=lambda: False)
    socket.connection_made(transport)
    socket.data_received(upgrade())
    flood = frame(Opcode.PING) * 10_000
    socket.conn.state = State.OPEN
    socket.data_received(flood)
    unread = socket.nbytes
    assert 0 < unread < len(flood)
    transport.pause_reading.assert_called()
    while socket.nbytes:
        await asyncio.sleep(0)
        assert unread - socket.nbytes < len(flood) / 5
        unread = socket.nbytes
    socket.connection_lost(None)
