from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from server.files import ENCODER
from server.lab.encoder import train
from server.lab.encoder.train import CARD, CHECKPOINT, Training, train_encoder
from server.model.catalog import Catalog, Model
from server.model.encoder import load_encoder
from server.model.tensors import MAX_BYTES
from tests.helpers.decided import SKETCH, write_decided_model
from tests.helpers.tiny import write_model

CPU = torch.device("cpu")


@pytest.fixture
def model(tmp_path: Path) -> Model:
    write_model(tmp_path)
    return Catalog(tmp_path / "models", tmp_path / "dissect_results").get()


def losses(model: Model, training: Training) -> list[float]:
    """Of each step."""
    found: list[float] = []
    train_encoder(model, training, CPU, lambda step, loss: found.append(loss))
    return found


@pytest.mark.parametrize("layer", [None, "layer4"])
def test_it_learns(model: Model, layer: str | None) -> None:
    found = losses(model, Training(layer, 60, 8))
    assert sum(found[-10:]) < 0.95 * sum(found[:10])
    encoder, generator = load_encoder(model.folder / ENCODER)
    assert encoder.aim.layer == layer
    assert len(generator) == 64
    assert (model.folder / ENCODER).stat().st_size <= MAX_BYTES
    card = (model.folder / CARD).read_text()
    assert ("the latent" if layer is None else layer) in card
    assert "60 steps of 8" in card
    assert not (model.folder / CHECKPOINT).exists()


def test_an_interrupted_training_goes_on_where_it_stopped(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "STORED_EVERY", 2)
    training = Training("layer4", 6, 4)
    whole = losses(model, training)
    weights = (model.folder / ENCODER).read_bytes()
    steps: list[float] = []

    def stop(step: int, loss: float) -> None:
        steps.append(loss)
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_encoder(model, training, CPU, stop)
    assert (model.folder / CHECKPOINT).exists()
    assert losses(model, training) == pytest.approx(whole[4:], abs=1e-5)
    assert len((model.folder / ENCODER).read_bytes()) == len(weights)
    # Another training begins anew.
    with pytest.raises(KeyboardInterrupt):
        train_encoder(model, training, CPU, stop)
    assert len(losses(model, replace(training, batch=6))) == 6


def test_one_of_a_generator_that_decides_aims_at_its_sketch(tmp_path: Path) -> None:
    write_decided_model(tmp_path)
    model = Catalog(tmp_path / "models", tmp_path / "dissect_results").get()
    found = losses(model, Training(SKETCH, 2, 2))
    assert len(found) == 2
    encoder, _ = load_encoder(model.folder / ENCODER)
    assert encoder.aim.shape == (7, 16, 16)
