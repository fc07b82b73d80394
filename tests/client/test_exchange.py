from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import numpy as np
import pytest

from server.app import create_app
from server.client import AsyncClient, Client, NoAnswer, UnitbrushProblem
from server.client.exchange import pause_before_retry
from server.model.pixels import Pixels
from server.painting.edits import Check, go_on
from server.painting.picture import Picture
from tests.client.conftest import URL
from tests.helpers.serving import settings_in

BUSY = {
    "type": "urn:unitbrush:problem:busy",
    "title": "The server is busy",
    "status": 503,
    "detail": "more work waits than the device takes on; try again in 2 s",
}
Handler = Callable[[httpx.Request], httpx.Response]


def answering(*answers: httpx.Response) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """A transport that answers so, one after another, and the requests it gets."""
    asked: list[httpx.Request] = []
    left: Iterator[httpx.Response] = iter(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return next(left)

    return httpx.MockTransport(handle), asked


def busy(after: str | None = "2") -> httpx.Response:
    """A busy server's answer."""
    headers = {} if after is None else {"Retry-After": after}
    return httpx.Response(503, json=BUSY, headers={**headers, "Content-Type": "application/problem+json"})


def models() -> httpx.Response:
    return httpx.Response(200, json={"models": []})


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which takes time."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(asyncio, "sleep", pause)
    return pauses


def test_a_busy_server_is_asked_again_when_it_says(slept: list[float]) -> None:
    transport, asked = answering(busy("2"), busy("0"), models())
    assert Client(URL, transport=transport).models() == ()
    assert slept == [2.0, 0.1]
    assert [request.url.path for request in asked] == ["/api/v1/models"] * 3


async def test_so_it_is_without_blocking(slept: list[float]) -> None:
    transport, asked = answering(busy("2"), models())
    async with AsyncClient(URL, transport=transport) as client:
        assert await client.models() == ()
    assert (slept, len(asked)) == ([2.0], 2)


async def test_patience_has_an_end(slept: list[float]) -> None:
    transport, asked = answering(*[busy("2") for _ in range(9)])
    with pytest.raises(UnitbrushProblem) as caught:
        Client(URL, patience=5, transport=transport).models()
    assert caught.value.document == BUSY
    assert (slept, len(asked)) == ([2.0, 2.0], 3)
    async with AsyncClient(URL, patience=5, transport=transport) as client:
        with pytest.raises(UnitbrushProblem):
            await client.models()
    assert (slept, len(asked)) == ([2.0] * 4, 6)
    with pytest.raises(UnitbrushProblem):
        Client(URL, patience=0, transport=transport).models()
    assert (slept, len(asked)) == ([2.0] * 4, 7)


class Held:
    """A painter that waits in each drawing until it is let go."""

    def __init__(self) -> None:
        self.started = threading.Semaphore(0)
        self.go = threading.Event()

    def render(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        self.started.release()
        assert self.go.wait(60)
        return np.full((8, 8, 3), picture.seed, np.uint8)

    def frame(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        return self.render(picture, draft, check)


async def test_the_real_server_is_asked_again_when_its_queue_has_room(installed: Path, tmp_path: Path) -> None:
    painter = Held()
    app = create_app(settings_in(installed, data_dir=tmp_path, queue_size=1), lambda catalog, settings: painter)  # type: ignore[arg-type, return-value]
    answered: list[int] = []

    class Watched(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            answered.append(response.status_code)
            if response.status_code == 503:
                painter.go.set()
            return response

    transport = Watched(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), AsyncClient(URL, transport=transport) as client:
        await asyncio.to_thread(painter.started.acquire)  # the server's own first picture holds the device
        images = await asyncio.gather(*(client.picture("village", seed).image() for seed in (1, 2)))
    assert [np.asarray(image).max() for image in images] == [1, 2]
    assert sorted(answered) == [200, 200, 503]


def test_a_server_that_names_no_time_is_not_asked_again(slept: list[float]) -> None:
    transport, asked = answering(busy(None))
    with pytest.raises(UnitbrushProblem, match="The server is busy"):
        Client(URL, transport=transport).models()
    assert (slept, len(asked)) == ([], 1)


def test_the_time_may_be_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert pause_before_retry(busy(soon)) == pytest.approx(90, abs=10)
    assert pause_before_retry(busy("Sun, 06 Nov 1994 08:49:37 GMT")) == 0.1
    assert pause_before_retry(busy("Sun, 06 Nov 1994 08:49:37 -0000")) == 0.1
    assert pause_before_retry(busy("soon")) is None
    assert pause_before_retry(httpx.Response(429, headers={"Retry-After": "1"})) is None


def test_a_problem_carries_its_document() -> None:
    document = {**BUSY, "status": 422, "pointer": "/edits/0/concept", "errors": [{"detail": "of another server"}]}
    transport, _ = answering(httpx.Response(422, json=document))
    with pytest.raises(UnitbrushProblem) as caught:
        Client(URL, transport=transport).picture("village", 1).png()
    problem = caught.value
    assert problem.document == document
    assert (problem.type, problem.title) == (document["type"], document["title"])
    assert (problem.status, problem.detail) == (422, document["detail"])
    assert problem.pointer == "/edits/0/concept"
    assert str(problem) == f"{BUSY['title']}: {BUSY['detail']} (at /edits/0/concept)"


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (httpx.Response(502, text="<h1>Bad\n Gateway</h1>"), 502, "answered 502 without a problem document: <h1>Bad"),
        (httpx.Response(404, json=["no"]), 404, "Not Found"),
        (httpx.Response(500), 500, "nothing"),
        (httpx.Response(503, text="asleep"), 503, "asleep"),
    ],
)
def test_an_error_without_a_document_is_told_in_its_place(answer: httpx.Response, status: int, words: str) -> None:
    transport, _ = answering(answer)
    with pytest.raises(UnitbrushProblem, match=words) as caught:
        Client(URL, transport=transport).models()
    assert (caught.value.status, caught.value.type) == (status, "about:blank")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(200, text="<html>"), "is that a Unitbrush server"),
        (httpx.Response(200, json={"models": [{"name": "x"}]}), "models/0/title"),
        (httpx.Response(307, headers={"Location": "https://elsewhere/"}), "leads on to https://elsewhere/"),
    ],
)
def test_another_server_is_seen_to_be_one(answer: httpx.Response, words: str) -> None:
    transport, _ = answering(answer)
    with pytest.raises(NoAnswer, match=words):
        Client(URL, transport=transport).models()


