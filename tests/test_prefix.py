"""The whole app under a prefix: behind proxies that strip it, behind ones that do not, and mounted in another app."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from server.app import create_app
from server.settings import Settings
from tests.helpers.serving import settings_in, threaded_server
from tests.helpers.tiny import write_model, write_units

TOKEN = "hunter2"
ROOT = "/tools/studio"
API = f"{ROOT}/api/v1"


def proxy(address: str, strips: bool) -> ASGIApp:
    """A reverse proxy that passes what is asked for below ROOT on to a server, with ROOT or without."""

    async def pass_on(request: Request) -> Response:
        path = request.url.path.removeprefix(ROOT) if strips else request.url.path
        headers = [pair for pair in request.headers.raw if pair[0] != b"transfer-encoding"]
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            url = httpx.URL(f"http://{address}{path}", query=request.scope["query_string"])
            answer = await client.request(request.method, url, headers=headers, content=await request.body())
        response = Response(answer.content, answer.status_code)
        response.raw_headers = [p for p in answer.headers.raw if p[0].lower() != b"content-encoding"]
        return response

    return Starlette(routes=[Route(ROOT + "/{path:path}", pass_on, methods=["GET", "POST", "DELETE"])])


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("prefix")
    write_model(folder)
    results = folder / "dissect_results" / "village"
    write_units(results)
    (results / "report").mkdir()
    (results / "report" / "index.html").write_text("a report")
    (folder / "frontend").mkdir()
    (folder / "frontend" / "index.html").write_text('<img src="{{ first }}">')
    return settings_in(folder, token=TOKEN)


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[str]:
    with threaded_server(settings.model_copy(update={"root_path": ROOT})) as address:
        yield address


@asynccontextmanager
async def mounted(settings: Settings, folder: Path) -> AsyncIterator[ASGIApp]:
    """Another app that has this one below ROOT, and a route of its own of a name that this one uses too."""
    app = create_app(settings.model_copy(update={"data_dir": folder}))

    async def get(request: Request) -> Response:
        return Response("another's")

    async with app.router.lifespan_context(app):
        yield Starlette(routes=[Route("/pictures/{picture}", get), Mount(ROOT, app)])


@pytest_asyncio.fixture(params=["a proxy that strips", "a proxy that does not", "a mount"])
async def client(
    request: pytest.FixtureRequest, server: str, settings: Settings, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    async def calling(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            while (await client.get(f"{ROOT}/readyz")).status_code != 200:
                await asyncio.sleep(0.01)
            yield client

    if request.param == "a mount":
        async with mounted(settings, tmp_path) as app:
            async for client in calling(app):
                yield client
    else:
        async for client in calling(proxy(server, strips=request.param == "a proxy that strips")):
            yield client


async def test_the_token_is_asked_for(client: httpx.AsyncClient) -> None:
    for path in (f"{API}/models", f"{ROOT}/metrics", f"{ROOT}/dissect/village/", f"{ROOT}/dissect/village"):
        assert (await client.get(path)).status_code == 401
        answer = await client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code in (200, 307)


async def test_the_studio_signs_in_below_the_prefix_only(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{ROOT}/?token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{ROOT}/")
    assert re.search(rf"path={ROOT}/(;|$)", answer.headers["set-cookie"].lower())
    assert (await client.get(f"{API}/models")).status_code == 200


async def test_every_address_in_an_answer_leads_somewhere(client: httpx.AsyncClient) -> None:
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    made = await client.post(f"{API}/pictures", json={"seed": 3})
    unit = await client.get(f"{API}/models/village/layers/layer4/units/1")
    first = re.findall('src="(.*)"', (await client.get(f"{ROOT}/")).text)
    docs = re.findall('(?:href|src)="([^#"]+)"', (await client.get(f"{ROOT}/docs")).text)
    assert len(docs) >= 3
    for address in (
        made.headers["location"],
        made.json()["image"],
        unit.json()["pictures"][0]["image"],
        (await client.get(f"{ROOT}/dissect/village")).headers["location"],
        *(f"{ROOT}/{relative}".replace("&amp;", "&") for relative in first),
        *docs,
    ):
        assert address.startswith(f"{ROOT}/")
        assert (await client.get(address)).status_code == 200, address
    deleted = await client.delete(made.headers["location"])
    assert deleted.status_code == 204
    assert (await client.get(f"{ROOT}/openapi.json")).json()["servers"] == [{"url": ROOT}]


async def test_calls_are_counted_by_their_pattern(client: httpx.AsyncClient) -> None:
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    for seed in (1, 2):
        await client.get(f"{API}/models/village/images/{seed}")
    await client.get(f"{ROOT}/nothing")
    counted = (await client.get(f"{ROOT}/metrics")).text
    assert 'route="/api/v1/models/{model}/images/{seed}",status="200"' in counted
    assert 'route="other",status="404"' in counted


def test_without_its_slash_the_prefix_leads_to_the_page(server: str) -> None:
    with httpx.Client(base_url=f"http://{server}", trust_env=False) as client:
        answer = client.get(f"{ROOT}?seed=3")
        assert (answer.status_code, answer.headers["location"]) == (307, f"{ROOT}/?seed=3")
