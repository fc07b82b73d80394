"""Colours of concepts: their own, those continued from around, and those expected in some light."""

from __future__ import annotations

import pytest
import torch

from server.lab.scenes.concepts import CONCEPTS, GRASS, TREE, WALL
from server.lab.village.colours import Expected, continued_colours, own_colours

C = len(CONCEPTS)
GREEN = torch.tensor([0.2, 0.6, 0.1])


@pytest.fixture
def expected() -> Expected:
    """Every concept is green in any light."""
    weights = torch.zeros(31, C, 3)
    weights[0] = GREEN
    return Expected(weights.flatten(1))


def lone_cell() -> tuple[torch.Tensor, torch.Tensor]:
    """A picture of 64 pixels, white grass with one red cell of tree in row 4, column 6."""
    labels = torch.zeros(1, C, 64, 64)
    labels[:, GRASS] = 1.0
    images = torch.ones(1, 3, 64, 64)
    where = (slice(None), slice(None), slice(16, 20), slice(24, 28))
    labels[where] = 0.0
    labels[:, TREE, 16:20, 24:28] = 1.0
    images[where] = torch.tensor([1.0, -1.0, -1.0])[:, None, None]
    return images, labels


def test_own_colours_are_sums_by_concept() -> None:
    colours, shares = own_colours(*lone_cell())
    assert shares[0, TREE, 0, 4, 6] == 1.0
    assert shares[0, TREE].sum() == 1.0
    assert colours[0, TREE, :, 4, 6].tolist() == [1.0, 0.0, 0.0]
    assert colours[0, GRASS, :, 4, 6].tolist() == [0.0, 0.0, 0.0]
    assert colours[0, GRASS, :, 0, 0].tolist() == [1.0, 1.0, 1.0]


def test_colours_are_continued_where_a_concept_is_absent(expected: Expected) -> None:
    found = continued_colours(*own_colours(*lone_cell()), expected.at(torch.rand(1, 3)))[0]  # (C, 3, 16, 16)
    assert torch.allclose(found[TREE, :, 4, 6], torch.tensor([1.0, 0.0, 0.0]), atol=0.05)
    beside, far = (found[TREE, 0, row, column] for row, column in ((4, 7), (15, 0)))
    assert beside > 0.7
    assert beside > far > GREEN[0]
    assert torch.allclose(found[GRASS, :, 4, 6], torch.ones(3), atol=0.05)
    assert torch.allclose(found[WALL], GREEN[:, None, None].expand(3, 16, 16), atol=1e-4)


def test_expected_colours_follow_the_light() -> None:
    torch.manual_seed(0)
    lights = torch.rand(400, 3)
    colour = torch.stack([lights[:, 0], 1 - lights[:, 1], lights[:, 2]], 1)  # (M, 3)
    shares = torch.full((400, C, 1), 0.1)
    fitted = Expected.fitted(colour[:, None] * shares, shares, lights)
    asked = torch.tensor([[0.3, 0.6, 0.5]])
    assert torch.allclose(fitted.at(asked)[0, TREE], torch.tensor([0.3, 0.4, 0.5]), atol=0.02)
