"""The segmenter: shapes, its file, what a damaged file says, and shares of cells."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from server.errors import WeightError
from server.model.segmenter import UNet, cell_shares, load_segmenter, save_segmenter, segmenter_notes

CONCEPTS = ("sky", "tree", "door")


@pytest.fixture
def network() -> UNet:
    torch.manual_seed(0)
    return UNet(CONCEPTS, (8, 12, 16, 20)).eval()


@pytest.mark.parametrize("size", [8, 28, 32, 64, 128])
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


def test_a_file_tells_where_it_comes_from(network: UNet, tmp_path: Path) -> None:
    save_segmenter(tmp_path / "s.safetensors", network, {"clusters": "of layer3"})
    assert segmenter_notes(tmp_path / "s.safetensors")["clusters"] == "of layer3"
    assert load_segmenter(tmp_path / "s.safetensors").concepts == CONCEPTS
    with pytest.raises(WeightError, match="holds no segmenter"):
        segmenter_notes(tmp_path / "none.safetensors")


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


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *(("concepts", value) for value in ("5", "null", '"sky"', "[]", "[1]", '["sky", "sky"]', '{"sky": 1}', "[")),
        *(("concepts", value) for value in ('["\\ud800"]', "[[]]", json.dumps(["a"] * 300), "[" * 100_000)),
        *(("widths", value) for value in ("5", "null", "[8, 12, 16]", '"8888"', "[8, 12, 16, null]", "[8.5, 1, 1, 1]")),
        *(("widths", value) for value in ("[0, 0, 0, 0]", "[-8, 12, 16, 20]", "[99999999999, 12, 16, 20]")),
        *(("widths", value) for value in (f"[1{'0' * 400}, 1, 1, 1]", "[30000, 30000, 30000, 30000]", "[1, 1, 1, 1]")),
    ],
)
def test_metadata_of_the_wrong_kind_says_so_in_one_line(network: UNet, tmp_path: Path, member: str, value: str) -> None:
    path = tmp_path / "s.safetensors"
    meta = {"concepts": json.dumps(CONCEPTS), "widths": "[8, 12, 16, 20]", member: value}
    save_file(network.state_dict(), path, metadata=meta)
    with pytest.raises(WeightError, match="holds no segmenter") as caught:
        load_segmenter(path)
    assert "\n" not in str(caught.value)


def test_a_pointer_of_git_lfs_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "s.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(WeightError, match="git lfs pull"):
        load_segmenter(tmp_path / "s.safetensors")


def test_shares_of_cells_add_up_and_count_pixels() -> None:
    labels = np.zeros((1, 16, 16), np.uint8)
    labels[0, :3, :2] = 1
    shares = cell_shares(labels, 2, 8)
    assert torch.allclose(shares.sum(1), torch.ones(1, 8, 8))
    assert shares[0, 1, :, 0].tolist() == [1, 0.5, 0, 0, 0, 0, 0, 0]
    assert shares[0, 1, :, 1:].max() == 0
    fine = cell_shares(labels, 2, 32)
    assert fine[0, 1].sum() == 4 * 6


def test_shares_are_of_cells_of_any_shape() -> None:
    labels = np.zeros((1, 40, 40), np.uint8)
    labels[0, :20] = 1
    for height, width in ((5, 6), (10, 12), (8, 8), (40, 48)):
        shares = cell_shares(labels, 2, height, width)
        assert shares.shape == (1, 2, height, width)
        assert torch.allclose(shares.sum(1), torch.ones(1, height, width))
        assert abs(float(shares[0, 1].mean()) - 0.5) < 1e-5
