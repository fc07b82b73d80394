from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from server.errors import UsageError
from server.files import TRANSLATOR
from server.lab.scenes.scene import scene_of
from server.lab.translation import train
from server.lab.translation.domains import DOMAINS, crops, draw_pictures, seeds_of
from server.lab.translation.judges import Judge
from server.lab.translation.losses import judge_loss
from server.lab.translation.measure import STYLES, markdown, measure
from server.lab.translation.train import CHECKPOINT, Training, train_translator
from server.model.catalog import Catalog, Model
from server.model.latents import latent_of
from server.model.translator import Translator, translator_of
from server.painting.painter import Painter
from tests.helpers.tiny import write_model

TRAINING = Training(steps=6, batch=1, side=16, pictures=4)


@pytest.fixture
def model(tmp_path: Path) -> Model:
    write_model(tmp_path, latent_dim=128)
    return Catalog(tmp_path / "models", tmp_path / "dissect_results").get()


def test_domains_are_scenes_of_a_season(model: Model) -> None:
    for domain, (low, high) in DOMAINS.items():
        seeds = seeds_of(domain, 5, 128)
        some = [next(seeds) for _ in range(5)]
        assert some == sorted(set(some))
        assert all(low <= scene_of(latent_of(seed, 128)).season <= high for seed in some)
    pictures = draw_pictures(model.generator, "winter", 0, 3)
    assert (pictures.shape, pictures.dtype) == ((3, 32, 32, 3), np.uint8)
    with pytest.raises(UsageError, match="village"):
        seeds_of("winter", 0, 8)


def test_crops_are_parts_of_the_pictures() -> None:
    pictures = np.stack([np.full((8, 12, 3), value, np.uint8) for value in (0, 255)])
    some = crops(pictures, 40, 4, np.random.default_rng(0))
    assert some.shape == (40, 3, 4, 4)
    assert set(some.unique().tolist()) == {-1.0, 1.0}
    assert crops(pictures, 1, 99, np.random.default_rng(0)).shape == (1, 3, 8, 8)


def test_a_judge_learns_to_tell_domains_from_what_is_painted() -> None:
    torch.manual_seed(1)
    judges = {domain: Judge() for domain in DOMAINS}
    optimiser = torch.optim.Adam([p for judge in judges.values() for p in judge.parameters()], 1e-3)
    images = {domain: torch.full((2, 3, 16, 16), 0.5) for domain in DOMAINS}
    painted = {domain: torch.full((2, 3, 16, 16), -0.5) for domain in DOMAINS}
    losses = []
    for _ in range(30):
        loss = judge_loss(judges, images, painted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_pictures_learn_to_come_back(model: Model) -> None:
    found: list[float] = []
    train_translator(model, Training(steps=50, batch=1, side=16, pictures=2), lambda step, loss: found.append(loss))
    assert sum(found[-8:]) < 0.9 * sum(found[:8])


def test_an_interrupted_training_goes_on_where_it_stopped(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "STORED_EVERY", 2)
    whole: list[float] = []
    train_translator(model, TRAINING, lambda step, loss: whole.append(loss))
    weights = load_file(model.folder / TRANSLATOR)
    steps: list[float] = []

    def stop(step: int, loss: float) -> None:
        steps.append(loss)
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_translator(model, TRAINING, stop)
    assert (model.folder / CHECKPOINT).exists()
    train_translator(model, TRAINING, lambda step, loss: steps.append(loss))
    assert steps[:4] + steps[5:] == whole
    again = load_file(model.folder / TRANSLATOR)
    assert all(torch.equal(again[name], weights[name]) for name in weights)
    assert not (model.folder / CHECKPOINT).exists()


def test_it_is_measured_beside_the_direction(model: Model) -> None:
    painter = Painter(Catalog(model.folder.parent, model.folder.parent.parent / "dissect_results"))
    rows = measure(painter, model, Translator(("summer", "winter")).eval(), 2)
    assert [row.way for row in rows] == ["to summer", "to winter", "the direction"]
    for row in rows:
        assert 0 <= row.kept <= 1
        assert 0 < row.apart < 4
        assert row.ms > 0
    assert STYLES > 1
    assert len(markdown(rows).splitlines()) == 5


def test_the_translator_is_the_models(model: Model) -> None:
    train_translator(model, TRAINING, lambda step, loss: None)
    assert translator_of(model).domains == tuple(DOMAINS)
