from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from server.lab.inpainting.judge import Judge, at_holes
from server.lab.inpainting.losses import FADING, faded, inpainter_loss, judge_loss
from server.model.inpainter import Inpainter


def hole() -> torch.Tensor:
    missing = torch.zeros(2, 1, 32, 32)
    missing[:, :, 8:17, 4:15] = 1
    return missing


def test_the_deeper_in_the_hole_the_less_it_counts() -> None:
    counts = faded(hole())[0, 0]
    assert not counts[hole()[0, 0] == 0].any()
    for row, depth in ((8, 0), (9, 1), (12, 4), (16, 0)):
        assert float(counts[row, 9]) == pytest.approx(FADING**depth)


def test_places_count_where_something_was_missing() -> None:
    scores = torch.zeros(2, 1, 2, 2)
    scores[:, :, 0, 0] = 3
    scores[:, :, 1, 1] = 100  # where nothing was
    assert at_holes(scores, hole()) == pytest.approx(1.5)  # a half of the hole's places


def test_the_loss_is_of_what_was_missing_and_moves_all_of_the_network() -> None:
    torch.manual_seed(0)
    inpainter, judge, images = Inpainter(), Judge(), torch.rand(2, 3, 32, 32) * 2 - 1
    loss, filled, off = inpainter_loss(inpainter, judge, images, hole())
    inside = hole().expand_as(images) > 0
    assert torch.equal(filled[~inside], images[~inside])
    assert float(off) == pytest.approx(float((filled - images).abs()[inside].mean()), rel=1e-4)
    loss.backward()  # type: ignore[no-untyped-call]
    for name, parameter in inpainter.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name
    # All may be missing.
    assert inpainter_loss(inpainter, judge, images, torch.ones_like(hole()))[0].isfinite()


def test_what_is_missing_is_learned() -> None:
    torch.manual_seed(0)
    inpainter, judge = Inpainter(), Judge().requires_grad_(False)
    optimiser = torch.optim.Adam(inpainter.parameters(), 2e-3)
    images = F.interpolate(torch.rand(2, 3, 8, 8) * 2 - 1, scale_factor=4)
    found = []
    for _ in range(40):
        loss, _, off = inpainter_loss(inpainter, judge, images, hole())
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        found.append(float(off))
    assert found[-1] < 0.3 * found[0]


def test_a_judge_learns_to_tell_pictures_from_filled_ones() -> None:
    torch.manual_seed(1)
    judge, missing = Judge(), hole()
    optimiser = torch.optim.Adam(judge.parameters(), 1e-2)
    images = torch.full((2, 3, 32, 32), 0.5)
    filled = images - missing
    losses = []
    for _ in range(30):
        loss = judge_loss(judge, images, filled, missing)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
