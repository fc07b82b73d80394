"""Raw connections to a real server that end badly: each is ended in time and takes little memory."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

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
