"""A cluster on this machine, painters and studios twice, with a PostgreSQL database: `make test-cluster` runs it, as it
needs Ray and takes minutes."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.helpers.ports import free_port
from tests.helpers.postgres import postgres_server
from tests.helpers.serving import settings_in, threaded_server
from tests.helpers.tiny import write_model

pytest.importorskip("ray", reason="make test-cluster installs it")

START_SECONDS = 600
MASKS: list[dict[str, Any] | None] = [
    {"strokes": [{"points": [[0.2, 0.7], [0.6, 0.4]], "radius": 0.2}]},
    {"rect": [0.1, 0.2, 0.6, 0.9]},
    {"at": [0.5, 0.5], "concept": "sky"},
    None,
]


def documents() -> list[dict[str, Any]]:
    """Pictures with every kind of mask, of both models."""
    return [
        {"model": model, "seed": seed, "edits": [{"op": op, "concept": concept, "mask": mask}]}
        for seed, (model, op, concept, mask) in enumerate(
            itertools.product(("village", "other"), ("draw", "remove"), ("tree",), MASKS)
        )
    ]


@dataclass(frozen=True)
class Running:
    """cluster, plain: the addresses of a cluster and of a server alone, with the same models and the same database.
    process: the one that started the cluster."""

    cluster: str
    plain: str
    process: subprocess.Popen[bytes]

    def processes(self, deployment: str) -> set[int]:
        """The processes of a deployment, among those that the cluster's started."""
        everybody = list(_processes())
        own, before = {self.process.pid}, 0
        while before < len(own):
            before = len(own)
            own |= {pid for pid, parent, _ in everybody if parent in own}
        # While one works, the name of what it does follows.
        title = re.compile(rf"ray::.*ServeReplica:\w+:{deployment}\b")
        return {pid for pid, _, found in everybody if pid in own and title.match(found)}


