"""Examples of a store: edits lead from a scene to its twin, exact ones without the sketch knowing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.village.examples import blurred, examples
from server.lab.village.sketch import CHANNELS, SHARES
from server.lab.village.store import Store, open_store, seed_at
from server.model.decided import DecidedGenerator
from server.model.latents import latents_of
from server.model.pixels import to_pixels

COUNT = 8


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    drawn = open_store(tmp_path_factory.mktemp("scenes"), COUNT)
    drawn.grow(3)
    drawn.grow(COUNT)
    return drawn


def test_a_store_grows_and_is_found_again(store: Store) -> None:
    assert store.drawn == COUNT
    again = open_store(store.done.parent, COUNT)
    assert again.drawn == COUNT
    assert np.array_equal(again.parts, store.parts)
    with pytest.raises(ValueError, match="room for 8 scenes, not 9"):
        open_store(store.done.parent, COUNT + 1)


def test_perfect_examples_lead_to_the_twin(store: Store) -> None:
    index = np.arange(COUNT)
    batch = examples(store, index, np.random.default_rng(0), perfect=True)
    sketches = batch.edited(DecidedGenerator())
    assert sketches.shape == (COUNT, CHANNELS, 16, 16)
    assert np.array_equal(to_pixels(batch.images), store.images[index, 1])
    assert torch.equal(batch.parts.sum(1), torch.ones(COUNT, 128, 128))
    assert not batch.unforeseen.any()
    twins = torch.from_numpy(store.sketches[index, 1].astype(np.float32))[:, SHARES]
    scenes = torch.from_numpy(store.sketches[index, 0].astype(np.float32))[:, SHARES]
    removed = sketches[::2, SHARES] - twins[::2]
    assert float(removed.clamp(min=0).mean()) <= float((scenes - twins)[::2].clamp(min=0).mean()) + 1e-6


def test_some_edits_are_unforeseen_and_lie_where_the_picture_changes(store: Store) -> None:
    rng, seen = np.random.default_rng(1), 0
    for _ in range(6):
        batch = examples(store, np.arange(COUNT), rng)
        assert bool((batch.unforeseen <= batch.changed).all())
        seen += int(batch.unforeseen.amax((1, 2, 3)).sum())
    assert 0 < seen < 6 * COUNT / 2


def test_some_sketches_are_the_trunks_own_of_the_same_scenes(store: Store) -> None:
    generator = DecidedGenerator()
    rng = np.random.default_rng(2)
    index = np.arange(COUNT)
    made = generator.trunk(latents_of([seed_at(int(i)) for i in index], 128), generator.sketch).r
    shares = []
    for _ in range(6):
        batch = examples(store, index, rng, free=2)
        edited = batch.edited(generator)
        assert edited.shape == (COUNT + 2, CHANNELS, 16, 16)
        for i in np.flatnonzero(batch.own == 1):
            torch.testing.assert_close(edited[i, SHARES.stop :], made[i, SHARES.stop :])
        shares += batch.own.tolist()
    assert 0 < shares.count(1.0) < len(shares) / 2
    assert shares.count(0.0) > len(shares) / 4


def test_blurring_keeps_what_cells_add_up_to(store: Store) -> None:
    sketches = torch.from_numpy(store.sketches[:, 0].astype(np.float32))
    soft = blurred(sketches, torch.ones(COUNT))
    torch.testing.assert_close(soft[:, SHARES].sum(1), torch.ones(COUNT, 16, 16), atol=2e-3, rtol=0)
    assert torch.equal(blurred(sketches, torch.zeros(COUNT)), sketches)
