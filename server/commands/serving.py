"""The server process: its socket, how uvicorn runs the app, and its end by a signal."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import socket
from functools import partial
from typing import TextIO
from urllib.parse import unquote_plus

import uvicorn
from fastapi import FastAPI

from server.app import create_app, open_store
from server.commands.memory import return_freed_memory
from server.errors import UsageError
from server.model.device import device_named
from server.settings import Settings
from server.web.connections import WatchedHTTP, WatchedSocket

_PARAMETER = re.compile(r"(?<=[?&])([^=&]*)=[^&]*")  # of a query


def server_config(app: FastAPI, settings: Settings, access_log: bool = False) -> uvicorn.Config:
    """How uvicorn runs the app: bounded messages, no compression of what is compressed, a bounded stop."""
    logging.getLogger("uvicorn.error").addFilter(is_news)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=access_log,
        http=partial(WatchedHTTP, settings.send_timeout),  # type: ignore[arg-type]
        ws=partial(WatchedSocket, settings.send_timeout),  # type: ignore[arg-type]
        ws_max_size=settings.max_body_bytes,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        server_header=False,
    )
    if access_log:
        # uvicorn has given them a level at which they say nothing. It tells of sockets in the log of errors.
        for name in ("uvicorn.access", "uvicorn.error"):
            logging.getLogger(name).setLevel(logging.INFO)
            logging.getLogger(name).addFilter(hide_token)
    return config


STOP_SECONDS = 3.0


class Server(uvicorn.Server):
    """Finishes what is soon done when it is to stop: past STOP_SECONDS, renders that wait or run are refused."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in order."""
        engine = self.config.app.state.services.engine  # type: ignore[union-attr]
        asyncio.get_running_loop().call_later(STOP_SECONDS, engine.stop)
        await super().shutdown(sockets)


def is_news(record: logging.LogRecord) -> bool:
    """Whether a line belongs in the log: uvicorn takes each socket that was refused in order for an error, and has a
    trace for each message that is no UTF-8. Of what is no warning, only calls of sockets are news."""
    told = record.getMessage()
    if record.levelno < logging.WARNING:
        return '"WebSocket ' in told
    return not any(text in told for text in ("without completing handshake", "Invalid UTF-8 sequence"))


def hide_token(record: logging.LogRecord) -> bool:
    """Put stars for the token in the address of a line of the access log, however its name is written."""
    if isinstance(record.args, tuple):
        record.args = tuple(_PARAMETER.sub(_hidden, part) if isinstance(part, str) else part for part in record.args)
    return True


def _hidden(parameter: re.Match[str]) -> str:
    return f"{parameter[1]}=***" if unquote_plus(parameter[1]).strip().lower() == "token" else parameter[0]


def listen(settings: Settings) -> socket.socket:
    """A socket that listens. Raises UsageError where that port cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        where = f"{settings.host} port {settings.port}"
        raise UsageError(f"cannot listen on {where}: {error.strerror}; choose another with --port") from error
    return listener


def tell_address(settings: Settings, out: TextIO) -> None:
    """Say where the server can be opened."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}{settings.root_path}/"
    print(f"Unitbrush is at {address} (stop it with Ctrl-C)", file=out, flush=True)


def run_server(settings: Settings, access_log: bool, out: TextIO) -> int:
    """Serve until SIGINT or SIGTERM, then finish what runs. Returns the exit status. Raises UsageError,
    NoDevice and StoreError where it cannot begin."""
    with listen(settings) as listener:
        # The app raises these as well, but then uvicorn has them, and prints a trace where a line will do.
        device_named(settings.device)
        open_store(settings).close()
        return_freed_memory(os.environ)
        port = listener.getsockname()[1]
        settings = settings.model_copy(update={"port": port})
        tell_address(settings, out)
        # uvicorn stops in order at either signal and then passes it on: SIGTERM ends here as Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            Server(server_config(create_app(settings), settings, access_log)).run(sockets=[listener])
        except KeyboardInterrupt:
            return 0
    return 0