def test_an_answer_that_is_no_image_is_seen_to_be_none() -> None:
    transport, _ = answering(httpx.Response(200, text="<html>"))
    with pytest.raises(NoAnswer, match="no image"):
        Client(URL, transport=transport).picture("village", 1).image()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx.ConnectError("Connection refused"), "cannot reach http://localhost/api/v1/: Connection refused"),
        (httpx.ReadTimeout(""), "did not answer within 3 s"),
        (httpx.RemoteProtocolError("peer closed"), "peer closed"),
        (httpx.ReadError(""), "ReadError"),
    ],
)
async def test_no_answer_says_why(error: httpx.HTTPError, words: str) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    transport = httpx.MockTransport(fail)
    with pytest.raises(NoAnswer, match=words) as caught:
        Client(URL, timeout=3, transport=transport).models()
    assert isinstance(caught.value, ConnectionError)
    async with AsyncClient(URL, timeout=3, transport=transport) as client:
        with pytest.raises(NoAnswer, match=words):
            await client.models()


def test_the_token_goes_along() -> None:
    transport, asked = answering(models(), models())
    Client(URL, "secret", transport=transport).models()
    Client(URL, transport=transport).models()
    assert asked[0].headers["authorization"] == "Bearer secret"
    assert "authorization" not in asked[1].headers
    assert asked[0].headers["user-agent"].startswith("unitbrush/")


def test_a_server_may_lie_below_a_path() -> None:
    transport, asked = answering(models(), models())
    for url in ("https://example.org/studio", "https://example.org/studio/"):
        Client(url, transport=transport).models()
    assert {str(request.url) for request in asked} == {"https://example.org/studio/api/v1/models"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "ftp://localhost",
        "http://",
        "http://a/?token=x",
        "http://a/#p=x",
        "http://[::1",
        "http://a:b",
    ],
)
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="is no server's address"):
        Client(url)
