"""A call to an HTTP request, a response to the call's answer; and two connections that do nothing but send.

A server that is busy (503) says in Retry-After when to ask again. A connection waits for that, `patience` seconds in
all for one call, and then raises the problem.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, TypeVar

try:
    import httpx
except ImportError as error:
    raise ImportError("server.client needs httpx, which comes with unitbrush[client]: pip install httpx") from error

from server import __version__
from server.client.calls import Call
from server.client.errors import NoAnswer, UnitbrushProblem

MIN_PAUSE = 0.1  # seconds before asking again, whatever the server says

T = TypeVar("T")
Transport = httpx.BaseTransport
AsyncTransport = httpx.AsyncBaseTransport


@dataclass(frozen=True)
class Connection:
    """Sends calls and waits for their answers."""

    http: httpx.Client
    patience: float

    def send(self, call: Call[T]) -> T:
        """The call's answer. Raises UnitbrushProblem and NoAnswer."""
        left = self.patience
        while True:
            with _reaching(self.http):
                response = self.http.send(request_of(self.http, call))
            pause = pause_before_retry(response)
            if pause is None or pause > left:
                return answer_of(call, response)
            time.sleep(pause)
            left -= pause


@dataclass(frozen=True)
class AsyncConnection:
    """Sends calls; their answers are awaited."""

    http: httpx.AsyncClient
    patience: float

    async def send(self, call: Call[T]) -> T:
        """The call's answer. Raises UnitbrushProblem and NoAnswer."""
        left = self.patience
        while True:
            with _reaching(self.http):
                response = await self.http.send(request_of(self.http, call))
            pause = pause_before_retry(response)
            if pause is None or pause > left:
                return answer_of(call, response)
            await asyncio.sleep(pause)
            left -= pause


def connect(url: str, token: str | None, timeout: float, patience: float, transport: Transport | None) -> Connection:
    """A connection to the server whose studio is at that address. Raises ValueError for what is no address."""
    return Connection(httpx.Client(transport=transport, **_options(url, token, timeout)), patience)


def connect_async(
    url: str, token: str | None, timeout: float, patience: float, transport: AsyncTransport | None
) -> AsyncConnection:
    """As `connect`."""
    return AsyncConnection(httpx.AsyncClient(transport=transport, **_options(url, token, timeout)), patience)


def _options(url: str, token: str | None, timeout: float) -> dict[str, Any]:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url!r} is no server's address: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.host or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is no server's address; write it as http://127.0.0.1:8000")
    headers = {"User-Agent": f"unitbrush/{__version__}"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return {"base_url": f"{url.rstrip('/')}/api/v1", "headers": headers, "timeout": timeout}


def request_of(http: httpx.Client | httpx.AsyncClient, call: Call[Any]) -> httpx.Request:
    """The call as a request of that client."""
    headers = {}
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    if call.revision is not None:
        headers["If-Match"] = f'"{call.revision}"'
    content = None if call.body is None else call.body.encode()
    return http.build_request(call.method, call.path, params=dict(call.query), headers=headers, content=content)


def pause_before_retry(response: httpx.Response) -> float | None:
    """Seconds after which a busy server wants to be asked again; None where asking again is not what it says."""
    after = response.headers.get("retry-after", "").strip()
    if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE or not after:
        return None
    if after.isascii() and after.isdigit():
        return max(MIN_PAUSE, float(after))
    try:
        moment = parsedate_to_datetime(after)
    except ValueError:
        return None
    return max(MIN_PAUSE, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def answer_of(call: Call[T], response: httpx.Response) -> T:
    """What the response answers. Raises UnitbrushProblem and NoAnswer."""
    if response.is_success:
        return call.read(response.content)
    if response.has_redirect_location:
        target = response.headers["location"]
        raise NoAnswer(f"{response.url} leads on to {target}; give the client the address that is meant")
    raise UnitbrushProblem(_problem(response))


def _problem(response: httpx.Response) -> dict[str, Any]:
    """The problem document of a response, or one that says what came in its place, as from a proxy."""
    try:
        document = response.json()
    except ValueError:
        document = None
    if isinstance(document, dict) and {"title", "detail"} <= document.keys():
        return {**document, "status": response.status_code}
    said = " ".join(response.text.split())[:200]
    return {
        "type": "about:blank",
        "title": response.reason_phrase or "No problem document",
        "status": response.status_code,
        "detail": f"{response.url} answered {response.status_code} without a problem document: {said or 'nothing'}",
    }


@contextmanager
def _reaching(http: httpx.Client | httpx.AsyncClient) -> Iterator[None]:
    """Raise NoAnswer where httpx gets none."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise NoAnswer(f"{http.base_url} did not answer within {http.timeout.read:g} s") from error
    except httpx.HTTPError as error:
        said = str(error) or type(error).__name__
        raise NoAnswer(f"cannot reach {http.base_url}: {said}; does `unitbrush serve` run there?") from error
