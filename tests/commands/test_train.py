"""`unitbrush train`: from nothing to weights, and from shipped weights on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from server.cli import main
from server.lab.train.config import TrainConfig, save_config
from server.model.weights import load_generator

TINY = TrainConfig(
    size=32, widths=(16, 16, 16, 64, 32, 96, 16, 16), scenes=80, more_layouts=20, held_out=20,
    tail_images=8, trunk_images=64, trunk_batch=8, joint_images=8,
)  # fmt: skip


def weights(model: Path) -> dict[str, torch.Tensor]:
    return load_generator(model / "generator.safetensors").state_dict()


def test_one_command_makes_a_model_and_another_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_config(tmp_path / "tiny.json", TINY)
    model = tmp_path / "model"
    options = ["--model", str(model), "--weights-only", "--threads", "1", "--device", "cpu"]
    first = ["train", str(tmp_path / "run"), "--config", str(tmp_path / "tiny.json"), "--segmenter-images", "32"]
    assert main([*first, *options]) == 0
    report = json.loads((model / "evaluation.json").read_text())
    assert report["images"] == 40
    assert len(json.loads((model / "model.json").read_text())["scenes"]) == 24
    assert {path.stem for path in (model / "pictures").iterdir()} == {"samples", "interpolations", "nearest"}
    before = weights(model)

    assert main([*first, *options]) == 0  # nothing is left to do
    assert all(torch.equal(before[name], tensor) for name, tensor in weights(model).items())

    more = ["train", str(tmp_path / "more"), "--resume", "tail", "--images", "8"]
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "data").symlink_to(tmp_path / "run" / "data")
    assert main([*more, *options]) == 0
    after = weights(model)
    moved = {name for name in before if not torch.allclose(before[name], after[name], atol=1e-3)}
    assert "layer7.conv.weight" in moved
    assert "layer6.conv.weight" not in moved

    more = ["train", str(tmp_path / "joint"), "--resume", "joint", "--images", "8"]
    (tmp_path / "joint").mkdir()
    (tmp_path / "joint" / "data").symlink_to(tmp_path / "run" / "data")
    assert main([*more, *options]) == 0
    once = weights(model)
    assert any(not torch.equal(after[name], once[name]) for name in once)
    assert main([*more, *options]) == 0  # nothing is left to do, and nothing is softened twice
    assert all(torch.equal(once[name], tensor) for name, tensor in weights(model).items())
    capsys.readouterr()


def test_the_device_reaches_the_dissection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr("server.lab.train.pipeline.train", lambda *args: None)
    monkeypatch.setattr("server.cli.main", lambda arguments: calls.append(arguments) or 0)
    assert main(["train", str(tmp_path / "run"), "--model", str(tmp_path / "village"), "--device", "cpu"]) == 0
    assert [call[0] for call in calls] == ["dissect", "directions"]
    assert calls[0][calls[0].index("--device") + 1] == "cpu"
    assert "--device" not in calls[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--images", "0"], "whole numbers above 0"),
        (["--device", "cuda"], "use cpu or auto"),
        (["--config", "missing.json"], "missing.json"),
        (["--size", "256", "--resume", "joint"], "--size is for a new run"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.chdir(tmp_path)
    assert main(["train", "run", *options]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_settings_of_an_earlier_version_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_config(tmp_path / "old.json", replace(TINY))
    old = json.loads((tmp_path / "old.json").read_text())
    (tmp_path / "old.json").write_text(json.dumps({**old, "coarse_batch": 8}))
    assert main(["train", str(tmp_path / "run"), "--config", str(tmp_path / "old.json")]) == 2
    assert "coarse_batch" in capsys.readouterr().err
