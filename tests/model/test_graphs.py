"""Recorded passes: which shapes are recorded, and that a replay gives what the pass gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
import torch
from torch import Tensor

from server.model.catalog import Catalog
from server.model.generator import Activations
from server.model.graphs import MOST, Replay, Replays, capture_cuda, usual_number
from server.model.latents import latents_of

needs_cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="CUDA graphs need a CUDA device, and here is none"
)


class Recorder:
    """Stands for CUDA's recording: runs again what reads the same tensors, into the same result."""

    def __init__(self) -> None:
        self.recorded: list[int] = []

    def __call__(self, run: Callable[[], Tensor]) -> tuple[Replay, Tensor]:
        result = run().clone()
        self.recorded.append(len(result))
        return lambda: result.copy_(run()), result


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def doubled(a: Activations) -> Tensor:
    return 2 * a.r + sum(part.mean() for part in a.beside)


def activations(number: int, seed: int, side: int = 4) -> Activations:
    torch.manual_seed(seed)
    return Activations(torch.randn(number, 3, side, side), (torch.full((number, 2), float(seed)),))


def test_a_batch_is_filled_up_to_the_next_power_of_two() -> None:
    assert [usual_number(n) for n in (1, 2, 3, 4, 5, 8, 9, 64)] == [1, 2, 4, 4, 8, 8, 16, 64]


def test_a_pass_is_recorded_once_for_a_usual_shape() -> None:
    recorder = Recorder()
    replays = Replays(lambda a: 2 * a.r, recorder)
    for number in (3, 4, 3, 1, 2, 4):
        a = activations(number, seed=number)
        torch.testing.assert_close(replays(a), 2 * a.r)
    assert recorder.recorded == [4, 1, 2]
    replays(activations(1, seed=1, side=8))
    assert recorder.recorded == [4, 1, 2, 1]


def test_what_is_read_beside_the_featuremaps_is_given_too() -> None:
    replays = Replays(lambda a: a.r + a.beside[0].sum(1)[:, None, None, None], Recorder())
    for seed in (1, 2):
        a = activations(2, seed)
        torch.testing.assert_close(replays(a), a.r + 2.0 * seed)


def test_recordings_are_bounded_and_the_oldest_goes_first() -> None:
    recorder = Recorder()
    replays = Replays(doubled, recorder)
    for side in range(1, MOST + 2):
        replays(activations(1, 0, side))
    replays(activations(1, 0, MOST + 1))
    assert len(recorder.recorded) == MOST + 1
    replays(activations(1, 0, 1))
    assert len(recorder.recorded) == MOST + 2


def test_what_cannot_be_recorded_is_run() -> None:
    calls = 0

    def refuse(run: Callable[[], Tensor]) -> tuple[Replay, Tensor]:
        nonlocal calls
        calls += 1
        raise RuntimeError("operation not permitted when stream is capturing")

    replays = Replays(lambda a: 2 * a.r, refuse)
    for seed in (1, 2):
        a = activations(2, seed)
        torch.testing.assert_close(replays(a), 2 * a.r)
    assert calls == 1


@needs_cuda
def test_a_graph_draws_what_the_pass_draws(catalog: Catalog) -> None:
    generator = catalog.get().generator.frozen(torch.bfloat16, "cuda")
    capture = partial(capture_cuda, torch.device("cuda"))
    replays = Replays(lambda a: generator.tail(a, "layer4"), capture)
    for seeds in ((1, 2, 3), (4, 5, 6), (7,)):
        a = generator.trunk(latents_of(seeds, generator.latent_dim), "layer4")
        torch.testing.assert_close(replays(a), generator.tail(a, "layer4"), atol=0.02, rtol=0.02)
