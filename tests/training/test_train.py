"""A run of every stage on a few scenes: what changes, what is kept, and that it goes on where it stopped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from server.generators.loader import load_generator
from server.scenes.render import render
from server.scenes.scene import scene_of
from server.training import pipeline
from server.training.config import TrainConfig, load_config, save_config
from server.training.data import SceneData, render_scenes
from server.training.evaluate import Statistics, frechet
from server.training.export import export_model, resume_from_model
from server.training.state import RunState, load_checkpoint, save_checkpoint
from server.training.train import Run

SMALL = TrainConfig(
    size=64, widths=(16, 16, 48, 16, 8), scenes=250, held_out=50, batch=16, units_a_concept=2, coarse_batch=8,
    tail_images=16, coarse_images=48, trunk_images=16, joint_images=16,
)  # fmt: skip


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    assert list(render_scenes(folder, 250, 64, processes=2))[-1] == 250
    return folder


@pytest.fixture
def run(scenes: Path, tmp_path: Path) -> Run:
    return Run(tmp_path, SMALL, SceneData(scenes, SMALL.held_out), compiled=False, log=lambda line: None)


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    return {name for name in before if not torch.equal(before[name], after[name])}


def copy(state: RunState) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in state.state_dict().items()}


def test_twins_differ_only_where_something_is_hidden(scenes: Path) -> None:
    data = SceneData(scenes, 50)
    batch = data.take(np.arange(60))
    differs = (batch.images != batch.twin_images).any(1)
    assert differs.flatten(1).any(1).float().mean() > 0.9
    assert differs.float().mean() < 0.4
    assert torch.equal(batch.labels.sum(1), torch.ones(60, 64, 64))


def test_rendering_again_renders_nothing(scenes: Path) -> None:
    before = (scenes / "images.npy").stat().st_mtime_ns
    assert list(render_scenes(scenes, 250, 64, processes=1)) == [250]
    assert (scenes / "images.npy").stat().st_mtime_ns == before


def test_latents_are_those_of_the_scenes(scenes: Path) -> None:
    data = SceneData(scenes, 50)
    batch = data.take(np.array([3]))
    image, _ = render(scene_of(batch.latents[0].numpy()), 64)
    assert torch.equal(torch.from_numpy(image).permute(2, 0, 1).float()[None] / 127.5 - 1, batch.images)
    assert torch.equal(data.latents()[3], batch.latents[0])


def test_each_stage_trains_its_own_part(run: Run) -> None:
    state = run.state
    before = copy(state)
    run.stage("tail")
    moved = changed(before, copy(state))
    assert {"generator.layer6.conv.weight", "head.conv.weight", "discriminator.out.weight"} <= moved
    assert not any(name.startswith(("generator.layer5", "layout_judge")) for name in moved)

    before = copy(state)
    run.stage("coarse")
    moved = changed(before, copy(state))
    assert {"generator.layer1.conv.weight", "generator.layer4.conv.weight", "guides.layer2.conv.weight"} <= moved
    assert not any(name.startswith(("discriminator.", "layout_judge")) for name in moved)

    before = copy(state)
    run.stage("trunk")
    moved = changed(before, copy(state))
    assert {"generator.layer1.conv.weight", "generator.layer5.wscale.b", "layout_judge.out.weight"} <= moved
    assert not any(name.startswith(("discriminator.", "guides.")) for name in moved)
    # Every stage starts from the averages; what it does not train stays there.
    assert torch.equal(state.generator.layer6.conv.weight, before["average.generator.layer6.conv.weight"])

    before = copy(state)
    run.stage("joint")
    moved = changed(before, copy(state))
    assert {"generator.layer6.conv.weight", "generator.layer8.conv.weight", "discriminator.out.weight"} <= moved
    assert not any(name.startswith("layout_judge") for name in moved)
    assert torch.equal(state.generator.layer5.conv.weight, before["average.generator.layer5.conv.weight"])
    assert state.images_seen.tolist() == [16, 48, 16, 16]


def test_the_trunk_learns_what_latents_mean(scenes: Path, tmp_path: Path) -> None:
    config = replace(SMALL, coarse_images=2400, coarse_rate=4e-3)
    lines: list[str] = []
    run = Run(tmp_path, config, SceneData(scenes, 50), compiled=False, log=lines.append)
    run.stage("coarse")

    def figures(name: str) -> list[float]:
        return [float(part.split()[0]) for line in lines for part in line.split(f" {name} ")[1:]]

    assert [len(figures(name)) for name in ("at4", "at8")] == [6, 2]
    assert figures("at4")[3] < 0.9 * figures("at4")[0]
    assert figures("at8")[1] < figures("at8")[0]


def test_a_run_goes_on_from_its_checkpoint(run: Run, scenes: Path) -> None:
    run.stage("tail")
    again = Run(run.folder, SMALL, run.data, compiled=False, log=lambda line: None)
    assert not changed(copy(run.state), copy(again.state))
    again.stage("tail")  # nothing is left to do
    assert again.state.images_seen.tolist() == run.state.images_seen.tolist()


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
