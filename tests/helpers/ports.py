"""Ports for servers that tests start, and start again."""

from __future__ import annotations

import itertools
import os
import socket

# Below those that the system gives to outgoing connections, which would take a port between two starts of its server;
# test runs at the same time begin at other places.
_PORTS = itertools.count(20_000 + os.getpid() * 61 % 10_000)


def free_port() -> int:
    """A port nobody listens on, another one at each call."""
    for port in _PORTS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("ports never end")
