from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from server.errors import WeightError
from server.files import ENCODER
from server.model.catalog import Catalog
from server.model.encoder import Aim, Encoder, aim_at, encoder_of, load_encoder, save_encoder
from server.model.latents import latents_of
from server.model.tensors import MAX_BYTES
from tests.helpers.tiny import write_model

ROOT = Path(__file__).resolve().parents[2]
AIMS = (Aim(None, (8,)), Aim("layer4", (12, 8, 8)), Aim("layer9", (5, 6, 10)))


@pytest.mark.parametrize("aim", AIMS)
@pytest.mark.parametrize("resolution", [16, 32, 100, 256])
def test_it_tells_what_it_aims_at(aim: Aim, resolution: int) -> None:
    encoder = Encoder(aim, resolution).eval()
    with torch.inference_mode():
        assert encoder(torch.zeros(2, 3, resolution, resolution)).shape == (2, *aim.shape)


@pytest.mark.parametrize("aim", AIMS)
def test_it_reads_back(tmp_path: Path, aim: Aim) -> None:
    encoder = Encoder(aim, 32).eval()
    encoder.mean += 0.5
    save_encoder(tmp_path / "e.safetensors", encoder, "ab")
    read, generator = load_encoder(tmp_path / "e.safetensors")
    assert (read.aim, read.resolution, generator) == (aim, 32, "ab")
    images = torch.rand(1, 3, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(read(images), encoder(images), atol=0.02)


@pytest.mark.parametrize("aim", [Aim(None, (512,)), Aim("x", (512, 16, 16)), Aim("x", (1024, 8, 8))])
def test_those_of_large_generators_are_small_files(tmp_path: Path, aim: Aim) -> None:
    save_encoder(tmp_path / "e.safetensors", Encoder(aim, 256), None)
    assert (tmp_path / "e.safetensors").stat().st_size <= MAX_BYTES


def test_one_that_would_be_large_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at most"):
        save_encoder(tmp_path / "e.safetensors", Encoder(Aim(None, (8192,)), 32), None)


def test_damaged_files_say_so(tmp_path: Path) -> None:
    path = tmp_path / "e.safetensors"
    path.write_bytes(b"none")
    with pytest.raises(WeightError, match="no encoder"):
        load_encoder(path)
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(WeightError, match="Git LFS"):
        load_encoder(path)
    save_encoder(path, Encoder(AIMS[1], 32), None)
    tensors = load_file(path)
    for meta in (
        {},
        {"layer": "", "shape": "[12, 8, 8]", "resolution": "32"},
        {"layer": "layer4", "shape": "[12, 8, 9000000]", "resolution": "32"},
        {"layer": "layer4", "shape": "[13, 8, 8]", "resolution": "32"},
        {"layer": "layer4", "shape": "[12, 8, 8]", "resolution": "-1"},
    ):
        save_file(tensors, path, metadata=meta)
        with pytest.raises(WeightError, match="no encoder"):
            load_encoder(path)


def test_a_model_has_its_own_or_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_model(tmp_path)
    model = Catalog(tmp_path / "models", tmp_path / "dissect_results").get()
    assert encoder_of(model) is None
    encoder = Encoder(aim_at(model.generator, "layer4"), 32)
    save_encoder(model.folder / ENCODER, encoder, None)
    found = encoder_of(model)
    assert found is not None
    assert not found.training
    with caplog.at_level(logging.WARNING):
        save_encoder(model.folder / ENCODER, encoder, "00")
        assert encoder_of(model) is None
        save_encoder(model.folder / ENCODER, Encoder(Aim("layer4", (9, 8, 8)), 32), None)
        assert encoder_of(replace(model, weights=None)) is None
    assert caplog.text.count("is of another generator") == 2
    # The file of weights that stands beside is the generator still.
    assert Catalog(tmp_path / "models", tmp_path / "dissect_results").get().weights == model.weights


def test_the_shipped_encoder_tells_what_a_scene_was_drawn_from() -> None:
    catalog = Catalog(ROOT / "models", ROOT / "dissect_results")
    model = catalog.get()
    encoder = encoder_of(model)
    assert encoder is not None
    assert encoder.aim.layer == "layer6"
    errors = []
    with torch.inference_mode():
        for seed in (64, 65, 66):
            x = model.generator.trunk(latents_of([seed], model.generator.latent_dim), "layer6")
            image = model.generator.tail(x, "layer6").clamp(-1, 1)  # (1, 3, 256, 256)
            estimates = (encoder(image), encoder.mean.expand_as(x.r))  # (1, units, 16, 16) each
            errors.append([float((x.r - estimate).square().mean()) for estimate in estimates])
    assert sum(own for own, _ in errors) < 0.6 * sum(mean for _, mean in errors)
