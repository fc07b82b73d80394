from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from server.files import GENERATOR, INPAINTER, file_sha256
from server.lab.inpainting import train
from server.lab.inpainting.examples import draw
from server.lab.inpainting.measure import markdown, mean_filled, measure
from server.lab.inpainting.train import CARD, CHECKPOINT, Training, train_inpainter, write_card
from server.model.catalog import Catalog, Model
from server.model.inpainter import Inpainter, inpainter_of, load_inpainter
from server.model.pixels import to_pixels
from tests.helpers.tiny import write_model

CPU = torch.device("cpu")
TRAINING = Training(steps=6, batch=1, side=16)


@pytest.fixture
def model(tmp_path: Path) -> Model:
    write_model(tmp_path)
    return Catalog(tmp_path / "models", tmp_path / "dissect_results").get()


def trained(model: Model, training: Training) -> list[float]:
    """How far off each step is."""
    found: list[float] = []
    train_inpainter(model, training, CPU, lambda step, off: found.append(off))
    return found


def test_what_is_trained_is_the_models(model: Model) -> None:
    assert len(trained(model, TRAINING)) == TRAINING.steps
    assert isinstance(inpainter_of(model), Inpainter)
    assert load_inpainter(model.folder / INPAINTER)[1] == file_sha256(model.folder / GENERATOR)
    assert not (model.folder / CHECKPOINT).exists()


def test_an_interrupted_training_goes_on_where_it_stopped(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "STORED_EVERY", 2)
    whole = trained(model, TRAINING)
    weights = load_file(model.folder / INPAINTER)
    steps: list[float] = []

    def stop(step: int, off: float) -> None:
        steps.append(off)
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_inpainter(model, TRAINING, CPU, stop)
    assert (model.folder / CHECKPOINT).exists()
    train_inpainter(model, TRAINING, CPU, lambda step, off: steps.append(off))
    assert steps[:4] + steps[5:] == whole
    again = load_file(model.folder / INPAINTER)
    assert all(torch.equal(again[name], weights[name]) for name in weights)
    # Another training begins anew.
    with pytest.raises(KeyboardInterrupt):
        train_inpainter(model, TRAINING, CPU, stop)
    assert len(trained(model, Training(steps=3, batch=1, side=16))) == 3


def test_it_is_measured_beside_the_mean(model: Model) -> None:
    rows = measure(model.generator, Inpainter().eval(), 3)
    assert [row.way for row in rows] == ["the inpainter", "the mean"]
    for row in rows:
        assert 0 < row.psnr < 99
        assert row.ms > 0
    table = markdown(rows)
    assert len(table.splitlines()) == 4
    write_card(model, TRAINING, table, 3)
    card = (model.folder / CARD).read_text()
    for words in ("6 steps of 2 parts of 16 pixels", "On 3 samples", table, model.license):
        assert words in card


def test_the_mean_is_of_what_is_known(model: Model) -> None:
    pixels = to_pixels(draw(model.generator, [0], CPU))[0]
    mask = np.zeros((32, 32), bool)
    mask[4:9, 4:9] = True
    filled = mean_filled(pixels, mask)
    assert np.array_equal(filled[~mask], pixels[~mask])
    assert np.abs(filled[mask] - pixels[~mask].mean(0)).max() <= 0.5
