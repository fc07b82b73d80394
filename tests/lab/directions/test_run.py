"""Directions from end to end, of a generator made by hand: what its latent's numbers mean is known, and is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from server.lab.directions import predictor, run
from server.lab.directions.measure import measure_effects
from server.lab.directions.predictor import Examples, Predictor
from server.lab.directions.run import NAMES, DirectionsConfig, find_directions
from server.lab.dissect.running.passes import Passes
from server.model.generator import Activations, Layer
from server.results.directions import load_directions

D = 12


def toy(z: np.ndarray) -> np.ndarray:
    """A picture of a latent, (64, 64, 3): each of its first five numbers shows in one plain way."""
    tint, dark, clouds, side, green = (float(v) for v in 1 / (1 + np.exp(-z[:5] / np.sqrt(np.mean(z * z)))))
    image = np.empty((64, 64, 3), np.float32)
    image[:] = (60 + 120 * tint, 120, 180 - 120 * tint)
    image[: round(24 * clouds)] = 230
    image[60 - round(36 * side) : 60, 8 : 8 + round(36 * side)] = (200, 60, 60)
    image[30:60, 63 - round(24 * green) : 63] = (20, 160, 20)
    return (image * (1.1 - dark)).clip(0, 255).astype(np.uint8)


def toy_examples(first: int, count: int, attributes: tuple[str, ...], report: Callable[[float], None]) -> Examples:
    """Pictures of that kind, and what they show."""
    z = np.stack([np.random.RandomState(first + i).standard_normal(D) for i in range(count)])
    report(1)
    return Examples(np.stack([toy(one) for one in z]), z[:, : len(attributes)].astype(np.float32))


class World:
    """A generator that draws them. Its only layer is the latent."""

    latent_dim, size = D, (64, 64)
    layers = (Layer("layer1", D, 1, 1),)

    def trunk(self, z: Tensor, layer: str) -> Activations:
        return Activations(z[:, :, None, None])

    def frozen(self, *_: object) -> World:
        return self

    def tail(self, a: Activations, layer: str) -> Tensor:
        images = np.stack([toy(z) for z in a.r[..., 0, 0].numpy()])
        return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1


class Dark:
    """Labels a pixel by whether it is dark."""

    concepts = ("bright", "dark")

    def __call__(self, images: Tensor) -> Tensor:
        grey = images.mean(1)
        return torch.stack([grey, -grey], 1)


class Brightness(Predictor):
    """Reads every attribute as the picture's darkness."""

    def __init__(self) -> None:
        super().__init__(torch.zeros(len(NAMES)), torch.ones(len(NAMES)))

    def forward(self, images: Tensor) -> Tensor:
        return -images.mean((1, 2, 3))[:, None].expand(-1, len(NAMES))


class Probe(Predictor):
    """Reads the numbers off a toy picture by least squares of its pixels at 8x8."""

    def __init__(self) -> None:
        super().__init__(torch.zeros(len(NAMES)), torch.ones(len(NAMES)))
        examples = toy_examples(0, 1000, NAMES, lambda done: None)
        x = torch.from_numpy(examples.images).permute(0, 3, 1, 2).float() / 127.5 - 1
        weights = np.linalg.lstsq(self.pixels(x).numpy(), examples.attributes, rcond=1e-4)[0]
        self.weights = torch.from_numpy(weights.astype(np.float32))

    def pixels(self, images: Tensor) -> Tensor:
        small = torch.nn.functional.interpolate(images, size=(8, 8), mode="area").flatten(1)
        return torch.cat([small, small.square(), torch.ones(len(small), 1)], 1)

    def forward(self, images: Tensor) -> Tensor:
        return self.pixels(images) @ self.weights


@pytest.fixture
def passes() -> Passes:
    return Passes(World(), Dark(), False, torch.device("cpu"))  # type: ignore[arg-type]


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> DirectionsConfig:
    """As little of everything as works."""
    for module in (predictor, run):
        monkeypatch.setattr(module, "HELD_OUT", 20)
    monkeypatch.setattr(run, "render_examples", toy_examples)
    monkeypatch.setattr(predictor, "WIDTHS", (8, 12, 16, 16))
    return DirectionsConfig(samples=300, scenes=120, epochs=0.5, measured=6)


def quiet(stage: str, done: float) -> None:
    pass


def test_changes_are_measured_against_the_picture_itself(passes: Passes) -> None:
    night, still = np.zeros(D), np.zeros(D)
    night[1] = 1
    into_night, nothing = measure_effects(passes, Brightness(), np.stack([night, still]), range(8), lambda done: None)
    assert into_night.effects[0] > 0.03
    assert 0.2 < into_night.kept < 0.98
    assert nothing.kept == 1
    assert np.abs(nothing.effects).max() < 1e-6


def test_what_is_written_is_what_the_server_loads(
    passes: Passes, config: DirectionsConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_predictor", lambda work, config, report: (Probe(), np.full(len(NAMES), 0.9)))
    found = find_directions(passes, "village", "abc", config, tmp_path, (3, 5), quiet)
    assert load_directions(tmp_path) == found
    assert found.names == ("season", "night", "cloudiness", "building_size", "trees")
    assert (found.generator, found.latent_dim) == ("abc", D)
    document = json.loads((tmp_path / "directions.json").read_text())
    assert document["predictor"]["r2"].keys() == set(found.names)
    vectors = np.array([d.vector for d in found.all])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for axis, direction in enumerate(found.all):
        assert direction.vector[axis] > 0.8, direction
        effects = document["directions"][axis]["effects"]
        assert effects[direction.name] == max(effects.values()) > 0.3
        assert direction.effect > 0
    assert Image.open(tmp_path / "directions.jpg").size == (5 * 68 - 4, 5 * (68 + 26) - 4)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["directions.jpg", "directions.json"]


def test_an_interrupted_run_goes_on_and_ends_the_same(
    passes: Passes, config: DirectionsConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[str] = []
    whole = find_directions(passes, "village", None, config, tmp_path / "whole", (), lambda s, done: stages.append(s))
    assert list(dict.fromkeys(stages)) == ["scenes", "predictor", "samples", "changes", "picture sheet"]

    def stop_at(wanted: str) -> Callable[[str, float], None]:
        def report(stage: str, done: float) -> None:
            if stage == wanted:
                raise KeyboardInterrupt

        return report

    for stage in ("predictor", "samples", "changes"):
        with pytest.raises(KeyboardInterrupt):
            find_directions(passes, "village", None, config, tmp_path / "cut", (), stop_at(stage))
        assert not (tmp_path / "cut" / "directions.json").exists()
    monkeypatch.setattr(run, "render_examples", None)
    monkeypatch.setattr(run, "train_predictor", None)
    assert find_directions(passes, "village", None, config, tmp_path / "cut", (), quiet) == whole


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (DirectionsConfig(samples=10), f"takes {3 * D} or more"),
        (DirectionsConfig(scenes=599), "600 or more"),
        (DirectionsConfig(measured=0), "1 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_once(
    passes: Passes, config: DirectionsConfig, words: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        find_directions(passes, "village", None, config, tmp_path / "out", (), quiet)
    assert not (tmp_path / "out").exists()
