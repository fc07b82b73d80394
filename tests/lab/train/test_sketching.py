"""Strokes on sketches, and the layouts that they should lead to."""

import numpy as np
import pytest
import torch

from server.lab.scenes.answer import BrushStroke
from server.lab.scenes.concepts import CONCEPTS, GRASS, PATH, TREE, WATER
from server.lab.train.data import Pair
from server.lab.train.edits import ANSWERED, COVERING, DRAWN
from server.lab.train.layout import CHANNELS, SHARES, cell_shares, quarters
from server.lab.train.sketching import Sketched, rehearse_sketches
from server.painting.mask import coverage

C = len(CONCEPTS)
LATENT, ABSENT = torch.ones(128), torch.zeros(128)


def layout(labels: np.ndarray) -> torch.Tensor:
    """The layout of labels (64, 64), shares alone: (CHANNELS, 16, 16)."""
    found = torch.zeros(CHANNELS, 16, 16)
    found[SHARES] = quarters(torch.eye(C)[torch.from_numpy(labels)].permute(2, 0, 1)[None])[0]
    return found


def pair(path: bool = False, absent: torch.Tensor | None = ABSENT) -> Pair:
    """A meadow with a pond, under a path or not, and the bare meadow."""
    bare = np.full((64, 64), GRASS, np.int64)
    labels, (y, x) = bare.copy(), np.mgrid[0:64, 0:64]
    labels[np.hypot(x - 31.5, y - 31.5) < 11] = WATER
    if path:
        labels[4:16, 8:56] = PATH
    return Pair(LATENT, absent, layout(labels), layout(bare))


def rehearsed(one: Pair, n: int = 120, plain: int = 0) -> Sketched:
    return rehearse_sketches([one] * n, np.random.default_rng(2), plain)


def kind(task: Sketched, i: int) -> str:
    """What stroke i does, told by what it is of."""
    if float(task.factor[i]) == 0:
        return "remove" if task.alpha[i].any() else "none"
    if task.alpha[i, GRASS].any():
        return "cover"
    return "draw" if torch.equal(task.latents[i], ABSENT) else "again"


def test_strokes_of_every_kind_lead_where_they_should() -> None:
    one = pair()
    task = rehearsed(one)
    kinds = [kind(task, i) for i in range(120)]
    assert set(kinds) == {"remove", "draw", "again", "cover"}
    pond = cell_shares(one.scene[None])[0, WATER] > 0
    for i, name in enumerate(kinds):
        bare = name == "draw"
        assert torch.equal(task.latents[i], ABSENT if bare else LATENT)
        assert torch.equal(task.before[i], one.twin if bare else one.scene)
        low, high = COVERING if name == "cover" else DRAWN
        assert name == "remove" or low <= float(task.factor[i]) <= high
        if name in ("draw", "again"):
            assert torch.equal(task.target[i], one.scene)
            assert set(task.alpha[i].flatten(1).any(1).nonzero().flatten().tolist()) == {WATER}
        if name == "remove":
            assert torch.equal(task.target[i], one.twin)
            cells = task.alpha[i, WATER].repeat_interleave(2, 0).repeat_interleave(2, 1)
            assert (cells[pond] > 0).all()
            assert (task.inside[i, 0][pond] == 1).float().mean() > 0.8
        if name == "cover":
            assert torch.equal(task.target[i][:, task.inside[i, 0] == 1], one.twin[:, task.inside[i, 0] == 1])


def test_a_part_of_something_is_drawn_within_its_stroke_only() -> None:
    one = pair(path=True)
    task = rehearsed(one)
    parts = 0
    for i in range(120):
        if kind(task, i) == "draw":
            inside = task.inside[i, 0] == 1
            assert torch.equal(task.target[i][:, inside], one.scene[:, inside])
            assert torch.equal(task.target[i][:, ~inside], one.twin[:, ~inside])
            parts += 1
    assert parts > 20


def test_what_no_latent_lacks_is_never_drawn_on_the_twin() -> None:
    one = pair(absent=None)
    task = rehearsed(one)
    assert torch.equal(task.before, one.scene.expand(120, -1, -1, -1))
    assert torch.equal(task.latents, LATENT.expand(120, -1))
    assert {kind(task, i) for i in range(120)} == {"remove", "again", "cover"}


def test_strokes_are_soft_or_of_whole_cells_and_of_many_shapes() -> None:
    task = rehearsed(pair())
    alphas = [task.alpha[i, WATER] for i in range(120) if kind(task, i) == "draw"]
    whole = [a for a in alphas if a[a > 0].unique().numel() == 1]
    assert 5 < len(whole) < len(alphas) - 5
    assert len({tuple((a > 0).flatten().tolist()) for a in alphas}) >= 3


def test_the_plain_have_no_stroke() -> None:
    task = rehearsed(pair(), 40, plain=25)
    assert not task.alpha[:25].any()
    assert not task.factor[:25].any()
    assert torch.equal(task.before[:25], task.target[:25])
    assert task.alpha[25:].flatten(1).any(1).all()
    means = {tuple(row.tolist()[:1]) for row in task.latents[:25]}
    assert means == {(0.0,), (1.0,)}  # scenes and twins, each by the latent that means it


@pytest.mark.parametrize("absent", [None, ABSENT])
def test_scenes_without_a_difference_have_no_stroke(absent: torch.Tensor | None) -> None:
    one = pair()
    task = rehearsed(Pair(LATENT, absent, one.scene, one.scene))
    assert not task.alpha.any()
    assert not task.factor.any()
    assert torch.equal(task.target, task.before)


def test_what_has_a_form_is_drawn_by_strokes_that_are_answered_alone() -> None:
    bare = np.full((64, 64), GRASS, np.int64)
    labels = bare.copy()
    labels[20:40, 20:40] = TREE
    task = rehearsed(Pair(LATENT, ABSENT, layout(labels), layout(bare)))
    assert {kind(task, i) for i in range(120)} == {"remove", "cover", "none"}

    stroke = BrushStroke(TREE, ((0.47, 0.47),), 0.15, 0.7)
    task = rehearsed(Pair(None, ABSENT, layout(labels), layout(bare), stroke), 20, plain=8)
    assert torch.equal(task.latents, ABSENT.expand(20, -1))
    assert torch.equal(task.before, layout(bare).expand(20, -1, -1, -1))
    assert torch.equal(task.target[:8], layout(bare).expand(8, -1, -1, -1))
    assert torch.equal(task.target[8:], layout(labels).expand(12, -1, -1, -1))
    expected = 0.7 * torch.from_numpy(coverage(stroke.mask, 8, 8))
    assert torch.equal(task.alpha[8:, TREE], expected.expand(12, -1, -1))
    assert task.alpha[8:].flatten(1).sum(1) == pytest.approx([float(expected.sum())] * 12)
    assert (task.inside[8:, 0, 5:10, 5:10] == 1).all()
    assert task.inside[8:, 0].mean() < 0.3
    assert (task.factor[8:] >= ANSWERED[0]).all()
    assert (task.factor[8:] <= ANSWERED[1]).all()