def _processes() -> Iterator[tuple[int, int, str]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            yield int(folder.name), parent, (folder / "cmdline").read_text().replace("\0", " ").strip()
        except (OSError, ValueError):
            continue


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("cluster")
    write_model(folder)
    write_model(folder, "other", seed=7)
    port = free_port()
    with postgres_server() as database:
        environment = {
            "UNITBRUSH_MODELS_DIR": str(folder / "models"),
            "UNITBRUSH_RESULTS_DIR": str(folder / "dissect_results"),
            "UNITBRUSH_DATABASE": database,
            "UNITBRUSH_THREADS": "1",
            "UNITBRUSH_PRECISION": "float32",
            "UNITBRUSH_PAINTER_CPUS": "0.5",
            "UNITBRUSH_IMAGE_CACHE_BYTES": "0",  # so that painters are asked every time
        }
        counts = ["--min-painters", "2", "--max-painters", "2", "--studios", "2"]
        command = [sys.executable, "-m", "server.cli", "serve", "--cluster", "--port", str(port), *counts]
        cluster = f"127.0.0.1:{port}"
        process = _started(command, {**os.environ, **environment}, cluster)
        try:
            with threaded_server(settings_in(folder, database=database)) as plain:
                yield Running(cluster, plain, process)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0


def _started(command: list[str], environment: dict[str, str], address: str) -> subprocess.Popen[bytes]:
    """The cluster's process, ready to answer. Ray gives up after half a minute, which a busy machine may need."""
    deadline = time.monotonic() + START_SECONDS
    process = subprocess.Popen(command, env=environment)
    while time.monotonic() < deadline:
        if process.poll() is not None:
            process = subprocess.Popen(command, env=environment)
        try:
            if httpx.get(f"http://{address}/readyz", timeout=10).status_code == 200:
                return process
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    process.terminate()
    process.wait()
    raise AssertionError("the cluster did not start in time")


def render(address: str, document: dict[str, Any]) -> bytes:
    response = httpx.post(f"http://{address}/api/v1/render", json=document, timeout=60)
    assert response.status_code == 200, response.text
    return response.content


def test_a_cluster_paints_the_same_bytes_as_a_server_alone(running: Running) -> None:
    for document in documents():
        assert render(running.cluster, document) == render(running.plain, document)


def test_everything_else_that_a_painter_is_asked_for_is_the_same(running: Running) -> None:
    picture = {**documents()[0], "seed": 400}
    for path, body in (
        ("segment", picture),
        ("inspect", {"picture": picture, "layer": "layer4", "mask": {"rect": [0, 0, 0.5, 0.5]}}),
        ("variations", {"picture": picture, "seeds": [1, 2]}),
    ):
        one, other = (
            httpx.post(f"http://{address}/api/v1/{path}", json=body, timeout=60)
            for address in (running.cluster, running.plain)
        )
        assert one.status_code == 200, one.text
        assert one.content == other.content
    with httpx.Client(base_url=f"http://{running.cluster}", timeout=60) as client:
        assert client.get("/api/v1/models/castle/images/1").status_code == 404
        problem = client.post("/api/v1/render", json={"seed": 1, "edits": [{"op": "draw", "concept": "dragon"}]})
        assert problem.status_code == 422
        assert problem.headers["content-type"] == "application/problem+json"


def test_live_sockets_work_through_the_cluster(running: Running) -> None:
    addresses = [f"ws://{address}/api/v1/live" for address in (running.cluster, running.plain)]
    with connect(addresses[0]) as socket, connect(addresses[1]) as plain:
        for seq, document in enumerate(documents()):
            message = json.dumps({"seq": seq, "picture": {**document, "seed": 1000 + seq}, "final": True})
            frames = []
            for one in (socket, plain):
                one.send(message)
                frames.append(one.recv(timeout=60))
            assert frames[0][:4] == seq.to_bytes(4, "big")
            assert frames[0] == frames[1]
        socket.send(json.dumps({"seq": 99, "picture": {"seed": 1, "edits": [{"op": "draw", "concept": "dragon"}]}}))
        answer = json.loads(socket.recv(timeout=60))
        assert (answer["seq"], answer["problem"]["status"]) == (99, 422)
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://{running.cluster}/api/v1/live", additional_headers={"Origin": "http://elsewhere.example"})
    assert refused.value.response.status_code == 403


def test_kept_pictures_are_shared_with_other_servers(running: Running) -> None:
    made = httpx.post(f"http://{running.cluster}/api/v1/pictures", json={"seed": 5}, timeout=60).json()
    drawn = httpx.post(
        f"http://{running.plain}/api/v1/pictures/{made['id']}/draw", json={"concept": "tree", "mask": None}, timeout=60
    ).json()
    assert drawn["revision"] == 2
    assert httpx.get(f"http://{running.cluster}/api/v1/pictures/{made['id']}", timeout=60).json() == drawn


@dataclass
class Load:
    """Callers that render known pictures and keep others until they are stopped. wrong: answers of other bytes than
    the known ones. statuses: of all calls, 0 where the connection was lost. kept: the revisions of pictures that the
    server acknowledged."""

    address: str
    known: dict[str, bytes]
    over: threading.Event = field(default_factory=threading.Event)
    wrong: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    kept: dict[str, int] = field(default_factory=dict)

    def run(self, seed: int) -> None:
        chance = random.Random(seed)
        while not self.over.is_set():
            try:
                with httpx.Client(base_url=f"http://{self.address}/api/v1", timeout=60) as client:
                    while not self.over.is_set():
                        self._render(client, chance.choice(list(self.known)))
                        self._keep(client, chance)
            except httpx.TransportError:
                self.statuses[0] += 1

    def _render(self, client: httpx.Client, document: str) -> None:
        response = client.post("/render", content=document, params={"format": "png"})
        self.statuses[response.status_code] += 1
        self.wrong += response.status_code == 200 and response.content != self.known[document]

    def _keep(self, client: httpx.Client, chance: random.Random) -> None:
        made = client.post("/pictures", json={"seed": chance.randrange(2**32)})
        self.statuses[made.status_code] += 1
        if made.status_code != 201:
            return
        self.kept[made.json()["id"]] = 1
        drawn = client.post(f"/pictures/{made.json()['id']}/draw", json={"concept": "tree", "mask": None})
        self.statuses[drawn.status_code] += 1
        if drawn.status_code == 200:
            self.kept[made.json()["id"]] = drawn.json()["revision"]


@pytest.mark.parametrize("deployment", ["painters", "studios"])
def test_a_process_that_is_killed_in_mid_load_gives_no_wrong_answer_and_loses_no_picture(
    running: Running, deployment: str
) -> None:
    pictures = [{**document, "seed": 2000 + number} for number, document in enumerate(documents() * 4)]
    load = Load(running.cluster, {json.dumps(picture): render(running.plain, picture) for picture in pictures})
    callers = [threading.Thread(target=load.run, args=(number,)) for number in range(4)]
    for caller in callers:
        caller.start()
    try:
        _wait_for(lambda: load.statuses[200] > 40)
        _wait_for(lambda: len(running.processes(deployment)) == 2)
        killed = min(running.processes(deployment))
        os.kill(killed, signal.SIGKILL)
        answered = load.statuses[200]
        _wait_for(lambda: load.statuses[200] > answered + 200)
        _wait_for(lambda: len(running.processes(deployment) - {killed}) == 2)  # another one takes its place
        answered = load.statuses[200]
        _wait_for(lambda: load.statuses[200] > answered + 40)
    finally:
        load.over.set()
        for caller in callers:
            caller.join()
    print(deployment, dict(load.statuses), len(load.kept), "pictures kept")
    assert load.wrong == 0
    if deployment == "painters":
        assert set(load.statuses) == {200, 201}, "another painter is asked: callers notice nothing"
    with httpx.Client(base_url=f"http://{running.plain}/api/v1", timeout=60) as client:
        for picture, revision in load.kept.items():
            # A change may have been made whose acknowledgement was lost.
            assert client.get(f"/pictures/{picture}").json()["revision"] >= revision


def _wait_for(state: Any) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not state():
        assert time.monotonic() < deadline
        time.sleep(0.05)
