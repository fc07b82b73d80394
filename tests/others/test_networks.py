"""What `make test-others` is made of, without the packages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.others import __main__ as others
from tests.others.networks import Light, dcgan, linear
from tests.others.weights import OTHERS, Other, convert

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


def test_a_network_that_fails_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = {"faces": 6, "cats": 0}

    def try_out(other: Other) -> others.Tried:
        if other.name not in draw:
            raise others.Failed("no such package")
        return others.Tried(6, draw[other.name], 4, Path("sheet.png"))

    monkeypatch.setattr(others, "try_out", try_out)
    assert others.main([]) == 1
    faces, portraits, cats = capsys.readouterr().out.splitlines()
    assert faces.startswith("faces: of 6 brushes 6 draw and 4 remove clearly; sheet.png; ")
    assert portraits == "portraits: FAILED, no such package"
    assert "0 draw" in cats
    assert others.main(["cats", "faces"]) == 0
    draw["faces"] = 2
    assert others.main(["faces"]) == 1
    assert "FEWER than the 3" in capsys.readouterr().out
    assert others.main(["dogs"]) == 2


def test_a_package_that_changed_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BUILD", "PACKAGES"):
        monkeypatch.setattr(others, name, tmp_path)
    (tmp_path / FACES.file).parent.mkdir()
    torch.save({"netG_state_dict": {"a": torch.zeros(3)}}, tmp_path / FACES.file)
    with pytest.raises(others.Failed, match="gan-face-generate is another than it was"):
        others.try_out(FACES)
