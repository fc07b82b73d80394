"""What `make test-others` is made of, without the packages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.others.networks import Light, dcgan, linear
from tests.others.weights import OTHERS, convert

FACES, _, CATS = OTHERS


def test_networks_draw_pictures_of_64_pixels() -> None:
    z = torch.randn(2, 100, 1, 1)
    assert dcgan().eval()(z).shape == (2, 3, 64, 64)
    assert linear()(z).shape == (2, 1, 64, 64)


def test_weights_are_told_by_their_order(tmp_path: Path) -> None:
    state = linear().state_dict()
    flat = {f"fc{i}": t.flatten(1) if t.ndim == 4 else t for i, t in enumerate(state.values())}  # as linear layers have
    torch.save(flat, tmp_path / "weights.pt")
    convert(replace(CATS, file="weights.pt"), tmp_path, tmp_path / "out" / "cats.safetensors")
    again = load_file(tmp_path / "out" / "cats.safetensors")
    assert {name: tensor.shape for name, tensor in again.items()} == {n: t.shape for n, t in state.items()}
    assert all(torch.equal(again[name], tensor) for name, tensor in state.items())


def test_other_weights_are_refused(tmp_path: Path) -> None:
    torch.save({"netG_state_dict": {"a": torch.zeros(3)}}, tmp_path / "weights.tar")
    with pytest.raises(ValueError, match="holds 1 tensors"):
        convert(replace(FACES, file="weights.tar"), tmp_path, tmp_path / "faces.safetensors")


def test_light_is_told_by_its_mean() -> None:
    x = torch.cat([torch.full((1, 3, 16, 16), v) for v in (-0.9, 0.1, 0.8)])
    assert Light()(x).argmax(1).unique(dim=0).flatten().unique().tolist() == [0, 1, 2]
    assert Light()(x).argmax(1)[:, 8, 8].tolist() == [0, 1, 2]
