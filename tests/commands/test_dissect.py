from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from server.cli import main
from server.commands.dissect import brush_layers, training_scenes
from server.model.progressive import ProgressiveGenerator
from server.model.segmenter import UNet, save_segmenter
from server.results.dissection import load_dissection
from tests.helpers.decided import DECISION, SKETCH, small_decided
from tests.helpers.tiny import save_generator

CONCEPTS = ("light", "dark", "other")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random generator of 16x16 pixels and two random segmenters."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    folder.mkdir()
    torch.manual_seed(3)
    save_generator(folder / "generator.safetensors", ProgressiveGenerator(8, (8, 8, 6)))
    for name in ("segmenter", "judge"):
        network = UNet(CONCEPTS, (8, 8, 8, 8)).eval()
        save_segmenter(folder / f"{name}.safetensors", network)
    return folder.parent


def dissect(models: Path, *arguments: object) -> int:
    return main(["dissect", *map(str, arguments), "--models-dir", str(models), "--threads", "1", "--device", "cpu"])


def test_one_command_makes_a_folder_the_server_loads(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tiny"
    old = tmp_path / "old"
    assert dissect(models, "tiny", "--samples", 64, "--layers", "layer3,layer2", "--old-format", old, "--out", out) == 0
    dissection = load_dissection(out)
    assert dissection.model == "tiny"
    assert {b.layer for b in dissection.brushes} == {"layer3"}
    assert {b.layer for b in load_dissection(old).brushes} == {"layer2", "layer3"}
    said = capsys.readouterr()
    assert (out / "judged.md").read_text() in said.out
    costs = json.loads((out / "costs.json").read_text())
    assert [s["name"] for s in costs["stages"]][:3] == ["samples", "training scenes", "units"]
    passed = sum(held["seconds"] for held in costs["passes"].values())
    assert 0 < passed < sum(s["spent"] for s in costs["stages"])
    assert costs["passes"]["segmenter"]["pictures"] > 64
    assert costs["peak_mib"] > 50
    assert "peak memory" in said.out
    assert "the rest" in said.out
    assert "done" in said.err
    record = json.loads((out / "effects.json").read_text())
    assert record["plan"]["samples"] == 64


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "no model 'nowhere'; installed: tiny"),
        (["tiny", "--layers", "layer9"], "no layer 'layer9'; there are layer1 to layer6"),
        (["tiny", "--layers", ","], "no layer ','"),
        (["tiny", "--samples", "0"], "at least 24 samples, not 0"),
        (["tiny", "--segmenter", "missing.safetensors"], "missing.safetensors holds no segmenter"),
        (["tiny", "--samples", "x"], "invalid int value"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    out = tmp_path / "out"
    assert dissect(models, *arguments, "--out", out) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("unitbrush: ")
    assert says in line
    assert not out.exists()


def test_a_folder_that_cannot_be_written(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert dissect(models, "tiny", "--samples", 32, "--out", tmp_path / "file" / "out") == 2
    assert "cannot write to" in capsys.readouterr().err


def test_brushes_are_sought_where_a_generator_was_made_to_be_edited() -> None:
    decided, progressive = small_decided(), ProgressiveGenerator(8, (8, 8, 6, 6))
    every = [layer.name for layer in decided.layers]
    assert brush_layers(every, decided) == [SKETCH, DECISION]
    assert brush_layers(["layer7", SKETCH], decided) == [SKETCH]
    assert brush_layers(["layer7", "layer11"], decided) == ["layer7"]
    assert brush_layers(["layer2", "layer4", "layer6", "layer8"], progressive) == ["layer4", "layer6"]
    assert brush_layers(["layer2"], progressive) == ["layer2"]


def test_training_scenes_come_with_their_labels() -> None:
    images, labels = training_scenes(2, 32)
    assert (images.shape, labels.shape) == ((2, 32, 32, 3), (2, 32, 32))
    assert (images[0] != images[1]).any()
