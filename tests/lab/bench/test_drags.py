from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from server.errors import UsageError
from server.lab.bench import drags
from server.lab.bench.browser import Drag
from server.lab.bench.drags import checkout_at, drag_lines, drags_by_turns, read_drag, shares, since, summary

DRAG = Drag("Chromium 1", 300.0, 5.0, 290, 60.0, 90.0, 20.0, {"page: tasks": 12.0, "page: layout": 1.0})


def test_turns_go_to_and_fro_between_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    order = []

    def drag(port: int, seconds: float) -> Drag:
        order.append(port)
        return replace(DRAG, seconds=seconds, median_ms=float(port))

    monkeypatch.setattr(drags, "measure_drag", drag)
    now, before = drags_by_turns([1, 2], 4.0, 3)
    assert order == [1, 2, 2, 1, 1, 2]
    assert [one.median_ms for one in now] == [1, 1, 1]
    assert [one.median_ms for one in before] == [2, 2, 2]


def test_several_drags_are_summed_up_by_their_medians() -> None:
    several = [
        DRAG,
        replace(DRAG, median_ms=40.0, costs={"page: tasks": 8.0}),
        replace(DRAG, median_ms=50.0, events=200),
    ]
    said = summary(several)
    assert (said["turns"], said["seconds"], said["events"]) == (3, 15.0, 780)
    assert (said["median_ms"], said["slow_ms"], said["frames_per_second"]) == (50.0, 90.0, 20.0)
    assert said["costs_ms"] == {"page: tasks": 12.0, "page: layout": 1.0}


def test_versions_are_compared_turn_by_turn() -> None:
    # The machine was four times as slow in the second turn.
    now = [DRAG, replace(DRAG, median_ms=240.0, frames_per_second=5.0), DRAG]
    before = [replace(one, median_ms=2 * one.median_ms, frames_per_second=one.frames_per_second / 2) for one in now]
    assert shares(now, before) == {"median_ms": 0.5, "frames_per_second": 2.0}


def test_another_run_is_compared_with(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text(json.dumps({"drag": summary([DRAG])}))
    now = summary([replace(DRAG, median_ms=30.0, frames_per_second=50.0)])
    assert since(now, read_drag(old)["drag"]) == {"median_ms": 0.5, "frames_per_second": 2.5}


def test_a_run_of_an_earlier_version_measured_less() -> None:
    figures = ("seconds", "events", "median_ms", "slow_ms", "frames_per_second")
    drag = summary([DRAG])
    document = {
        "model": {"name": "village", "resolution": 128, "size": [128, 128]},
        "machine": {"device": "cpu", "threads": 1, "cores": 2, "torch": "2"},
        "busy": 0,
        "browser": "Chromium 1",
        "first_picture_ms": 300.0,
        "drag": drag,
        "before": {"of": "old.json", "drag": {name: drag[name] for name in figures}, "shares": since(drag, drag)},
    }
    lines = drag_lines(document).splitlines()
    assert [line for line in lines if "processor time" in line] == [
        "the browser's processor time, ms a frame: page: tasks 12.0, page: layout 1.0"
    ]
    assert "1.00 of the frames that old.json has" in lines


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"drag": {"median_ms": 1}}', '{"drag": {"median_ms": 0}}'])
def test_what_is_no_run_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(content)
    with pytest.raises(UsageError):
        read_drag(tmp_path / "old.json")


def test_a_checkout_is_a_folder_with_a_server(tmp_path: Path) -> None:
    assert checkout_at(tmp_path / "old.json") is None
    with pytest.raises(UsageError):
        checkout_at(tmp_path)
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "cli.py").touch()
    assert checkout_at(tmp_path) == tmp_path
