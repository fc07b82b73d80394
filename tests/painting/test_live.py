"""Frames of pictures that are painted on follow from those before, and show what `render` shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.model.catalog import Catalog
from server.painting import painter as painting
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture, Rect, Stroke, Strokes
from tests.painting.test_painter import drawable

PLAIN = Picture("village", seed=5)
DOT = Edit("draw", "tree", Strokes((Stroke(((0.06, 0.06),), 0.06),)))


@pytest.fixture(autouse=True)
def _full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Painter, "draft_dtype", torch.float32)


def apart(painter: Painter, picture: Picture) -> int:
    return int(np.abs(painter.frame(picture).astype(int) - painter.render(picture)).max())


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(drawable, min_size=2, max_size=3))
def test_frames_show_what_is_rendered(painter: Painter, pictures: list[Picture]) -> None:
    """Also where another scene, another painter's picture, or one with an edit more or less was drawn before."""
    for picture in pictures:
        for edits in (picture.edits, picture.edits[:-1], picture.edits[1:], picture.edits):
            assert apart(painter, replace(picture, edits=edits)) <= 1


def test_a_stroke_that_grows_its_undo_and_another_strength_are_updates(painter: Painter) -> None:
    painter.frame(PLAIN)
    assert painter.live.frames == {"update": 0, "pass": 1, "draft": 0}
    longer = Edit("draw", "tree", Strokes((Stroke(((0.06, 0.06), (0.12, 0.06)), 0.06),)))
    for edits in ((DOT,), (longer,), (replace(longer, strength=0.5),), (), (DOT, replace(DOT, op="remove"))):
        assert apart(painter, replace(PLAIN, edits=edits)) <= 1
    assert painter.live.frames == {"update": 5, "pass": 1, "draft": 0}


def test_what_changes_everywhere_takes_a_whole_pass(painter: Painter) -> None:
    painter.frame(PLAIN)
    painter.frame(replace(PLAIN, edits=(Edit("draw", "tree", None),)))
    painter.frame(replace(PLAIN, seed=6))
    assert painter.live.frames == {"update": 0, "pass": 3, "draft": 0}


def test_two_who_paint_on_one_scene_do_not_take_each_others_passes(painter: Painter) -> None:
    far = Edit("draw", "tree", Rect((0.9, 0.9, 1, 1)))
    for edits in ((DOT,), (far,), (replace(DOT, strength=0.9),), (replace(far, strength=0.9),)):
        painter.frame(replace(PLAIN, edits=edits))
    assert painter.live.frames["pass"] == 2
    assert painter.live.frames["update"] == 2


def test_a_painter_takes_two_passes_and_all_of_them_are_bounded(catalog: Catalog) -> None:
    one = Painter(catalog)
    one.frame(PLAIN)
    size = one.live.nbytes
    painter = Painter(catalog, pass_bytes=3 * size)
    painter.frame(replace(PLAIN, seed=6))
    painter.frame(PLAIN)
    for step in range(5):
        painter.frame(replace(PLAIN, edits=(replace(DOT, strength=0.1 + step / 10),)))
        assert painter.live.nbytes == 3 * size
    painter.frame(replace(PLAIN, seed=6, edits=(DOT,)))  # that scene's pass is there still
    assert painter.live.nbytes == 3 * size
    assert painter.live.frames == {"update": 6, "pass": 2, "draft": 0}
    nothing = Painter(catalog, pass_bytes=0)
    assert apart(nothing, PLAIN) == 0
    assert nothing.live.nbytes == 0


def test_a_frame_that_was_handed_out_is_its_receivers(painter: Painter) -> None:
    first = painter.frame(PLAIN)
    first[:] = 0
    assert apart(painter, PLAIN) == 0


def test_drafts_follow_from_kept_passes_where_that_is_faster(painter: Painter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Painter, "draft_dtype", torch.bfloat16)
    painter.frame(PLAIN, draft=True)
    painter.frame(PLAIN)
    picture = replace(PLAIN, edits=(DOT,))
    monkeypatch.setattr(painting, "DRAFT_TIME", 1.0)
    frame = painter.frame(picture, draft=True)
    assert np.abs(frame.astype(int) - painter.render(picture)).max() <= 1
    monkeypatch.setattr(painting, "DRAFT_TIME", 0.0)
    painter.frame(replace(picture, edits=(replace(DOT, strength=0.5),)), draft=True)
    assert painter.live.frames == {"update": 1, "pass": 1, "draft": 2}
