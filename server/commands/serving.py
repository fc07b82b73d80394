"""The server process: its socket, how uvicorn runs the app, and its end by a signal."""

from __future__ import annotations

import logging
import signal
import socket
from typing import TextIO

import uvicorn
from fastapi import FastAPI

from server.app import create_app, open_store
from server.errors import UsageError
from server.model.device import device_named
from server.settings import Settings


def server_config(app: FastAPI, settings: Settings, access_log: bool = False) -> uvicorn.Config:
    """How uvicorn runs the app: bounded messages, no compression of what is compressed, a bounded stop."""
    logging.getLogger("uvicorn.error").addFilter(is_news)
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=access_log,
        ws_max_size=settings.max_body_bytes,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        server_header=False,
    )


def is_news(record: logging.LogRecord) -> bool:
    """Whether a line belongs in the log: uvicorn takes each socket that was refused in order for an error."""
    return "without completing handshake" not in record.getMessage()


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


def run_server(settings: Settings, access_log: bool, out: TextIO) -> int:
    """Serve until SIGINT or SIGTERM, then finish what runs. Returns the exit status. Raises UsageError,
    NoDevice and StoreError where it cannot begin."""
    with listen(settings) as listener:
        # The app raises these as well, but then uvicorn has them, and prints a trace where a line will do.
        device_named(settings.device)
        open_store(settings).close()
        port = listener.getsockname()[1]
        settings = settings.model_copy(update={"port": port})
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        print(f"Unitbrush is at http://{host}:{port}/ (stop it with Ctrl-C)", file=out, flush=True)
        # uvicorn stops in order at either signal and then passes it on: SIGTERM ends here as Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            uvicorn.Server(server_config(create_app(settings), settings, access_log)).run(sockets=[listener])
        except KeyboardInterrupt:
            return 0
    return 0
