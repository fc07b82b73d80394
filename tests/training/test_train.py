"""A run of every stage on a few scenes: what changes, what is kept, and that it goes on where it stopped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from server.generators.loader import load_generator
from server.training import pipeline
from server.training.config import TrainConfig, load_config, save_config
from server.training.data import SceneData, halve_scenes, render_scenes
from server.training.evaluate import Statistics, frechet
from server.training.export import export_model, resume_from_model
from server.training.state import RunState, adopt, load_checkpoint, save_checkpoint
from server.training.train import Run

SMALL = TrainConfig(
    size=64, widths=(16, 16, 48, 16, 8), scenes=250, held_out=50, batch=8, trunk_batch=8, units_a_concept=2,
    tail_images=16, trunk_images=16, grow_images=16, joint_images=16,
)  # fmt: skip


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    assert list(render_scenes(folder / "full", 250, 128, processes=2))[-1] == 250
    halve_scenes(folder / "full", folder / "half")
    return folder


@pytest.fixture
def run(scenes: Path, tmp_path: Path) -> Run:
    return Run(tmp_path, SMALL, SceneData(scenes / "half", SMALL.held_out), compiled=False, log=lambda line: None)


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    return {name for name in before if not torch.equal(before[name], after[name])}


def copy(state: RunState) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in state.state_dict().items()}


def test_twins_differ_only_where_something_is_hidden(scenes: Path) -> None:
    data = SceneData(scenes / "half", 50)
    batch = data.take(np.arange(60))
    differs = (batch.images != batch.twin_images).any(1)
    assert differs.flatten(1).any(1).float().mean() > 0.9
    assert differs.float().mean() < 0.4
    assert torch.equal(batch.labels.sum(1), torch.ones(60, 64, 64))


def test_rendering_again_renders_nothing(scenes: Path) -> None:
    before = (scenes / "full" / "images.npy").stat().st_mtime_ns
    assert list(render_scenes(scenes / "full", 250, 128, processes=1)) == [250]
    assert (scenes / "full" / "images.npy").stat().st_mtime_ns == before


def test_each_stage_trains_its_own_part(run: Run) -> None:
    state = run.state
    before = copy(state)
    run.stage("tail")
    moved = changed(before, copy(state))
    assert {"generator.layer6.conv.weight", "head.conv.weight", "encoder.last.weight"} <= moved
    assert not any(name.startswith(("generator.layer5", "features.")) for name in moved)

    before = copy(state)
    run.stage("trunk")
    moved = changed(before, copy(state))
    assert {"generator.layer1.conv.weight", "generator.layer5.wscale.b", "features.out.weight"} <= moved
    assert not any(name.startswith("discriminator.") for name in moved)
    # Every stage starts from the averages; what it does not train stays there.
    assert torch.equal(state.generator.layer7.conv.weight, before["average.generator.layer7.conv.weight"])

    before = copy(state)
    run.stage("joint")
    moved = changed(before, copy(state))
    assert {"generator.layer1.conv.weight", "generator.layer8.conv.weight", "discriminator.out.weight"} <= moved
    assert state.images_seen.tolist() == [16, 16, 0, 16]


def test_a_run_goes_on_from_its_checkpoint(run: Run, scenes: Path) -> None:
    run.stage("tail")
    again = Run(run.folder, SMALL, run.data, compiled=False, log=lambda line: None)
    assert not changed(copy(run.state), copy(again.state))
    again.stage("tail")  # nothing is left to do
    assert again.state.images_seen.tolist() == run.state.images_seen.tolist()


def test_growing_keeps_what_was_learnt(run: Run, scenes: Path, tmp_path: Path) -> None:
    run.stage("tail")
    config = replace(SMALL, size=128, widths=(*SMALL.widths, 8))
    (tmp_path / "large").mkdir()
    large = Run(tmp_path / "large", config, SceneData(scenes / "full", 50), compiled=False, log=lambda line: None)
    new = adopt(large.state, run.state.state_dict())
    old = run.state.state_dict()
    grown = large.state.state_dict()
    assert torch.equal(grown["generator.layer9.conv.weight"], old["generator.layer9.conv.weight"])
    assert torch.equal(grown["discriminator.down.1.weight"], old["discriminator.down.0.weight"])
    assert "generator.layer11.conv.weight" in new
    before = copy(large.state)
    large.stage("grow")
    moved = {name for name in changed(before, copy(large.state)) if name.startswith("average.generator.")}
    layers = {name.split(".")[2] for name in moved}
    assert layers == {"layer11", "layer12", "output_128x128"}


def test_checkpoints_are_whole(tmp_path: Path) -> None:
    state = RunState(SMALL, torch.device("cpu"))
    save_checkpoint(tmp_path / "a.pt", state)
    other = RunState(replace(SMALL, seed=1), torch.device("cpu"))
    load_checkpoint(tmp_path / "a.pt", other)
    assert not changed(copy(state), copy(other))


def test_exported_files_paint_and_train_on(tmp_path: Path) -> None:
    state = RunState(SMALL, torch.device("cpu"))
    export_model(tmp_path, state, tmp_path / "model", "Test", "CC0-1.0")
    generator = load_generator(tmp_path / "model" / "generator.safetensors")
    z = torch.randn(2, SMALL.latent_dim)
    with torch.no_grad():
        expected = state.average["generator"](z)
        assert torch.allclose(generator(z), expected, atol=1e-4)
    assert load_config(tmp_path / "model" / "training.json") == SMALL
    fresh = RunState(replace(SMALL, seed=5), torch.device("cpu"))
    resume_from_model(tmp_path / "model", fresh)
    for name, tensor in fresh.state_dict().items():
        assert torch.allclose(tensor.float(), state.state_dict()[name].float(), atol=5e-3), name


def test_a_config_survives_its_file(tmp_path: Path) -> None:
    save_config(tmp_path / "c.json", SMALL)
    assert load_config(tmp_path / "c.json") == SMALL
    (tmp_path / "c.json").write_text('{"widths": [1], "nonsense": 2}')
    with pytest.raises(ValueError, match="nonsense"):
        load_config(tmp_path / "c.json")


def test_a_folder_keeps_its_settings(tmp_path: Path) -> None:
    save_config(tmp_path / "config.json", SMALL)
    with pytest.raises(ValueError, match="other settings"):
        pipeline.train(tmp_path, tmp_path / "model", TrainConfig(), compiled=False, threads=1, segmenter_images=0)


def test_frechet_distance_of_shifted_gaussians() -> None:
    eye = torch.eye(3, dtype=torch.float64)
    a = Statistics(torch.zeros(3, dtype=torch.float64), eye, torch.zeros(1))
    b = Statistics(torch.full((3,), 2.0, dtype=torch.float64), 4 * eye, torch.zeros(1))
    assert frechet(a, a) == pytest.approx(0.0, abs=1e-9)
    assert frechet(a, b) == pytest.approx(12.0 + 3.0)  # |2,2,2|^2 + 3 (1 - 2)^2
