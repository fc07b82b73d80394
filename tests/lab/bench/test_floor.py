"""The least time of a pass, from what it multiplies and moves."""

from __future__ import annotations

import pytest
import torch

from server.lab.bench.floor import PassWork, Speed, floor_ms, speed_of, work_of
from server.model.catalog import Catalog
from server.model.generator import Generator
from server.model.progressive import ProgressiveGenerator
from tests.helpers.tiny import WIDTHS


def test_operations_and_bytes_of_a_tail_are_counted(catalog: Catalog) -> None:
    generator = catalog.get().generator
    assert isinstance(generator, ProgressiveGenerator)
    work = work_of(generator, "layer6", torch.float32)
    # Behind layer6, 16x16 of 8 units: one block that doubles the size by 4x4 taps, one at 32x32, and the colours.
    up, same, colours = 8 * 8 * 16 * 16 * 16, 8 * 8 * 9 * 32 * 32, 8 * 3 * 32 * 32
    assert WIDTHS[-1] == 8
    assert work is not None
    assert work.operations == 2 * (up + same + colours)
    assert work.weights == 4 * (8 * 8 * 16 + 8 * 8 * 9 + 8 * 3)
    assert work.moved == 4 * (8 * 256 + 8 * 1024 + 2 * 8 * 1024 + (8 + 3) * 1024)
    half = work_of(generator, "layer6", torch.bfloat16)
    assert half is not None
    assert (half.operations, 2 * half.weights, 2 * half.moved) == (work.operations, work.weights, work.moved)


def test_a_network_that_needs_numbers_has_no_count() -> None:
    class Peeking(ProgressiveGenerator):
        def frozen(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Generator:
            raise NotImplementedError("Cannot copy out of meta tensor; no data!")

    assert work_of(Peeking(latent_dim=8, widths=WIDTHS), "layer4", torch.float32) is None


@pytest.mark.parametrize(
    ("work", "pictures", "ms"),
    [
        (PassWork(operations=10_000, weights=1, moved=1), 3, 30.0),  # multiplying takes longer
        (PassWork(operations=1, weights=5_000, moved=1_000), 5, 20.0),  # moving does
    ],
)
def test_the_floor_is_the_longer_of_multiplying_and_moving(work: PassWork, pictures: int, ms: float) -> None:
    assert floor_ms(work, Speed(operations=1e6, moved=5e5), pictures) == pytest.approx(ms)


def test_a_devices_speed_is_measured() -> None:
    speed = speed_of(torch.device("cpu"), torch.float32, side=64)
    assert speed.operations > 0
    assert speed.moved > 0
