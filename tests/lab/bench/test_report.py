from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from server.errors import UsageError
from server.lab.bench.report import changes, plot, read_document, table


def timing(name: str, ms: float, plain: float, spread: float = 0.02) -> dict[str, Any]:
    return {
        "name": name,
        "median_ms": ms,
        "slow_ms": ms * 1.5,
        "low_ms": ms * (1 - spread),
        "high_ms": ms * (1 + spread),
        "of_plain_pass": ms / plain,
        "runs": 9,
    }


def document(edit: float, spread: float = 0.02, plain: float = 20.0) -> dict[str, Any]:
    return {
        "model": {"name": "village", "resolution": 32, "size": [32, 32]},
        "machine": {"device": "cpu", "threads": 2, "cores": 2, "torch": "2.4"},
        "thread_choice": {"sleep": True, "alone": {"1": 8.0, "2": 5.0}, "beside": {"1": 9.0, "2": 30.0}},
        "drafts": "bfloat16",
        "bfloat16": {"time": 0.51, "mean_error": 0.4, "largest_error": 5},
        "timings": [timing("plain full pass", plain, plain), timing("edit <a>", edit, plain, spread)],
        "painters": [],
        "notes": ["something is missing"],
        "server_peak_bytes": None,
    }


def test_the_table_tells_how_the_machine_is_used() -> None:
    lines = table(document(5.0)).splitlines()
    threads = "ms of a pass by threads: 1: 8.0, 2: 5.0 alone; 1: 9.0, 2: 30.0 beside a busy process"
    assert lines[1] == f"{threads}; they sleep waiting"
    assert lines[2] == "bfloat16 takes 0.51 of float32's time, off by 0.40 of 255 in the mean, 5 at most"
    assert lines[-1] == "something is missing"
    assert lines[-3].split() == ["edit", "<a>", "5.00", "7.50", "0.250", "9"]
    given = {**document(5.0), "bfloat16": None}
    given["thread_choice"] = {"sleep": False, "alone": None, "beside": None}
    assert table(given).splitlines()[1] == ""


def test_the_table_tells_what_several_painters_got() -> None:
    crowd = {
        "painters": 64,
        "median_ms": 12.5,
        "slowest_ms": 45.6,
        "edits_per_second": 4200.0,
        "drafts_a_pass": 31.5,
        "floor_ms": 0.25,
        "problems": 0,
        "unseen": 0,
    }
    lines = table({**document(5.0), "painters": [crowd, {**crowd, "floor_ms": None, "problems": 3}]}).splitlines()
    assert [line.split() for line in lines[-5:-3]] == [
        ["64", "12.50", "45.60", "4200", "31.5", "0.250"],
        ["64", "12.50", "45.60", "4200", "31.5", "?"],
    ]
    assert lines[-3] == "  of these 3 were refused, and 0 strokes never shown"


def test_the_plot_is_an_image_with_a_bar_for_each_timing() -> None:
    root = ET.fromstring(plot(document(5.0)))
    rectangles = list(root.iter("{http://www.w3.org/2000/svg}rect"))
    bars = [float(rectangle.attrib["width"]) for rectangle in rectangles[1:]]  # behind the background
    assert len(bars) == 2
    assert bars[0] > bars[1] > 0


def test_what_changed_beyond_noise_is_told() -> None:
    told = changes(document(10.0), document(5.0))
    assert "2 measured in both runs, 1 changed" in told
    assert told.splitlines()[1].split() == ["edit", "<a>", "0.500", "->", "0.250,", "0.50", "times"]
    assert "0 changed" in changes(document(10.0), document(9.0, spread=0.2))
    # A machine that is half as fast in all is no change.
    assert "0 changed" in changes(document(10.0), document(20.0, plain=40.0))
    assert "1 measured" in changes({**document(10.0), "timings": document(10.0)["timings"][:1]}, document(5.0))


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(json.dumps(document(5.0)))
    assert read_document(path) == document(5.0)
    for text in ("{", "[]", '{"timings": []}', '{"timings": [{"name": "x"}, {"name": "y"}]}'):
        path.write_text(text)
        with pytest.raises(UsageError, match=r"old\.json"):
            read_document(path)
