from __future__ import annotations

from typing import Any

import pytest

from server.lab.dissect.judge.comparison import Comparison
from server.lab.dissect.judge.table import verdict_table
from server.lab.dissect.judge.verdict import Verdict

CLEAR = Comparison(0.6, 0.0, 0.5, 0.02)


def verdict(**other: Any) -> Verdict:
    figures: dict[str, Any] = {
        "concept": "tree", "layer": "layer4", "units": 8, "of": 64, "grid": 8, "host": None, "drawing_pictures": 9,
        "before": 0.1, "drawn": 0.7, "random_drawn": 0.1, "all_drawn": 0.9, "visible": 0.9, "random_visible": 0.1,
        "holds": 0.8, "kept": 0.95, "clear_draw": CLEAR, "remove_layer": "layer5", "remove_units": 4,
        "removing_pictures": 7, "stood": 0.4, "removed": 0.1, "random_removed": 0.4, "kept_removing": 0.95,
        "kept_everywhere": 0.94, "clear_remove": CLEAR, **other,
    }  # fmt: skip
    return Verdict(**figures)


def test_what_brushes_are_meant_to_do() -> None:
    assert verdict().meets == {"draw": True, "remove": True, "keep": True}
    assert not verdict(drawn=0.59).meets["draw"]
    assert verdict(drawn=0.41, holds=0.5).meets["draw"]  # 0.8 of what the mask can hold
    assert verdict(removed=0.12).gone == pytest.approx(0.7)
    assert not verdict(removed=0.13).meets["remove"]
    assert not verdict(kept_removing=0.89).meets["keep"]
    assert verdict(random_removed=0.3).random_gone == pytest.approx(0.25)


def test_small_things_are_to_be_seen_in_most_tries() -> None:
    door = {"concept": "door", "grid": 16, "host": "wall", "drawn": 0.2}
    assert verdict(**door, visible=0.51).meets["draw"]
    assert not verdict(**door, visible=0.5).meets["draw"]
    assert not verdict(drawn=0.2, visible=0.51).meets["draw"]  # a tree is no small thing


def test_a_brush_that_is_not_clear_is_weak() -> None:
    unclear = Comparison(0.5, 0.4, 0.05, 0.02)
    assert verdict().weak == ()
    assert verdict(clear_remove=unclear).weak == ("removing",)
    document = verdict(clear_draw=unclear).document()
    assert document["weak"] == ["drawing"]
    assert document["clear_draw"]["holds"] is False
    assert document["gone"] == pytest.approx(0.75)


def test_the_table_says_the_rules_and_the_figures() -> None:
    verdicts = [verdict().document(), verdict(concept="door", grid=16, host="wall", drawing_pictures=5).document()]
    table = verdict_table(verdicts, (128, 128))
    assert "5 to 9 seeds to draw on and 7 to remove from" in table
    assert "48 pixels square" in table
    assert "24 pixels square; visible from 29 pixels on): door on wall." in table
    assert "| tree | layer4, 8 of 64 | 0.100 | **0.700** |" in table
    assert "| tree | layer5, 4 | 0.400 | **0.75** |" in table
    assert "Small things" not in verdict_table(verdicts[:1], (128, 128))
    wide = verdict_table(verdicts, (128, 256))
    assert "(96x48 pixels)" in wide
    assert "48x24 pixels; visible from 58 pixels on" in wide
    assert "No brush" in verdict_table([], (128, 128))


def test_a_segmenter_that_judges_its_own_choice_is_told() -> None:
    verdicts = [verdict().document()]
    assert "by a segmenter trained apart from the one that chose them." in verdict_table(verdicts, (128, 128))
    table = verdict_table(verdicts, (128, 128), apart=False)
    assert "by the very segmenter that chose them" in table
    assert "the figures are an upper bound" in table
