"""What a server measures of its machine, and tells."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import torch

from server.model.catalog import Catalog
from server.painting.painter import Painter
from server.web.engine import Engine
from server.web.machine import Machine
from server.web.metrics import Metrics
from tests.helpers.serving import asgi_client, renders, settings_in


async def test_threads_and_drafts_are_measured_in_the_devices_thread(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.web.machine.os.cpu_count", lambda: 1)
    monkeypatch.delenv("OMP_NUM_THREADS")
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: True, raising=False)
    painter, machine, metrics = Painter(catalog), Machine(threads=0), Metrics()
    observed: list[float] = []
    machine.add_to(metrics, painter)
    assert "unitbrush_drafts_time_share NaN" in metrics.text().decode()
    async with Engine(painter, 4, observed.append) as engine:
        await machine.measure(engine, painter)
    assert machine.choice is not None
    assert machine.threads == machine.choice.count == 1
    assert observed == []
    text = metrics.text().decode()
    assert "unitbrush_threads 1.0" in text
    assert "unitbrush_drafts_time_share NaN" not in text
    assert 'unitbrush_frames_drawn_total{way="update"} 0.0' in text


async def test_threads_that_are_given_are_not_measured(catalog: Catalog) -> None:
    painter, machine = Painter(catalog, precision="float32"), Machine(threads=3)
    async with Engine(painter, 4) as engine:
        await machine.measure(engine, painter)
    assert (machine.threads, machine.choice, painter.drafts) == (3, None, None)


async def test_steps_that_fail_end_with_their_error_and_others_take_turns(catalog: Catalog) -> None:
    order: list[str] = []

    def steps():  # type: ignore[no-untyped-def]
        for i in range(3):
            order.append(f"step {i}")
            yield
        return "done"

    def failing():  # type: ignore[no-untyped-def]
        yield
        raise ValueError("thirteen")

    async with Engine(Painter(catalog), 4) as engine:
        assert await asyncio.gather(engine.steps(steps()), engine.steps(steps())) == ["done", "done"]
        assert order == ["step 0", "step 0", "step 1", "step 1", "step 2", "step 2"]
        with pytest.raises(ValueError, match="thirteen"):
            await engine.steps(failing())


async def test_a_server_tells_what_it_uses(installed: Path, tmp_path: Path) -> None:
    settings = settings_in(installed, data_dir=tmp_path, threads=1, precision="float32")
    async with asgi_client(settings) as client:
        await renders(client)
        text = (await client.get("/metrics")).text
    assert "unitbrush_threads 1.0" in text
    assert "unitbrush_drafts_bfloat16 0.0" in text
    assert 'unitbrush_frames_drawn_total{way="pass"}' in text
    assert "unitbrush_kept_passes_bytes" in text
    for cache in ("images", "trunks", "masks"):
        assert f'unitbrush_cache_hits_total{{cache="{cache}"}}' in text
    assert 'unitbrush_cache_misses_total{cache="trunks"} 0.0' not in text
    assert 'unitbrush_turns_dropped_total{why="full"} 0.0' in text
