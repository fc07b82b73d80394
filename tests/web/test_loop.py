"""Nothing long runs on the event loop: what reads, writes, hashes and compresses runs in threads."""

from __future__ import annotations

import gzip
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.model.catalog import Catalog, Model
from server.web import static
from server.web.routes import analysis, images, studio
from server.web.services import Threads
from tests.helpers.serving import asgi_client, renders, settings_in

MASK = {"strokes": [{"points": [[i / 4096, 0.5] for i in range(4096)], "radius": 0.01}]}
LONG = {"model": "village", "seed": 3, "edits": [{"op": "draw", "concept": "tree", "mask": MASK}]}


class Watch:
    """Which functions were called how often, and which of them in the loop's own thread."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: Counter[str] = Counter()
        self.on_loop: set[str] = set()
        self._loop = threading.get_ident()
        self._patch = monkeypatch

    def watch(self, owner: Any, name: str) -> None:
        call: Callable[..., Any] = getattr(owner, name)

        def watched(*args: Any, **options: Any) -> Any:
            self.calls[name] += 1
            if threading.get_ident() == self._loop:
                self.on_loop.add(name)
            return call(*args, **options)

        self._patch.setattr(owner, name, watched)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


async def test_a_new_image_is_written_once_and_off_the_loop(client: httpx.AsyncClient, watch: Watch) -> None:
    await renders(client)
    for owner, name in (
        (images, "picture_to_json"),
        (images, "encode"),
        (images, "resize"),
        (images, "parse_picture"),
    ):
        watch.watch(owner, name)
    assert (await client.post("/api/v1/render?size=16", json=LONG)).status_code == 200
    assert watch.calls == dict.fromkeys(("picture_to_json", "encode", "resize", "parse_picture"), 1)
    assert watch.on_loop == set()


async def test_questions_about_a_picture_are_answered_off_the_loop(client: httpx.AsyncClient, watch: Watch) -> None:
    for name in ("digest", "receptivity", "region", "pool", "coverage", "most_active", "validate", "parse_picture"):
        watch.watch(analysis, name)
    where = {"concept": "tree"}
    for path, body in (
        ("segment", LONG),
        ("inspect", {"picture": LONG, "layer": "layer4", "mask": where}),
        ("inspect", {"picture": LONG, "layer": "layer4", "mask": MASK}),
        ("receptivity", {"picture": LONG, "concept": "tree"}),
    ):
        await client.post(f"/api/v1/{path}", json=body)
    assert watch.calls.keys() >= {"digest", "coverage", "most_active", "validate"}
    assert watch.on_loop == set()


async def test_files_and_long_answers_are_hashed_and_compressed_off_the_loop(
    installed: Path, tmp_path: Path, watch: Watch
) -> None:
    frontend = tmp_path / "frontend"
    frontend.mkdir()
    (frontend / "index.html").write_text("<p>{{ first }}</p>" * 99)
    (frontend / "new.js").write_text("x" * 2**20)
    report = tmp_path / "dissect_results" / "village" / "report"
    report.mkdir(parents=True)
    for name in ("index.html", "data.js"):
        (report / name).write_text("y" * 2**20)
    settings = settings_in(installed, data_dir=tmp_path, frontend_dir=frontend, results_dir=report.parents[1])
    async with asgi_client(settings) as client:
        watch.watch(gzip, "compress")
        watch.watch(static, "page")
        watch.watch(studio, "page")
        for path in ("/", "/?seed=1", "/?seed=2", "/new.js", "/dissect/village/", "/dissect/village/data.js", "/docs"):
            assert (await client.get(path)).status_code == 200, path
    async with asgi_client(settings_in(installed, data_dir=tmp_path)) as client:
        for path in ("models", "models/village/concepts", "models/village/directions"):
            assert (await client.get(f"/api/v1/{path}")).status_code == 200
    assert watch.calls["compress"] >= 4
    assert watch.on_loop == set()


async def test_each_kind_of_work_has_threads_of_its_own_and_a_bound() -> None:
    one, other = Threads("one", 1, most=2), Threads("other", 1, most=2)
    names = [await threads(lambda: threading.current_thread().name) for threads in (one, other, one)]
    assert names == ["one_0", "other_0", "one_0"]
    one.close()
    other.close()


def test_a_model_that_is_loading_keeps_nobody_from_another(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    village = catalog.get()
    begun, go = threading.Event(), threading.Event()

    def load(name: str) -> Model:
        begun.set()
        assert go.wait(60)
        return village

    monkeypatch.setattr(catalog, "_check", lambda name: None)
    monkeypatch.setattr(catalog, "_load", load)
    loading = threading.Thread(target=catalog.get, args=["slow"])
    loading.start()
    assert begun.wait(60)
    assert catalog.get().name == "village"
    go.set()
    loading.join()
    catalog._loaded.pop("slow")
