from __future__ import annotations

import json
from pathlib import Path

from server.lab.directions.card import directions_section


def test_a_model_without_directions_has_no_section(tmp_path: Path) -> None:
    assert directions_section(tmp_path, tmp_path) == []


def test_every_direction_has_a_row_with_what_was_measured(tmp_path: Path) -> None:
    results, card = tmp_path / "dissect_results" / "village", tmp_path / "models" / "village"
    results.mkdir(parents=True)
    measured = {"fit": 0.814, "effects": {"season": 0.871, "night": -0.062}, "layout_kept": 0.923}
    ends = {"low": "winter", "high": "autumn"}
    document = {
        "samples": 3000,
        "measured_on": 200,
        "predictor": {"r2": {"season": 0.85, "night": 0.98}},
        "random_kept": 0.94,
        "directions": [{"name": "season", **ends, **measured}],
    }
    (results / "directions.json").write_text(json.dumps(document))
    lines = directions_section(results, card)
    assert "| season | winter, autumn | 0.81 | 0.87 | 0.06 | 0.92 |" in lines
    assert "season 0.85, night 0.98" in lines[2]
    assert not any("jpg" in line for line in lines)
    (results / "directions.jpg").write_bytes(b"")
    assert "(../../dissect_results/village/directions.jpg)" in directions_section(results, card)[-2]
