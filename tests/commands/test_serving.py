from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from server.commands.serving import hide_token
from tests.helpers.serving import settings_in, threaded_server


@pytest.fixture
def access() -> Iterator[logging.Logger]:
    """uvicorn's access logger, as it was afterwards."""
    logger = logging.getLogger("uvicorn.access")
    level, filters = logger.level, list(logger.filters)
    yield logger
    logger.setLevel(level)
    logger.filters = filters


def test_each_request_is_a_line_without_its_token(
    installed: Path, tmp_path: Path, access: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_in(installed, data_dir=tmp_path, token="hunter2")
    with threaded_server(settings, access_log=True) as address, httpx.Client(trust_env=False) as client:
        for path in ("/healthz", "/?seed=1&token=hunter2", "/api/v1/nothing?to%6ben=hunter2&x=1"):
            client.get(f"http://{address}{path}")
    lines = [line for line in capsys.readouterr().out.splitlines() if "HTTP/1.1" in line]
    for line, logged in zip(lines, ("/healthz ", "/?seed=1&token=*** ", "?to%6ben=***&x=1 "), strict=True):
        assert logged in line
    assert "hunter2" not in "".join(lines)


def test_each_socket_is_a_line_without_its_token(
    installed: Path, tmp_path: Path, access: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_in(installed, data_dir=tmp_path, token="hunter2")
    with threaded_server(settings, access_log=True) as address:
        with connect(f"ws://{address}/api/v1/live?token=hunter2") as socket:
            socket.send(b"\xff", text=True)  # no UTF-8
            with pytest.raises(ConnectionClosed):
                socket.recv()
        with pytest.raises(InvalidStatus):
            connect(f"ws://{address}/api/v1/live?token=hunter3")
    said = "".join(capsys.readouterr())
    assert '"WebSocket /api/v1/live?token=***" [accepted]' in said
    assert '"WebSocket /api/v1/live?token=***" 401' in said
    assert "hunter" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("address", "logged"),
    [
        ("/?token=a", "/?token=***"),
        ("/?token=a;b&c=d", "/?token=***&c=d"),
        ("/?c=d&%74%6f%6b%65%6e=a=b", "/?c=d&%74%6f%6b%65%6e=***"),
        ("/?TOKEN=a", "/?TOKEN=***"),
        ("/?tokens=a", "/?tokens=a"),
        ("/token=a", "/token=a"),
    ],
)
def test_tokens_in_addresses_are_hidden(address: str, logged: str) -> None:
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, "%s %d", (address, 200), None)
    assert hide_token(record)
    assert record.args == (logged, 200)
