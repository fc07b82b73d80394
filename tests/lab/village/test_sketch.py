"""Sketches of scenes, and edits of sketches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.scenes.answer import BrushStroke
from server.lab.scenes.concepts import TREE
from server.lab.scenes.render import objects
from server.lab.scenes.scene import sample_scene
from server.lab.village.drawing import draw_village
from server.lab.village.parts import KINDS, kind, kinds_of
from server.lab.village.sketch import (
    CHANNELS,
    LIGHT,
    SHARES,
    applied,
    asked_kinds,
    expected_colours,
    removal_alpha,
    sketches_of,
    stroke_alpha,
)


@pytest.fixture(scope="module")
def sketched() -> tuple[torch.Tensor, torch.Tensor]:
    """The sketches of a scene and of the same without a tree."""
    scenes = [sample_scene(seed) for seed in range(40)]
    drawings = [draw_village(scene, 64) for scene in scenes]
    expected = expected_colours(drawings, scenes)
    scene = next(s for s in scenes if any(t.kind == "round" for t in s.trees))
    name = next(t.name for t in scene.trees if t.kind == "round")
    assert name in [thing.name for thing in objects(scene)]
    pair = [draw_village(scene, 256), draw_village(scene, 256, frozenset({name}))]
    both = sketches_of(pair, [scene, scene], expected)
    return both[0], both[1]


def test_shares_add_up_and_numbers_are_shares(sketched: tuple[torch.Tensor, torch.Tensor]) -> None:
    full, _ = sketched
    assert full.shape == (CHANNELS, 16, 16)
    torch.testing.assert_close(full[SHARES].sum(0), torch.ones(16, 16))
    assert float(full.min()) >= 0
    assert float(full.max()) <= 1.001


def test_a_removal_takes_all_kinds_of_what_is_gone(sketched: tuple[torch.Tensor, torch.Tensor]) -> None:
    full, without = sketched
    alpha = removal_alpha(full, without, np.random.default_rng(0))
    trees = list(kinds_of(TREE))
    assert torch.equal(alpha[trees[0]], alpha[trees[-1]])
    assert float(alpha.sum()) == pytest.approx(float(alpha[trees].sum()))
    removed = applied(full[None], alpha[None], torch.zeros(1))[0]
    assert float(removed[kind("round tree")].sum()) <= float(without[kind("round tree")].sum()) + 0.05
    assert torch.equal(removed[SHARES.stop :], full[SHARES.stop :])


def test_the_kind_that_is_new_can_be_asked_for(sketched: tuple[torch.Tensor, torch.Tensor]) -> None:
    full, without = sketched
    assert asked_kinds(without, full, TREE) == (kind("round tree"),)
    assert asked_kinds(full, without, TREE) is None


def test_a_stroke_asks_for_all_kinds_or_for_one() -> None:
    stroke = BrushStroke(TREE, ((0.5, 0.5),), 0.1)
    every, one = stroke_alpha(stroke), stroke_alpha(stroke, (kind("conifer"),))
    assert every.shape == (len(KINDS), 16, 16)
    assert int((every.amax((1, 2)) > 0).sum()) == len(kinds_of(TREE))
    assert int((one.amax((1, 2)) > 0).sum()) == 1
    assert LIGHT.stop == CHANNELS
