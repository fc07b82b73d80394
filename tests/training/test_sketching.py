"""Strokes on sketches, and the layouts that they should lead to."""

import numpy as np
import pytest
import torch

from server.scenes.concepts import CONCEPTS, GRASS, ROOF, TREE, WALL, WINDOW
from server.training.data import Pair
from server.training.edits import COVERING, DRAWN
from server.training.layout import CHANNELS, SHARES, cell_shares, quarters
from server.training.sketching import Sketched, rehearse_sketches

C = len(CONCEPTS)
LATENT, ABSENT = torch.ones(128), torch.zeros(128)


def layout(labels: np.ndarray) -> torch.Tensor:
    """The layout of labels (64, 64), shares alone: (CHANNELS, 16, 16)."""
    found = torch.zeros(CHANNELS, 16, 16)
    found[SHARES] = quarters(torch.eye(C)[torch.from_numpy(labels)].permute(2, 0, 1)[None])[0]
    return found


def pair(roof: bool = False, absent: torch.Tensor | None = ABSENT) -> Pair:
    """A meadow with a tree, under a roof or not, and the bare meadow."""
    bare = np.full((64, 64), GRASS, np.int64)
    labels, (y, x) = bare.copy(), np.mgrid[0:64, 0:64]
    labels[np.hypot(x - 31.5, y - 31.5) < 11] = TREE
    if roof:
        labels[4:16, 8:56] = ROOF
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
    tree = cell_shares(one.scene[None])[0, TREE] > 0
    for i, name in enumerate(kinds):
        bare = name == "draw"
        assert torch.equal(task.latents[i], ABSENT if bare else LATENT)
        assert torch.equal(task.before[i], one.twin if bare else one.scene)
        low, high = COVERING if name == "cover" else DRAWN
        assert name == "remove" or low <= float(task.factor[i]) <= high
        if name in ("draw", "again"):
            assert torch.equal(task.target[i], one.scene)
            assert set(task.alpha[i].flatten(1).any(1).nonzero().flatten().tolist()) == {TREE}
        if name == "remove":
            assert torch.equal(task.target[i], one.twin)
            cells = task.alpha[i, TREE].repeat_interleave(2, 0).repeat_interleave(2, 1)
            assert (cells[tree] > 0).all()
            assert (task.inside[i, 0][tree] == 1).float().mean() > 0.8
        if name == "cover":
            assert torch.equal(task.target[i][:, task.inside[i, 0] == 1], one.twin[:, task.inside[i, 0] == 1])


def test_a_part_of_something_is_drawn_within_its_stroke_only() -> None:
    one = pair(roof=True)
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
    alphas = [task.alpha[i, TREE] for i in range(120) if kind(task, i) == "draw"]
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


def test_a_stroke_of_wall_gives_a_wall_without_doors_and_windows() -> None:
    bare = np.full((64, 64), GRASS, np.int64)
    labels = bare.copy()
    labels[24:44, 24:44] = WALL
    labels[30:38, 30:38] = WINDOW
    blind = np.where(labels == WINDOW, WALL, labels)
    task = rehearsed(Pair(LATENT, ABSENT, layout(labels), layout(bare)))
    walls = task.alpha[:, WALL].flatten(1).any(1) & (task.factor > 0)
    others = task.alpha[:, WINDOW].flatten(1).any(1) & (task.factor > 0)
    assert walls.sum() > 20
    assert others.sum() > 5
    assert all(torch.allclose(one, layout(blind)) for one in task.target[walls])
    assert not any(torch.allclose(one, layout(blind)) for one in task.target[others])
