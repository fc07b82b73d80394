"""Many painters at once: everybody sees the newest of what was painted."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from server.errors import UsageError
from server.lab.bench.painters import SPARE, allow_painters, measure_painters, paint_together
from server.lab.bench.wire import metrics
from server.model.catalog import Catalog
from server.painting.painter import Painter
from tests.helpers.serving import renders, settings_in, threaded_server


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


@pytest.mark.parametrize(("most_frames", "seconds"), [(1, 2.0), (64, 1.0)])
async def test_four_who_drag_see_their_newest_stroke(
    installed: Path, tmp_path: Path, catalog: Catalog, most_frames: int, seconds: float
) -> None:
    settings = settings_in(installed, data_dir=tmp_path, most_frames=most_frames)
    with threaded_server(settings) as address:
        port = port_of(address)
        async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
            await renders(client)  # so that the server's own drafts are over
        before = metrics(port)["unitbrush_batch_size_sum"]
        crowd = await paint_together(port, catalog.get(), painters=4, seconds=seconds, pace=60.0)
        told = metrics(port)
    assert (crowd.unseen, sum(crowd.problems.values())) == (0, 0)
    assert set(crowd.strokes) == set(crowd.frames) == {0, 1, 2, 3}
    assert len(crowd.times) == sum(crowd.frames.values())
    assert told["unitbrush_frames_sent_total"] == len(crowd.times)
    assert told["unitbrush_queue_length"] == 0
    drafts = len(crowd.times) - sum(crowd.strokes.values())
    assert told["unitbrush_batch_size_sum"] - before == (0 if most_frames == 1 else drafts)
    assert told['unitbrush_cache_hits_total{cache="trunks"}'] > 0
    assert told['unitbrush_turns_dropped_total{why="full"}'] == 0


async def test_some_who_vanish_leave_the_others_alone(installed: Path, tmp_path: Path, catalog: Catalog) -> None:
    with threaded_server(settings_in(installed, data_dir=tmp_path)) as address:
        crowd = await paint_together(port_of(address), catalog.get(), 4, 1, pace=60.0, vanishing=2)
    assert (crowd.unseen, sum(crowd.problems.values())) == (0, 0)
    assert set(crowd.strokes) == {2, 3}


def test_a_crowd_is_measured_beside_what_its_passes_take_at_least(
    installed: Path, tmp_path: Path, catalog: Catalog
) -> None:
    painter = Painter(catalog, precision="float32")
    with threaded_server(settings_in(installed, data_dir=tmp_path, most_frames=64)) as address:
        crowds, timings = measure_painters(port_of(address), painter, (1, 3), 0.1)
    assert [crowd["painters"] for crowd in crowds] == [1, 3]
    assert [timing.name for timing in timings] == ["1 at once, a frame", "3 at once, a frame"]
    for crowd, most in zip(crowds, (1, 3), strict=True):
        assert 0 < crowd["floor_ms"] < crowd["median_ms"] <= crowd["slowest_ms"]
        assert 1 <= crowd["drafts_a_pass"] <= most
        assert crowd["edits_per_second"] > 0
        assert crowd["problems"] == crowd["unseen"] == 0


def test_more_than_the_system_has_files_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: list[tuple[int, int]] = []
    monkeypatch.setattr("resource.getrlimit", lambda which: (300, 2000))
    monkeypatch.setattr("resource.setrlimit", lambda which, limits: allowed.append(limits))
    allow_painters(20)
    assert allowed == []
    allow_painters(1024)
    assert allowed == [(1024 + SPARE, 2000)]
    with pytest.raises(UsageError, match="allows a process 2000"):
        allow_painters(4096)
