import numpy as np
import pytest

from server.lab.scenes.latent import GROUPS, LATENT_DIM, Latent, between, group_slices, pick, strongest
from server.model.latents import latent_of


def test_every_number_belongs_to_one_group() -> None:
    used = [i for part in group_slices().values() for i in range(part.start, part.stop)]
    assert used == list(range(LATENT_DIM))


def test_chances_are_uniform() -> None:
    chances = np.array(
        [c for seed in range(100) for name, _ in GROUPS for c in Latent(latent_of(seed, 128)).group(name)]
    )
    counts, _ = np.histogram(chances, 10, (0, 1))
    assert chances.min() > 0
    assert chances.max() < 1
    assert np.abs(counts / len(chances) - 0.1).max() < 0.01


def test_only_the_direction_of_a_latent_counts() -> None:
    z = latent_of(3, 128)
    for name, _ in GROUPS:
        assert np.allclose(Latent(z).group(name), Latent(z * np.float32(7.5)).group(name))


@pytest.mark.parametrize(
    "z", [np.zeros(128), np.ones(127), np.ones((1, 128)), np.full(128, np.nan), np.full(128, np.inf)]
)
def test_what_is_no_latent_is_refused(z: np.ndarray) -> None:
    with pytest.raises(ValueError, match="128 finite numbers"):
        Latent(z)


def test_between_reaches_both_ends() -> None:
    assert between(0, -2, 3) == -2
    assert between(1, -2, 3) == 3
    assert between(0.5, -2, 3) == 0.5


def test_pick_divides_the_chance_by_the_odds() -> None:
    odds = (0.2, 0.5, 0.3)
    assert [pick(c, odds) for c in (0.0, 0.19, 0.21, 0.69, 0.71, 1.0)] == [0, 0, 1, 1, 2, 2]


def test_the_strongest_wins_and_the_others_tell_how_it_looks() -> None:
    bars = (0.8, 0.5, 0.7)
    assert strongest([0.79, 0.5, 0.1], bars) is None
    winner, looks = strongest([0.85, 0.3, 0.6], bars) or (-1, [])
    assert winner == 0
    assert looks == pytest.approx([0.3 / 0.55, 0.6 / 0.75])
    assert (strongest([0.85, 0.6, 0.6], bars) or (-1, []))[0] == 1


def test_what_others_could_have_been_is_uniform() -> None:
    rng, bars = np.random.default_rng(0), (0.6, 0.9, 0.7)
    found = [f for f in (strongest(list(c), bars) for c in rng.random((20_000, 3))) if f is not None]
    for winner in range(3):
        looks = np.array([looks for won, looks in found if won == winner])  # (M, 2)
        counts = np.stack([np.histogram(column, 5, (0, 1))[0] for column in looks.T])  # (2, 5)
        assert np.abs(counts / len(looks) - 0.2).max() < 0.05
