"""Windows on pictures: what is cut, and that what is left is what the whole picture would show."""

import numpy as np
import torch

from server.lab.train.window import random_window
from server.model.generator import Activations
from server.model.progressive import ProgressiveGenerator


def test_a_window_shows_what_the_whole_picture_shows_but_near_its_rim() -> None:
    torch.manual_seed(0)
    generator = ProgressiveGenerator(8, (16, 16, 16, 8, 8)).requires_grad_(False)
    r = torch.randn(1, 16, 16, 16)
    whole = generator.tail(Activations(r), "layer6")  # (1, 3, 64, 64)
    rng = np.random.default_rng(0)
    for _ in range(20):
        window = random_window(rng, 16, 10)
        drawn = window.trimmed(generator.tail(Activations(window.opened(r)), "layer6"), 4)
        true = window.inner(whole, 4)
        assert drawn.shape == true.shape
        middle = slice(8, -8)
        assert torch.allclose(drawn[..., middle, middle], true[..., middle, middle], atol=1e-4)


def test_the_pictures_own_edge_is_kept() -> None:
    x = torch.arange(16.0).view(1, 1, 16, 1).expand(1, 1, 16, 16)
    rows = {
        tuple(w.inner(x, 1)[0, 0, :, 0].int().tolist())
        for w in (random_window(np.random.default_rng(s), 16, 10) for s in range(60))
    }
    assert tuple(range(9)) in rows
    assert tuple(range(7, 16)) in rows
    assert all(len(found) == 8 for found in rows if 0 not in found and 15 not in found)


def test_a_window_can_be_everything() -> None:
    window = random_window(np.random.default_rng(0), 16, 16)
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(window.inner(x, 2), x)
    assert torch.equal(window.trimmed(x, 2), x)
