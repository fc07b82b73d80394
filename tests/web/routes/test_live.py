from __future__ import annotations

import asyncio
import io
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import httpx
import numpy as np
import pytest
from PIL import Image
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from server.model.catalog import Catalog
from server.model.pixels import Pixels
from server.painting.edits import Check, go_on
from server.painting.picture import Picture
from server.settings import Settings
from server.web.engine import Busy
from server.web.metrics import Metrics
from server.web.routes.live import LiveSession, Problem, parse_message
from tests.helpers.serving import settings_in, threaded_server


class GatedPainter:
    """Draws gradients; once `hold` is called, each drawing waits for a `let`."""

    def __init__(self) -> None:
        self.drawn: list[tuple[int | None, bool]] = []
        self.started = threading.Semaphore(0)
        self._permits = threading.Semaphore(0)
        self._held = threading.Event()
        self.side = 16

    def make(self, catalog: Catalog, settings: Settings) -> GatedPainter:
        return self

    def hold(self) -> None:
        self._held.set()

    def let(self) -> None:
        self._permits.release()

    def free(self) -> None:
        self._held.clear()
        self._permits.release(1000)

    def render(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        if self._held.is_set():
            self.started.release()
            assert self._permits.acquire(timeout=60)
        self.drawn.append((picture.seed, draft))
        noise = np.random.RandomState(picture.seed).randint(0, 256, (self.side, self.side, 3))
        return noise.astype(np.uint8)

    def frame(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        return self.render(picture, draft, check)


@pytest.fixture
def painter() -> Iterator[GatedPainter]:
    painter = GatedPainter()
    yield painter
    painter.free()


@pytest.fixture
def gated(installed: Path, tmp_path: Path, painter: GatedPainter) -> Iterator[str]:
    """A real server whose painter the test controls."""
    settings = settings_in(installed, data_dir=tmp_path, max_sockets=3)
    with threaded_server(settings, painter.make) as address:
        yield address
        painter.free()


@pytest.fixture(scope="module")
def server(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server with the tiny model."""
    settings = settings_in(installed, data_dir=tmp_path_factory.mktemp("data"), max_body_bytes=64 * 1024)
    with threaded_server(settings) as address:
        yield address


def live(address: str, **options: Any) -> connect:
    return connect(f"ws://{address}/api/v1/live", proxy=None, **options)


def wish(seq: int, seed: int | None = None, **more: Any) -> str:
    return json.dumps({"seq": seq, "picture": {"model": "village", "seed": seq if seed is None else seed}, **more})


async def receive(socket: ClientConnection) -> tuple[int | None, Any]:
    """(seq, JPEG bytes or problem) of the next reply."""
    reply = await asyncio.wait_for(socket.recv(), 60)
    if isinstance(reply, bytes):
        return int.from_bytes(reply[:4], "big"), reply[4:]
    document = json.loads(reply)
    assert document.keys() == {"seq", "problem"}
    assert document["problem"].keys() >= {"type", "title", "status", "detail"}
    return document["seq"], document["problem"]


async def receive_until(socket: ClientConnection, seq: int) -> list[int | None]:
    seqs = [(await receive(socket))[0]]
    while seqs[-1] != seq:
        seqs.append((await receive(socket))[0])
    return seqs


async def test_a_frame_is_its_seq_and_the_pictures_jpeg(server: str) -> None:
    async with live(server) as socket:
        await socket.send(wish(2**32 - 1, seed=42, final=True))
        seq, jpeg = await receive(socket)
    assert seq == 2**32 - 1
    image = Image.open(io.BytesIO(jpeg))
    assert (image.format, image.size) == ("JPEG", (32, 32))


async def test_a_final_frame_is_the_bytes_of_render(server: str) -> None:
    document = {"seed": 5, "edits": [{"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 0.5, 1]}}]}
    async with live(server) as socket:
        await socket.send(json.dumps({"seq": 1, "picture": document, "final": True}))
        _, jpeg = await receive(socket)
    async with httpx.AsyncClient(trust_env=False) as client:
        rendered = await client.post(f"http://{server}/api/v1/render?format=jpeg", json=document)
    assert jpeg == rendered.content


async def test_drawn_together_drafts_are_close_and_final_frames_the_same_bytes(installed: Path, tmp_path: Path) -> None:
    tree = {"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 0.5, 1]}}
    named = {"op": "remove", "concept": "sky", "mask": {"concept": "tree", "at": [0.5, 0.5]}}
    documents = [{"seed": seed, "edits": edits} for seed in (5, 6) for edits in ([], [tree], [tree, named])]
    with threaded_server(settings_in(installed, data_dir=tmp_path, most_frames=8)) as address:

        async def paint(document: dict[str, Any], client: httpx.AsyncClient) -> None:
            rendered = await client.post(f"http://{address}/api/v1/render?format=jpeg", json=document)
            async with live(address) as socket:
                for seq, final in enumerate((False, True)):
                    await socket.send(json.dumps({"seq": seq, "picture": document, "final": final}))
                draft = final_frame = (await receive(socket))[1]
                while final_frame != rendered.content:
                    final_frame = (await receive(socket))[1]
            one, other = (np.asarray(Image.open(io.BytesIO(jpeg)), int) for jpeg in (draft, rendered.content))
            assert np.abs(one - other).mean() < 3

        async with httpx.AsyncClient(trust_env=False) as client:
            await asyncio.gather(*(paint(document, client) for document in documents))
            bad = {"seq": 7, "picture": {"seed": 1, "edits": [{**tree, "concept": "dragon"}]}}
            async with live(address) as socket:
                await socket.send(json.dumps(bad))
                seq, problem = await receive(socket)
            assert (seq, problem["pointer"]) == (7, "/picture/edits/0/concept")


async def test_drafts_are_asked_for_unless_final(gated: str, painter: GatedPainter) -> None:
    async with live(gated) as socket:
        await until_warm(painter)
        for message in (wish(100), wish(101, final=False), wish(102, final=True)):
            await socket.send(message)
            await receive(socket)
    assert painter.drawn[-3:] == [(100, True), (101, True), (102, False)]


async def test_fifty_messages_in_half_a_second(gated: str, painter: GatedPainter) -> None:
    async with live(gated) as socket:
        replies = asyncio.create_task(receive_until(socket, 49))
        for seq in range(50):
            await socket.send(wish(seq))
            await asyncio.sleep(0.01)
        seqs = await replies
    assert seqs == sorted(set(seqs))
    assert seqs[-1] == 49


async def test_only_the_newest_waiting_request_is_drawn(gated: str, painter: GatedPainter) -> None:
    async with live(gated) as socket:
        await until_warm(painter)
        painter.hold()
        await socket.send(wish(1000))
        await asyncio.to_thread(painter.started.acquire)
        for seq in range(1001, 1051):
            await socket.send(wish(seq))
        # Time for the server to read them all, while its device is held.
        await asyncio.sleep(0.5)
        painter.let()
        painter.let()
        seqs = await receive_until(socket, 1050)
    assert seqs == [1000, 1050]
    assert [seed for seed, _ in painter.drawn if seed >= 1000] == [1000, 1050]


async def until_warm(painter: GatedPainter) -> None:
    """Wait until the server's own three first pictures are drawn."""
    while len(painter.drawn) < 3:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("message", "seq", "pointer"),
    [
        ("", None, None),
        ("nonsense", None, None),
        ("[]", None, ""),
        ("{}", None, "/seq"),
        ('{"seq": -1}', None, "/seq"),
        ('{"seq": 4294967296}', None, "/seq"),
        ('{"seq": "1"}', None, "/seq"),
        ('{"seq": true}', None, "/seq"),
        ('{"seq": 7}', 7, "/picture"),
        ('{"seq": 7, "picture": null}', 7, "/picture"),
        ('{"seq": 7, "picture": {}}', 7, "/picture"),
        ('{"seq": 7, "picture": {"seed": -1}}', 7, "/picture/seed"),
        ('{"seq": 7, "picture": {"seed": 1}, "final": 1}', 7, "/final"),
        ('{"seq": 7, "picture": {"seed": 1}, "more": 1}', 7, ""),
        ('{"seq": 7, "picture": {"seed": 1, "model": "castle"}}', 7, None),
        (
            '{"seq": 7, "picture": {"seed": 1, "edits": [{"op": "draw", "concept": "dragon", "mask": null}]}}',
            7,
            "/picture/edits/0/concept",
        ),
        (b"bytes", None, None),
    ],
)
async def test_a_bad_message_is_a_problem_and_the_socket_stays(
    server: str, message: str | bytes, seq: int | None, pointer: str | None
) -> None:
    async with live(server) as socket:
        await socket.send(message)
        told, problem = await receive(socket)
        assert told == seq
        assert 400 <= problem["status"] < 500
        assert problem.get("pointer") == pointer
        await socket.send(wish(8))
        assert (await receive(socket))[0] == 8


async def test_problems_keep_their_place_among_the_frames(gated: str, painter: GatedPainter) -> None:
    async with live(gated) as socket:
        await until_warm(painter)
        painter.hold()
        await socket.send(wish(1))
        await asyncio.to_thread(painter.started.acquire)
        for message in ('{"seq": 2}', wish(3), '{"seq": 4}', wish(5), '{"seq": 6}'):
            await socket.send(message)
        await asyncio.sleep(0.2)
        painter.let()
        painter.let()
        assert await receive_until(socket, 6) == [1, 2, 4, 5, 6]


async def test_a_message_over_the_limit_closes_with_1009(server: str) -> None:
    async with live(server) as socket:
        await socket.send(wish(1) + " " * 65 * 1024)
        with pytest.raises(ConnectionClosed) as caught:
            await receive(socket)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009


async def test_a_client_that_does_not_read_holds_up_nobody(gated: str, painter: GatedPainter) -> None:
    painter.side = 512
    async with live(gated, max_queue=1) as slow, live(gated) as quick:
        feeding = asyncio.create_task(feed(slow))
        for seq in range(20):
            await quick.send(wish(seq))
            assert (await receive(quick))[0] == seq
        feeding.cancel()
        # What the slow one reads at last is old frames that were on their way, in order, and then the newest.
        drawn_for_slow = len([seed for seed, _ in painter.drawn if seed >= 10_000])
        assert drawn_for_slow < 400
        await slow.send(wish(99_999))
        seqs = await receive_until(slow, 99_999)
    assert seqs == sorted(seqs)


async def feed(socket: ClientConnection) -> None:
    for seq in range(10_000, 10_400):
        await socket.send(wish(seq))
        await asyncio.sleep(0.001)


async def test_a_client_that_never_reads_is_let_go(installed: Path, tmp_path: Path, painter: GatedPainter) -> None:
    painter.side = 1024
    with threaded_server(settings_in(installed, data_dir=tmp_path, send_timeout=0.3), painter.make) as address:
        async with live(address, max_queue=1) as socket:
            with pytest.raises(ConnectionClosed):
                await ask_without_reading(socket)


async def ask_without_reading(socket: ClientConnection) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        await socket.send(wish(1))
        await asyncio.sleep(0.005)


async def test_a_vanished_clients_request_is_not_drawn(gated: str, painter: GatedPainter) -> None:
    async with live(gated) as other:
        await until_warm(painter)
        painter.hold()
        await other.send(wish(1))
        await asyncio.to_thread(painter.started.acquire)
        async with live(gated) as socket:
            await socket.send(wish(666))
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.2)
        painter.free()
        await receive_until(other, 1)
        await other.send(wish(2))
        await receive_until(other, 2)
    assert 666 not in [seed for seed, _ in painter.drawn]


async def test_only_so_many_sockets_are_open_at_a_time(gated: str) -> None:
    async with live(gated), live(gated), live(gated):
        with pytest.raises(InvalidStatus) as caught:
            await live(gated)
        response = caught.value.response
        assert response.status_code == 503
        assert json.loads(response.body)["status"] == 503
        assert int(response.headers["Retry-After"]) >= 1
    for _ in range(100):
        try:
            async with live(gated) as socket:
                await socket.send(wish(3))
                assert (await receive(socket))[0] == 3
            break
        except InvalidStatus:
            await asyncio.sleep(0.05)
    else:
        pytest.fail("closed sockets still count")


async def test_foreign_pages_and_names_are_refused(
    server: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("uvicorn"), "propagate", True)
    for headers, status in [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": f"http://{server.replace('127.0.0.1', 'localhost')}"}, 403),
        ({"Host": "evil.example"}, 421),
    ]:
        host = headers.pop("Host", server)
        with pytest.raises(InvalidStatus) as caught:
            await connect(
                f"ws://{host}/api/v1/live",
                host=server.split(":")[0],
                port=int(server.split(":")[1]),
                proxy=None,
                additional_headers=headers,
            )
        assert caught.value.response.status_code == status
        assert json.loads(caught.value.response.body)["status"] == status
    assert caplog.messages == []
    async with live(server, origin=f"http://{server}") as socket:
        await socket.send(wish(1))
        assert (await receive(socket))[0] == 1


async def test_the_token_comes_by_header_or_query(installed: Path, tmp_path: Path) -> None:
    with threaded_server(settings_in(installed, data_dir=tmp_path, token="hunter2")) as address:
        with pytest.raises(InvalidStatus) as caught:
            await live(address)
        assert caught.value.response.status_code == 401
        with pytest.raises(InvalidStatus):
            await connect(f"ws://{address}/api/v1/live?token=hunter3", proxy=None)
        for socket in (
            connect(f"ws://{address}/api/v1/live?token=hunter2", proxy=None),
            live(address, additional_headers={"Authorization": "Bearer hunter2"}),
        ):
            async with socket as opened:
                await opened.send(wish(1))
                assert (await receive(opened))[0] == 1


async def test_stopping_the_server_closes_sockets_in_order(installed: Path, tmp_path: Path) -> None:
    with threaded_server(settings_in(installed, data_dir=tmp_path)) as address:
        socket = await live(address)
        await socket.send(wish(1))
        await receive(socket)
    with pytest.raises(ConnectionClosed) as caught:
        await receive(socket)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code in (1001, 1012)


async def test_a_client_that_never_reads_loses_its_slot(installed: Path, tmp_path: Path, painter: GatedPainter) -> None:
    painter.side = 1024
    settings = settings_in(installed, data_dir=tmp_path, send_timeout=0.3, max_sockets=1)
    with threaded_server(settings, painter.make) as address:
        async with live(address, max_queue=1, ping_interval=None, close_timeout=1) as socket:
            # As many as its side of the line takes, and then nothing more is heard of it.
            for _ in range(400):
                with suppress(ConnectionClosed, TimeoutError):
                    await asyncio.wait_for(socket.send(wish(1)), 0.2)
            await until_free(address)


async def until_free(address: str) -> None:
    """Wait until the server takes a socket again."""
    while True:
        with suppress(InvalidStatus):
            async with live(address):
                return
        await asyncio.sleep(0.05)


def test_what_waits_for_a_client_that_does_not_read_is_small() -> None:
    """A problem quotes what was sent, and the error would keep all of it."""
    for text in (
        json.dumps({"seq": 1, "x" * 2**20: 1}),
        json.dumps({"seq": 1, "picture": {"x" * 2**20: 1}}),
        json.dumps({"seq": 1, "picture": {"seed": 1, "directions": {"x" * 2**20: 1}}}),
    ):
        problem = parse_message(text, "village")
        assert isinstance(problem, Problem)
        assert len(json.dumps(problem.members)) < 16 * 1024
        assert not any(isinstance(value, BaseException) for value in vars(problem).values())


async def test_messages_that_wait_are_bounded_on_all_sockets_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is superseded or left behind makes room again."""
    monkeypatch.setattr("server.web.routes.live.MAX_BODIES", 1)
    services: Any = SimpleNamespace(
        live_bytes=0,
        settings=SimpleNamespace(max_body_bytes=1000),
        catalog=SimpleNamespace(default="village"),
        engine=SimpleNamespace(together=False),
        metrics=Metrics(),
    )
    socket: Any = SimpleNamespace(receive=AsyncMock(return_value={"type": "websocket.disconnect"}))
    one, other = LiveSession(socket, services), LiveSession(socket, services)
    for seq in (1, 2, 3):
        one._put(await one._parse(wish(seq).ljust(400)))
        assert services.live_bytes == 400
    other._put(await other._parse(wish(4).ljust(500)))
    assert services.live_bytes == 900
    refused = await one._parse(wish(5).ljust(101))
    assert isinstance(refused, Problem)
    assert refused.members["status"] == 503
    assert services.live_bytes == 900
    for session, left in ((one, 500), (other, 0)):
        session._arrived.clear()  # nothing is drawn
        await session.run()
        assert services.live_bytes == left


async def test_past_what_its_threads_take_on_a_message_is_refused_and_the_socket_stays() -> None:
    async def full(*call: object) -> None:
        raise Busy("more of this waits than the server takes on")

    services: Any = SimpleNamespace(
        live_bytes=0,
        settings=SimpleNamespace(max_body_bytes=1000),
        engine=SimpleNamespace(together=True),
        in_live=full,
    )
    refused = await LiveSession(SimpleNamespace(), services)._parse(wish(1))  # type: ignore[arg-type]
    assert isinstance(refused, Problem)
    assert refused.members["status"] == 503
    assert services.live_bytes == 0


async def test_messages_that_have_come_already_leave_turns_for_others() -> None:
    messages = [{"type": "websocket.receive", "text": "?"}] * 100
    socket: Any = SimpleNamespace(receive=AsyncMock(side_effect=[*messages, {"type": "websocket.disconnect"}]))
    services: Any = SimpleNamespace(
        settings=SimpleNamespace(max_body_bytes=1024),
        catalog=SimpleNamespace(default="village"),
        engine=SimpleNamespace(together=False),
        live_bytes=0,
        metrics=Metrics(),
    )
    reading = asyncio.create_task(LiveSession(socket, services)._read())
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    reading.result()
    assert turns >= len(messages)
