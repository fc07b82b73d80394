from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from server.errors import WeightError
from server.files import GENERATOR, INPAINTER, file_sha256
from server.model.catalog import Catalog
from server.model.inpainter import (
    Inpainter,
    NoInpainter,
    inpainted,
    inpainter_of,
    load_inpainter,
    save_inpainter,
    spread,
)
from server.model.tensors import MAX_BYTES
from tests.helpers.tiny import write_model


@pytest.fixture(scope="module")
def inpainter() -> Inpainter:
    torch.manual_seed(1)
    return Inpainter().eval().requires_grad_(False)


@pytest.mark.parametrize("size", [(32, 32), (30, 33), (7, 64), (5, 3)])
def test_pictures_of_any_size_are_filled_and_else_kept(inpainter: Inpainter, size: tuple[int, int]) -> None:
    pixels = np.random.RandomState(0).randint(0, 255, (*size, 3)).astype(np.uint8)
    mask = np.zeros(size, bool)
    mask[1:-1, size[1] // 3 : size[1] // 2 + 1] = True
    before = pixels.copy()
    filled = inpainted(inpainter, pixels, mask)
    assert (filled.shape, filled.dtype) == (pixels.shape, np.uint8)
    assert np.array_equal(filled[~mask], pixels[~mask])
    assert (filled[mask] != pixels[mask]).any()
    assert np.array_equal(pixels, before)
    assert np.array_equal(inpainted(inpainter, pixels, np.zeros(size, bool)), pixels)


def test_what_the_mask_covers_is_not_looked_at(inpainter: Inpainter) -> None:
    pixels = np.random.RandomState(0).randint(0, 255, (24, 32, 3)).astype(np.uint8)
    mask = np.zeros((24, 32), bool)
    mask[3:14, 5:20] = True
    other = np.where(mask[..., None], 255 - pixels, pixels)
    assert np.array_equal(inpainted(inpainter, pixels, mask), inpainted(inpainter, other, mask))
    # All of it may be missing.
    assert inpainted(inpainter, pixels, np.ones((24, 32), bool)).shape == pixels.shape


def test_it_reads_back_and_is_small(tmp_path: Path, inpainter: Inpainter) -> None:
    save_inpainter(tmp_path / INPAINTER, inpainter, "ab")
    assert (tmp_path / INPAINTER).stat().st_size <= MAX_BYTES
    read, generator = load_inpainter(tmp_path / INPAINTER)
    assert generator == "ab"
    images, missing = torch.rand(1, 3, 16, 16), torch.zeros(1, 1, 16, 16)
    missing[:, :, 4:9, 4:9] = 1
    with torch.inference_mode():
        first, second = (one(images, missing)[1] for one in (inpainter, read))
    assert torch.allclose(first, second, atol=0.02)


def test_damaged_files_say_so(tmp_path: Path, inpainter: Inpainter) -> None:
    path = tmp_path / INPAINTER
    for data, words in ((b"none", "no inpainter"), (b"version https://git-lfs.github.com/spec/v1", "Git LFS")):
        path.write_bytes(data)
        with pytest.raises(WeightError, match=words):
            load_inpainter(path)
    save_inpainter(path, inpainter, None)
    tensors = load_file(path)
    name = next(iter(tensors))
    for damaged in ({**tensors, "more": tensors[name].clone()}, {n: t for n, t in tensors.items() if n != name}):
        save_file(damaged, path)
        with pytest.raises(WeightError, match="no inpainter"):
            load_inpainter(path)


def test_a_model_has_its_own_or_none(tmp_path: Path, inpainter: Inpainter) -> None:
    write_model(tmp_path)
    model = Catalog(tmp_path / "models", tmp_path / "dissect_results").get()
    with pytest.raises(NoInpainter, match="unitbrush inpainter village") as none:
        inpainter_of(model)
    assert none.value.status == 409
    for generator in (None, file_sha256(model.folder / GENERATOR)):
        save_inpainter(model.folder / INPAINTER, inpainter, generator)
        assert isinstance(inpainter_of(model), Inpainter)
    save_inpainter(model.folder / INPAINTER, inpainter, "of another")
    with pytest.raises(NoInpainter):
        inpainter_of(model)


def test_the_colours_around_a_hole_are_spread_over_it() -> None:
    images = torch.zeros(1, 3, 13, 20)
    images[..., 10:] = 1
    missing = torch.zeros(1, 1, 13, 20)
    missing[..., 5:15] = 1
    filled = spread(images, missing)
    assert torch.equal(filled[..., :5], images[..., :5])
    row = filled[0, 0, 6]
    assert (row.diff() >= -1e-6).all()  # from the one side to the other
    assert row[5] < 0.3 < 0.7 < row[14]
    assert not spread(images, torch.ones_like(missing)).any()
