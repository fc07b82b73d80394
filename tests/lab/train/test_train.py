"""A run of every stage on a few scenes: what changes, what is kept, and that it goes on where it stopped."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from server.lab.scenes.concepts import CONCEPTS, TREE
from server.lab.scenes.render import render
from server.lab.scenes.scene import scene_of
from server.lab.train import pipeline, steps
from server.lab.train.config import TrainConfig, load_config, save_config
from server.lab.train.data import SceneData, absent_latent, stroke_of
from server.lab.train.edits import Rehearsal
from server.lab.train.export import export_model, resume_from_model
from server.lab.train.layout import cell_shares
from server.lab.train.sketching import stroke_alpha
from server.lab.train.state import RunState, load_checkpoint, save_checkpoint
from server.lab.train.steps import Drawn, Functions, RandomStrokes, random_strokes, stroke_losses
from server.lab.train.store import render_scenes, scene_latents
from server.lab.train.train import TrainingRun
from server.lab.train.window import Window
from server.model.weights import load_generator

SMALL = TrainConfig(
    size=64, widths=(16, 16, 16, 64, 32, 96, 16, 16, 8, 8), scenes=250, more_layouts=0, held_out=50,
    tail_images=16, tail_batch=4, trunk_images=64, trunk_batch=8, joint_images=32,
)  # fmt: skip


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    assert list(render_scenes(folder, 250, 0, 64, processes=2))[-1] == 500
    return folder


@pytest.fixture
def run(scenes: Path, tmp_path: Path) -> TrainingRun:
    return TrainingRun(tmp_path, SMALL, SceneData(scenes, SMALL.held_out), compiled=False, log=lambda line: None)


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    return {name for name in before if not torch.equal(before[name], after[name])}


def copy(state: RunState) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in state.state_dict().items()}


def test_twins_differ_only_where_something_is_hidden(scenes: Path) -> None:
    batch = SceneData(scenes, 50).take(np.arange(60))
    differs = (batch.scenes.images != batch.twins.images).any(1)
    assert differs.flatten(1).any(1).float().mean() > 0.9
    assert differs.float().mean() < 0.4
    assert torch.equal(batch.scenes.labels.sum(1), torch.ones(60, 64, 64))


def test_latents_are_those_of_the_scenes(scenes: Path) -> None:
    data = SceneData(scenes, 50)
    index = data.held_out_indices(1)
    image, _ = render(scene_of(scene_latents(index)[0].numpy()), 64)
    shown = torch.from_numpy(image).permute(2, 0, 1).float()[None] / 127.5 - 1
    assert torch.equal(shown, data.take(index).scenes.images)


def test_each_stage_trains_its_own_part(run: TrainingRun) -> None:
    state = run.state
    before = copy(state)
    run.stage("tail")
    moved = changed(before, copy(state))
    assert {"generator.layer7.conv.weight", "generator.layer10.wscale.b", "head.conv.weight"} <= moved
    assert not any(name.startswith(("generator.layer6", "discriminator", "guides")) for name in moved)

    before = copy(state)
    run.stage("trunk")
    moved = changed(before, copy(state))
    assert {"generator.layer1.conv.weight", "generator.layer6.wscale.b"} <= moved
    assert "guides.layer2.conv.weight" in moved
    assert not any(name.startswith("discriminator.") for name in moved)
    # Every stage starts from the averages; what it does not train stays there.
    assert torch.equal(state.generator.layer7.conv.weight, before["average.generator.layer7.conv.weight"])

    before = copy(state)
    run.stage("joint")
    moved = changed(before, copy(state))
    assert {"generator.layer7.conv.weight", "generator.layer8.conv.weight", "discriminator.out.weight"} <= moved
    assert torch.equal(state.generator.layer6.conv.weight, before["average.generator.layer6.conv.weight"])
    assert state.images_seen.tolist() == [16, 64, 32]


def figures(lines: list[str], name: str) -> list[float]:
    """The values of a figure in a log."""
    return [float(part.split()[0]) for line in lines for part in line.split(f" {name} ")[1:]]


def test_a_run_warns_of_what_its_samples_lose_and_of_a_discriminator_that_wins(
    scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    run = TrainingRun(
        tmp_path, replace(SMALL, joint_images=400), SceneData(scenes, 50), compiled=False, log=lines.append
    )
    with torch.no_grad():
        run.state.average["head"].conv.bias[TREE] = 1e3  # nothing but trees are seen
    run.save("tail")
    assert lines == []
    run.save("trunk")
    assert "trunk: warning: sky is shown 0.00 times as often as in scenes" in lines
    assert not any("warning: tree" in line for line in lines)

    monkeypatch.setattr(run, "_teach", lambda *_: 0.01)
    run.stage("joint")
    assert "joint: warning: the discriminator wins (d 0.010)" in lines


def test_the_trunk_learns_what_latents_mean(scenes: Path, tmp_path: Path) -> None:
    config = replace(SMALL, trunk_images=4000)
    lines: list[str] = []
    TrainingRun(tmp_path, config, SceneData(scenes, 50), compiled=False, log=lines.append).stage("trunk")
    for name in ("lost", "stroke", "sketch", "layer2", "layer4"):
        found = figures(lines, name)
        assert len(found) == 10
        assert found[9] < 0.8 * found[0], name


def test_the_tail_learns_to_draw_layouts(scenes: Path, tmp_path: Path) -> None:
    config = replace(SMALL, tail_images=800)
    lines: list[str] = []
    TrainingRun(tmp_path, config, SceneData(scenes, 50), compiled=False, log=lines.append).stage("tail")
    found = figures(lines, "l1")
    assert len(found) == 4
    assert found[3] < 0.6 * found[0]


def test_samples_are_held_to_the_scenes_that_their_latents_mean(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Rehearsal, torch.Tensor]] = []
    latents: list[torch.Tensor] = []
    sketched: list[tuple[torch.Tensor, torch.Tensor]] = []
    trunk, draw = run.f.trunk, steps.draw

    def noted(state: RunState, f: Functions, r: torch.Tensor, task: Rehearsal, *rest: Any) -> Drawn:
        seen.append((task, rest[1]))
        return draw(state, f, r, task, *rest)

    def asked(z: torch.Tensor, alpha: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        latents.append(z)
        sketched.append((alpha, factor))
        return trunk(z, alpha, factor)

    monkeypatch.setattr(steps, "draw", noted)
    run.f = replace(run.f, trunk=asked)
    run.config = replace(SMALL, follow=0.25)
    step, known = run._joint(), scene_latents(range(200))
    lacking = {i: z for i in range(0, 200, 2) if (z := absent_latent(i)) is not None}
    for _ in range(16):
        step(0.5)
    early = late = at_random = drawn = answered = 0
    for (task, trust), asked_for, (alpha, factor) in zip(seen, latents[::2], sketched[::2], strict=True):
        assert trust.tolist() == [1.0, 1.0, 0.25, 0.25, 0.25, 0.25]
        assert torch.equal(factor, task.factor[2:6])
        for i, (z, target) in enumerate(zip(asked_for, task.target[2:6], strict=True)):
            strokes = [bool(part.any()) for part in (alpha[i], task.alpha[2 + i])]
            assert sum(strokes) <= (i > 0)  # on the sketch or on the layout, none on the first
            early, late = early + strokes[0], late + strokes[1]
            assert float(factor[i]) == 0 or any(strokes)
            assert i == 1 or (float(factor[i]) > 0) == (i > 1 and any(strokes))
            at = [j for j, twin in lacking.items() if torch.equal(twin, z)]
            if at:
                drawn += any(strokes)
                scene, twin = (run.data.views(np.array(at), twin=t).images[0] for t in (0, 1))
                outside = task.inside[2 + i] == 0
                assert i == 3
                assert torch.equal(target * outside, twin * outside) or torch.equal(target, scene)
                assert torch.equal(target * ~outside, scene * ~outside)
                continue
            index = np.array([int((known == z).all(1).nonzero())])
            if index[0] % 2:
                answered += 1
                assert i > 1
                assert strokes == [True, False]
                stroke = stroke_of(int(index[0]))
                assert stroke is not None
                assert torch.equal(alpha[i], stroke_alpha(stroke, 8))
                assert torch.equal(target, run.data.views(index, twin=1).images[0])
                continue
            removed = i == 1 and any(strokes) and float(factor[i]) == 0
            assert torch.equal(target, run.data.views(index, twin=int(removed)).images[0])
    for (task, _), asked_for, again, (alpha, factor) in zip(
        seen, latents[::2], latents[1::2], sketched[1::2], strict=True
    ):
        assert torch.equal(again, asked_for[[0, 0]])  # random strokes are on the first sample
        assert torch.equal(factor, task.factor[6:])
        for i in range(2):
            assert bool(alpha[i].any()) != bool(task.alpha[6 + i].any())
            at_random += bool(alpha[i].any())
    assert answered >= 16
    assert drawn > 1
    assert early > answered
    assert late > 1
    assert 4 < at_random < 28


def test_strokes_draw_where_the_world_has_it_and_remove_what_is_there(scenes: Path) -> None:
    data = SceneData(scenes, 50)
    layouts = data.take(data.held_out_indices(20)).scenes.layouts
    strokes = random_strokes(np.random.default_rng(0), data.shares(), layouts)
    assert strokes.alpha.flatten(1).amax(1).min() > 0
    there = cell_shares(layouts)
    for i in range(20):
        c, mask = int(strokes.chosen[i]), strokes.alpha[i].amax(0)
        assert (strokes.factor[i] == 0) == (i % 2 == 1)
        assert CONCEPTS[c] not in ("door", "window") or i % 2 == 1
        if i % 2 == 1:
            assert (there[i, c] * mask).sum() > 0.05 * mask.sum()


def test_strokes_are_held_to_what_they_are_about() -> None:
    window = Window(slice(0, 16), slice(0, 16), slice(0, 16), slice(0, 16))
    alpha = torch.zeros(2, len(CONCEPTS), 16, 16)
    alpha[:, TREE, 4:8, 4:8] = 1.0
    strokes = RandomStrokes(alpha, torch.tensor([1.0, 0.0]), torch.tensor([TREE, TREE]))
    images, trees, none = torch.zeros(2, 3, 64, 64), *(torch.zeros(2, len(CONCEPTS), 64, 64) for _ in range(2))
    trees[:, TREE], none[:, TREE] = 9.0, -9.0
    obeyed = torch.stack([trees[0], none[1]])
    defied = torch.stack([none[0], trees[1]])
    changed_far = images.clone()
    changed_far[:, :, 50:] = 1.0
    obey, calm = stroke_losses(images, images, obeyed, strokes, window)
    assert float(obey) < 0.01
    assert float(calm) == 0
    half = obeyed.clone()
    half[0, :, :, 24:] = none[0, :, :, 24:]  # the tree fills the left half of its stroke
    obey, calm = stroke_losses(images, images, half, strokes, window)
    assert 0.3 < float(obey) < 0.4  # half of log 2, as the other stroke is obeyed
    obey, calm = stroke_losses(images, changed_far, defied, strokes, window)
    assert float(obey) > 5
    assert float(calm) > 0.1


def test_a_run_goes_on_from_its_checkpoint(run: TrainingRun, scenes: Path) -> None:
    run.stage("tail")
    again = TrainingRun(run.folder, SMALL, run.data, compiled=False, log=lambda line: None)
    assert not changed(copy(run.state), copy(again.state))
    again.stage("tail")  # nothing is left to do
    assert again.state.images_seen.tolist() == run.state.images_seen.tolist()


def test_joint_ends_between_what_was_and_what_it_learnt(run: TrainingRun) -> None:
    before = {k: v.clone() for k, v in run.state.average.state_dict().items()}
    run.config = replace(SMALL, joint_share=0.25)
    pipeline.train_stage(run, "joint")
    pipeline.soften_joint(run)
    name = "generator.layer8.conv.weight"
    mixed = run.state.average.state_dict()[name].clone()
    again = TrainingRun(run.folder, run.config, run.data, compiled=False, log=lambda line: None)
    learnt = again.state.average.state_dict()[name].clone()
    assert torch.allclose(mixed, 0.25 * learnt + 0.75 * before[name], atol=1e-6)
    pipeline.train_stage(again, "joint")  # nothing is left to do, and nothing is softened twice
    pipeline.soften_joint(again)
    assert torch.equal(again.state.average.state_dict()[name], mixed)
    run.state.soften(before, 1.0)  # all its own: nothing changes
    assert torch.equal(run.state.average.state_dict()[name], mixed)
    run.state.soften(before, 0.5)
    assert torch.allclose(run.state.average.state_dict()[name], (mixed + before[name]) / 2, atol=1e-6)
    run.state.soften(before, 0.0)
    assert torch.equal(run.state.average.state_dict()[name], before[name])
    assert not torch.equal(mixed, before[name])


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
    machine = pipeline.Machine(torch.device("cpu"), threads=1, compiled=False)
    with pytest.raises(ValueError, match="other settings"):
        pipeline.train(tmp_path, tmp_path / "model", TrainConfig(), machine, segmenter_images=0)
