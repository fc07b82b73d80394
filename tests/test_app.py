"""The whole app: every error is a problem, headers, the queue's bound, what happens when clients or parts fail."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from starlette.types import Message

from server.app import create_app, make_painter
from server.errors import NoDevice
from server.model.catalog import Catalog, Model
from server.model.pixels import Pixels
from server.painting.edits import Check, go_on
from server.painting.picture import Picture
from server.settings import Settings
from tests.helpers.serving import asgi_client, settings_in, threaded_server
from tests.helpers.tiny import write_model

JSON = {"Content-Type": "application/json"}


class HeldPainter:
    """Waits in each drawing until it is let go."""

    def __init__(self) -> None:
        self.drawn: list[int | None] = []
        self.started = threading.Semaphore(0)
        self.go = threading.Event()

    def make(self, catalog: Catalog, settings: Settings) -> HeldPainter:
        return self

    def render(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        self.started.release()
        assert self.go.wait(60)
        self.drawn.append(picture.seed)
        if picture.seed == 13:
            raise RuntimeError("a secret of the inside")
        return np.zeros((16, 16, 3), np.uint8)

    def frame(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        return self.render(picture, draft, check)


def is_problem(answer: httpx.Response, status: int) -> bool:
    members = answer.json()
    return (
        answer.status_code == status
        and answer.headers["content-type"] == "application/problem+json"
        and members["status"] == status
        and all(isinstance(members[key], str) and members[key] for key in ("type", "title", "detail"))
    )


async def test_unknown_paths_are_404_problems(client: httpx.AsyncClient) -> None:
    for method in ("GET", "POST", "DELETE", "PATCH"):
        for path in ("/api/v1/nothing", "/api/v2/models", "/nothing.html", "/api/v1/pictures/x/paint"):
            assert is_problem(await client.request(method, path), 404), (method, path)


async def test_other_methods_are_405_problems_that_name_the_right_ones(client: httpx.AsyncClient) -> None:
    for method, path, allowed in [
        ("DELETE", "/api/v1/models", "GET"),
        ("GET", "/api/v1/render", "POST"),
        ("POST", "/healthz", "GET"),
        ("PATCH", "/docs", "GET"),
    ]:
        answer = await client.request(method, path)
        assert is_problem(answer, 405), (method, path)
        assert allowed in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/api/v1/models", "/api/v1/models/village/images/1", "/healthz", "/docs"])
async def test_what_can_be_got_has_a_head(client: httpx.AsyncClient, path: str) -> None:
    got, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert [head.headers.get(name) for name in ("content-type", "content-length", "etag")] == [
        got.headers.get(name) for name in ("content-type", "content-length", "etag")
    ]


async def test_a_head_is_counted_as_one_and_offered_where_it_is_possible(client: httpx.AsyncClient) -> None:
    assert (await client.head("/api/v1/models/village/images/1")).status_code == 200
    assert (
        'method="HEAD",route="/api/v1/models/{model}/images/{seed}",status="200"' in (await client.get("/metrics")).text
    )
    assert (await client.head("/api/v1/render")).status_code == 405
    assert (await client.delete("/api/v1/models")).headers["allow"] == "GET, HEAD"
    assert (await client.get("/api/v1/render")).headers["allow"] == "POST"


async def test_a_client_that_leaves_while_it_sends_is_no_error(installed: Path, tmp_path: Path) -> None:
    app = create_app(settings_in(installed, data_dir=tmp_path))
    messages = iter([{"type": "http.request", "body": b'{"se', "more_body": True}, {"type": "http.disconnect"}])
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/render",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-length", b"99")],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    async with app.router.lifespan_context(app):
        await app(scope, receive, send)
    assert sent[0]["status"] == 499


async def test_an_unexpected_error_is_a_500_problem_that_tells_nothing(installed: Path, tmp_path: Path) -> None:
    painter = HeldPainter()
    painter.go.set()
    async with asgi_client(settings_in(installed, data_dir=tmp_path), painter=painter.make) as client:
        answer = await client.post("/api/v1/render", json={"seed": 13})
        assert is_problem(answer, 500)
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
        assert (await client.post("/api/v1/render", json={"seed": 14})).status_code == 200


async def test_every_500_carries_the_headers_too(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with asgi_client(settings_in(installed, data_dir=tmp_path / "data")) as client:
        monkeypatch.setattr("server.web.middleware.authorize", lambda scope, settings: 1 / 0)
        for method in ("GET", "HEAD", "POST"):
            answer = await client.request(method, "/api/v1/models")
            assert answer.status_code == 500
            assert answer.headers["content-type"] == "application/problem+json"
            for name in ("x-content-type-options", "content-security-policy", "referrer-policy"):
                assert name in answer.headers


async def test_the_methods_of_every_call_are_offered(client: httpx.AsyncClient) -> None:
    made = (await client.post("/api/v1/pictures", json={"seed": 1})).json()["id"]
    for path, allowed in (
        (f"/api/v1/pictures/{made}", "DELETE, GET, HEAD, PATCH"),
        (f"/api/v1/pictures/{made}/edits/0", "DELETE"),
        (f"/api/v1/pictures/{made}/edits", "PUT"),
        ("/api/v1/pictures", "POST"),
        ("/api/v1/models", "GET, HEAD"),
        ("/docs", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
    ):
        answer = await client.request("TRACE", path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed), path


async def test_no_detail_tells_a_path(tmp_path: Path) -> None:
    write_model(tmp_path)
    results, models = tmp_path / "dissect_results" / "village", tmp_path / "models" / "village"
    whole = (results / "dissection.json").read_bytes()
    calls = (
        ("POST", "/api/v1/render"),
        ("POST", "/api/v1/pictures"),
        ("POST", "/api/v1/segment"),
        ("GET", "/api/v1/models/village/concepts"),
        ("GET", "/api/v1/models/village/images/1"),
        ("GET", "/api/v1/models/village/context"),
        ("GET", "/api/v1/models/village/layers/layer4/units"),
        ("GET", "/readyz"),
    )
    for damage in ("dissection", "weights", "nothing installed"):
        (results / "dissection.json").write_bytes(b"{" if damage == "dissection" else whole)
        if damage == "weights":
            (models / "generator.safetensors").write_bytes(b"")
        if damage == "nothing installed":
            shutil.rmtree(tmp_path / "models")
        async with asgi_client(settings_in(tmp_path)) as client:
            while "still being drawn" in (await client.get("/readyz")).text:
                await asyncio.sleep(0.01)
            for method, path in calls:
                answer = await client.request(method, path, json={"seed": 1} if method == "POST" else None)
                assert is_problem(answer, answer.status_code), path
                assert answer.status_code in (404, 500, 503)
                assert "/" not in answer.json()["detail"].replace("dissect_results/village/", "").replace(
                    "village/generator.safetensors", ""
                ), answer.text
                assert str(tmp_path) not in answer.text


async def test_every_answer_carries_the_headers_that_keep_browsers_strict(client: httpx.AsyncClient) -> None:
    for path in ("/api/v1/models", "/api/v1/models/village/images/1", "/nothing", "/docs", "/healthz"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]


async def test_host_origin_and_token_are_checked_before_anything_else(installed: Path, tmp_path: Path) -> None:
    async with asgi_client(settings_in(installed, data_dir=tmp_path, token="hunter2")) as client:
        good = {"Authorization": "Bearer hunter2"}
        assert is_problem(await client.get("/api/v1/models"), 401)
        assert (await client.get("/api/v1/models")).headers["www-authenticate"].startswith("Bearer")
        assert (await client.get("/api/v1/models", headers=good)).status_code == 200
        assert is_problem(await client.get("/api/v1/models", headers={**good, "Host": "evil.example"}), 421)
        foreign = {**good, "Origin": "http://evil.example"}
        assert is_problem(await client.post("/api/v1/pictures", json={}, headers=foreign), 403)
        assert (await client.post("/api/v1/pictures", json={}, headers=good)).status_code == 201
        assert (await client.get("/healthz")).status_code == 200


async def test_configured_origins_may_read_answers(installed: Path, tmp_path: Path) -> None:
    origin = {"Origin": "https://museum.example"}
    settings = settings_in(installed, data_dir=tmp_path, allowed_origins="https://museum.example")
    async with asgi_client(settings) as client:
        preflight = await client.options("/api/v1/render", headers={**origin, "Access-Control-Request-Method": "POST"})
        answer = await client.post("/api/v1/render", json={"seed": 1}, headers=origin)
        other = await client.get("/api/v1/models", headers={"Origin": "https://evil.example"})
    assert preflight.headers["access-control-allow-origin"] == origin["Origin"]
    assert answer.headers["access-control-allow-origin"] == origin["Origin"]
    assert "access-control-allow-origin" not in other.headers


async def test_past_the_queues_bound_a_render_is_503_with_retry_after(installed: Path, tmp_path: Path) -> None:
    painter = HeldPainter()
    async with asgi_client(settings_in(installed, data_dir=tmp_path, queue_size=2), painter=painter.make) as client:
        # The server's own first picture holds the device.
        await asyncio.to_thread(painter.started.acquire)
        waiting = [asyncio.create_task(client.post("/api/v1/render", json={"seed": seed})) for seed in (1, 2)]
        while "unitbrush_queue_length 2" not in (await client.get("/metrics")).text:
            await asyncio.sleep(0.01)
        refused = await client.post("/api/v1/render", json={"seed": 3})
        assert is_problem(refused, 503)
        assert int(refused.headers["retry-after"]) >= 1
        painter.go.set()
        assert [(await answer).status_code for answer in waiting] == [200, 200]
        assert (await client.post("/api/v1/render", json={"seed": 3})).status_code == 200


async def test_a_vanished_clients_render_is_dropped_from_the_queue(installed: Path, tmp_path: Path) -> None:
    painter = HeldPainter()
    with threaded_server(settings_in(installed, data_dir=tmp_path), painter.make) as address:
        async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
            await asyncio.to_thread(painter.started.acquire)
            leaving = asyncio.create_task(client.post("/api/v1/render", json={"seed": 666}))
            while "unitbrush_queue_length 1" not in (await client.get("/metrics")).text:
                await asyncio.sleep(0.01)
            leaving.cancel()
            while "unitbrush_queue_length 0" not in (await client.get("/metrics")).text:
                await asyncio.sleep(0.01)
            painter.go.set()
            assert (await client.post("/api/v1/render", json={"seed": 5})).status_code == 200
    assert 666 not in painter.drawn


async def test_stopping_finishes_the_renders_that_wait(installed: Path, tmp_path: Path) -> None:
    painter = HeldPainter()
    async with httpx.AsyncClient(trust_env=False) as client:
        with threaded_server(settings_in(installed, data_dir=tmp_path), painter.make) as address:
            await asyncio.to_thread(painter.started.acquire)
            render = asyncio.create_task(client.post(f"http://{address}/api/v1/render", json={"seed": 5}, timeout=60))
            while "unitbrush_queue_length 1" not in (await client.get(f"http://{address}/metrics")).text:
                await asyncio.sleep(0.01)
            threading.Timer(0.3, painter.go.set).start()
        assert (await render).status_code == 200


async def test_ready_only_after_the_first_picture(installed: Path, tmp_path: Path) -> None:
    painter = HeldPainter()
    async with asgi_client(settings_in(installed, data_dir=tmp_path), painter=painter.make) as client:
        assert (await client.get("/healthz")).status_code == 200
        assert is_problem(await client.get("/readyz"), 503)
        painter.go.set()
        while (answer := await client.get("/readyz")).status_code != 200:
            assert is_problem(answer, 503)
            await asyncio.sleep(0.01)


async def test_without_a_model_the_server_runs_and_says_what_is_missing(tmp_path: Path) -> None:
    async with asgi_client(settings_in(tmp_path)) as client:
        while "village" not in (await client.get("/readyz")).json()["detail"]:
            await asyncio.sleep(0.01)
        assert (await client.get("/api/v1/models")).json() == {"models": []}
        assert is_problem(await client.post("/api/v1/render", json={"seed": 1}), 404)
        assert is_problem(await client.post("/api/v1/pictures", json={"seed": 1}), 404)


async def test_a_damaged_model_is_a_problem_that_names_its_file(tmp_path: Path) -> None:
    write_model(tmp_path)
    weights = tmp_path / "models" / "village" / "generator.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    async with asgi_client(settings_in(tmp_path)) as client:
        answer = await client.post("/api/v1/render", json={"seed": 1})
        assert is_problem(answer, 500)
        assert answer.json()["title"] == "A file of the model is damaged or missing"
        assert answer.json()["detail"].startswith("village/generator.safetensors: damaged")
        assert str(tmp_path) not in answer.text
        while "village/generator.safetensors" not in (await client.get("/readyz")).json()["detail"]:
            await asyncio.sleep(0.01)


async def test_a_default_model_that_was_put_right_makes_the_server_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("server.web.routes.studio.RETRY_SECONDS", 0.01)
    write_model(tmp_path)
    weights = tmp_path / "models" / "village" / "generator.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:500])
    async with asgi_client(settings_in(tmp_path)) as client:
        while "village/generator.safetensors" not in (await client.get("/readyz")).json()["detail"]:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # it tries again and again, and tells of it once
        assert sum("does not draw" in message for message in caplog.messages) == 1
        weights.write_bytes(whole)
        while (await client.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.01)


async def test_metrics_count_calls_by_their_pattern(client: httpx.AsyncClient) -> None:
    for seed in (1, 2):
        await client.get(f"/api/v1/models/village/images/{seed}")
    await client.get("/api/v1/nothing")
    text = (await client.get("/metrics")).text
    pattern = 'route="/api/v1/models/{model}/images/{seed}"'
    assert f'unitbrush_requests_total{{method="GET",{pattern},status="200"}} 2' in text
    assert 'unitbrush_requests_total{method="GET",route="other",status="404"} 1' in text


def test_a_device_that_is_not_there_is_refused(installed: Path) -> None:
    settings = settings_in(installed, device="cuda:77")
    with pytest.raises(NoDevice, match="cuda:77"):
        make_painter(Catalog(settings.models_dir, settings.results_dir), settings)


async def test_ready_though_the_queue_was_full_during_the_warm_up(installed: Path, tmp_path: Path) -> None:
    painter = HeldPainter()
    settings = settings_in(installed, data_dir=tmp_path, queue_size=1)
    async with asgi_client(settings, painter=painter.make) as client:
        asked = [asyncio.create_task(client.post("/api/v1/render", json={"seed": seed})) for seed in range(100, 120)]
        while not any(task.done() and task.result().status_code == 503 for task in asked):
            await asyncio.sleep(0.01)
        painter.go.set()
        while (await client.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.01)
        await asyncio.gather(*asked)


async def test_ready_before_other_models_are_loaded(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Event(), threading.Event()

    def usable(self: Catalog) -> tuple[Model, ...]:
        begun.set()
        assert go.wait(60)
        return ()

    monkeypatch.setattr(Catalog, "usable", usable)
    async with asgi_client(settings_in(installed, data_dir=tmp_path)) as client:
        assert await asyncio.to_thread(begun.wait, 60)
        assert (await client.get("/readyz")).status_code == 200
        go.set()


class EndlessPainter(HeldPainter):
    """Draws in steps, pictures of an odd seed for ever: only its check ends those."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Semaphore(0)

    def render(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        try:
            while picture.seed == 1:
                self.started.release()
                check()
                time.sleep(0.001)
        finally:
            self.ended.release()
        return np.zeros((16, 16, 3), np.uint8)


async def test_work_ends_when_its_client_leaves_and_when_the_server_stops(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.commands.serving.STOP_SECONDS", 0.2)
    painter = EndlessPainter()
    with threaded_server(settings_in(installed, data_dir=tmp_path), painter.make) as address:
        async with httpx.AsyncClient(trust_env=False) as client:
            asked = asyncio.create_task(client.post(f"http://{address}/api/v1/render", json={"seed": 1}, timeout=60))
            await asyncio.to_thread(painter.started.acquire)
            asked.cancel()
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"http://{address}/api/v1/render", json={"seed": 2}, timeout=60)
            assert answer.status_code == 200
        client = httpx.AsyncClient(trust_env=False)
        asked = asyncio.create_task(client.post(f"http://{address}/api/v1/render", json={"seed": 1}, timeout=60))
        while painter.started.acquire(blocking=False):
            pass
        await asyncio.to_thread(painter.started.acquire)
    assert is_problem(await asked, 503)
    await client.aclose()


async def test_the_bodies_of_all_calls_together_are_bounded(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.web.middleware.MAX_BODIES", 2)
    painter = HeldPainter()
    settings = settings_in(installed, data_dir=tmp_path, max_body_bytes=10_000)
    async with asgi_client(settings, painter=painter.make) as client:
        bodies = [json.dumps({"seed": seed}).ljust(9_000) for seed in range(3, 9)]
        asked = [asyncio.create_task(client.post("/api/v1/render", content=body, headers=JSON)) for body in bodies]
        while sum(task.done() for task in asked) < 4:
            await asyncio.sleep(0.01)
        painter.go.set()
        answers = [await task for task in asked]
        assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503, 503, 503]
        assert all(("retry-after" in answer.headers) == (answer.status_code == 503) for answer in answers)
        # What is answered makes room again.
        assert (await client.post("/api/v1/render", content=bodies[0], headers=JSON)).status_code == 200
