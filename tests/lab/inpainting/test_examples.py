from __future__ import annotations

import numpy as np
import torch

from server.lab.inpainting.examples import LEAST, MOST, OF_EACH, brushed, draw, holes, parts
from server.model.catalog import Catalog
from server.model.latents import latents_of


def test_samples_are_those_of_their_seeds(catalog: Catalog) -> None:
    generator = catalog.get().generator
    images = draw(generator, [3, 4], torch.device("cpu"))
    at = generator.layers[0].name
    with torch.no_grad():
        z = latents_of([4], generator.latent_dim)
        second = generator.tail(generator.trunk(z, at), at).clamp(-1, 1)
    assert images.shape == (2, 3, 32, 32)
    assert torch.allclose(images[1:], second, atol=1e-5)


def test_of_each_picture_comes_a_part_and_the_whole() -> None:
    images = torch.arange(2.0)[:, None, None, None] + torch.linspace(0, 0.5, 12)[:, None].expand(2, 3, 12, 16)
    some = parts(images, 6, np.random.default_rng(0))
    assert some.shape == (2 * OF_EACH, 3, 6, 6)
    assert [int(one.min()) for one in some] == [0, 0, 1, 1]
    part, whole = some[0], some[1]
    assert part.max() - part.min() < 0.25 < whole.max() - whole.min()
    assert parts(images, 99, np.random.default_rng(0)).shape == (4, 3, 12, 16)


def test_holes_are_brushed_anywhere_and_of_a_size_to_be_filled() -> None:
    rng = np.random.default_rng(0)
    some = [brushed(32, 48, rng) for _ in range(60)]
    assert all(mask.shape == (32, 48) for mask in some)
    assert all(LEAST <= mask.mean() <= MOST for mask in some)
    assert np.mean(some, 0).min() > 0
    assert len({mask.tobytes() for mask in some}) == 60
    assert np.array_equal(brushed(32, 48, np.random.default_rng(5)), brushed(32, 48, np.random.default_rng(5)))
    few = holes(3, 16, 16, rng)
    assert few.shape == (3, 1, 16, 16)
    assert set(few.unique().tolist()) == {0.0, 1.0}
