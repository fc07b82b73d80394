"""The segmenter: shapes, its file, what a damaged file says, and shares of cells."""

from pathlib import Path

import numpy as np
import pytest
import torch

from server.errors import WeightError
from server.model.segmenter import UNet, cell_shares, load_segmenter, save_segmenter

CONCEPTS = ("sky", "tree", "door")


@pytest.fixture
def network() -> UNet:
    torch.manual_seed(0)
    return UNet(CONCEPTS, (8, 12, 16, 20)).eval()


@pytest.mark.parametrize("size", [32, 64, 128])
def test_every_pixel_gets_a_score_for_every_concept(network: UNet, size: int) -> None:
    x = torch.rand(2, 3, size, size) * 2 - 1
    assert network(x).shape == (2, 3, size, size)
    assert network.pooled_features(x).shape == (2, 36)


def test_a_file_gives_the_same_segmenter(network: UNet, tmp_path: Path) -> None:
    save_segmenter(tmp_path / "s.safetensors", network)
    again = load_segmenter(tmp_path / "s.safetensors")
    x = torch.rand(2, 3, 32, 32) * 2 - 1
    assert again.concepts == CONCEPTS
    assert not again.training
    assert torch.allclose(again(x), network(x), atol=0.02)
    # Stored as float16: half the size of the parameters in memory.
    weights = sum(p.numel() for p in network.parameters())
    assert (tmp_path / "s.safetensors").stat().st_size < 3 * weights


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "missing"])
def test_a_damaged_file_says_so_in_one_line(network: UNet, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "s.safetensors"
    save_segmenter(path, network)
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "text": b"no weights"}[damage])
    with pytest.raises(WeightError, match="holds no segmenter") as caught:
        load_segmenter(path)
    assert "\n" not in str(caught.value)


def test_shares_of_cells_add_up_and_count_pixels() -> None:
    labels = np.zeros((1, 16, 16), np.uint8)
    labels[0, :3, :2] = 1
    shares = cell_shares(labels, 2, 8)
    assert torch.allclose(shares.sum(1), torch.ones(1, 8, 8))
    assert shares[0, 1, :, 0].tolist() == [1, 0.5, 0, 0, 0, 0, 0, 0]
    assert shares[0, 1, :, 1:].max() == 0
    fine = cell_shares(labels, 2, 32)
    assert fine[0, 1].sum() == 4 * 6
