from __future__ import annotations

import pytest
import torch
from torch import Tensor

from server.lab.dissect.judge.artifacts import SHOWN, Ablation, Artifacts, find_artifacts
from server.lab.dissect.judge.realism import Entropy, FrechetToScenes, Measure, picture_features
from server.lab.dissect.running.workers import Workers
from server.lab.dissect.units.samples import draw_samples
from server.model.generator import Activations
from tests.helpers.handmade import HandmadeGenerator, passes

LAYERS = ("layer1", "layer2")


def find(measure: Measure) -> Artifacts:
    p = passes()
    return find_artifacts(p, measure, LAYERS, range(1000, 1060), Workers(p.device))


def to_clean_scenes() -> FrechetToScenes:
    """Pictures of the generator as it is."""
    p = passes()
    return FrechetToScenes(picture_features(p, draw_samples(p, 80, 0).images, Workers(p.device)))


@pytest.fixture
def dirty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unit 3 of the first layer turns everything grey, which the segmenter cannot name."""
    advance, tail, trunk = HandmadeGenerator.advance, HandmadeGenerator.tail, HandmadeGenerator.trunk

    def grey(self: HandmadeGenerator, a: Activations, layer: str) -> Tensor:
        at = 3 if layer == "layer1" else 2
        dirt = a.r[:, at].abs().mean((1, 2)).clamp(max=1)[:, None, None, None]
        return tail(self, a, layer) * (1 - 0.93 * dirt)

    def always_on(self: HandmadeGenerator, z: Tensor, layer: str) -> Activations:
        a = trunk(self, z, "layer1")
        a.r[:, 3] = (0.85 + 0.12 * torch.sin(9 * z[:, 7]))[:, None, None]
        return a if layer == "layer1" else self.advance(a, "layer1", layer)

    def moved(self: HandmadeGenerator, a: Activations, after: str, to: str) -> Activations:
        """In the second layer the dirt is in unit 2."""
        a = advance(self, a, after, to)
        return a if after == to else a.edited(a.r[:, [0, 1, 3, 2, 4]])

    monkeypatch.setattr(HandmadeGenerator, "advance", moved)
    monkeypatch.setattr(HandmadeGenerator, "tail", grey)
    monkeypatch.setattr(HandmadeGenerator, "trunk", always_on)


def test_a_clean_generator_has_no_artifact_units_() -> None:
    found = find(to_clean_scenes())
    assert found.units == ()
    assert found.together is None
    assert found.document()["units"] == []
    assert find(Entropy()).units == ()


@pytest.mark.parametrize("reference", [True, False], ids=["frechet", "entropy"])
def test_a_unit_that_spoils_pictures_is_found_at_its_layer(request: pytest.FixtureRequest, reference: bool) -> None:
    measure: Measure = to_clean_scenes() if reference else Entropy()
    request.getfixturevalue("dirty")
    found = find(measure)
    best = found.units[0]
    assert best.units[0] in (("layer1", 3), ("layer2", 2))  # the same dirt, seen at either
    assert best.without < 0.8 * best.value
    assert best.sure > 3
    assert found.together is not None
    assert found.together.without <= best.without
    entry = found.document()["units"][0]
    assert (entry["layer"], entry["unit"]) == best.units[0]
    assert found.document()["pictures"] == 40


def test_pictures_before_and_after_show_what_was_taken_away(dirty: None) -> None:
    found = find(Entropy())
    name = f"{found.units[0].units[0][0]}-{found.units[0].units[0][1]}"
    before, after = found.shown[name].astype(int)
    assert before.shape == (SHOWN, 32, 32, 3)
    assert after.std((1, 2, 3)).min() > before.std((1, 2, 3)).max()  # the grey is gone
    assert len(found.seeds[name]) == SHOWN
    assert set(found.seeds[name]) <= set(range(1020, 1060))


def test_worth_is_gain_for_each_label_that_changes() -> None:
    def ablation(without: float, kept: float) -> Ablation:
        return Ablation((("layer1", 0),), 1.0, without, 5.0, kept, 0.9)

    gentle, strong, rude, harmful = ablation(0.9, 0.98), ablation(0.8, 0.92), ablation(0.2, 0.8), ablation(1.1, 0.95)
    assert sorted([rude, harmful, strong, gentle], key=lambda a: -a.worth)[:2] == [gentle, strong]
    assert strong.helps
    assert not rude.helps
    assert rude.worth < 0
    assert not harmful.helps
