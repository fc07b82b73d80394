from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from server.errors import WeightError
from server.files import TRANSLATOR
from server.model.catalog import Catalog
from server.model.tensors import MAX_BYTES
from server.model.translator import (
    NoTranslator,
    Translator,
    load_translator,
    save_translator,
    translated,
    translator_of,
)
from tests.helpers.tiny import write_model

DOMAINS = ("summer", "winter")


@pytest.fixture(scope="module")
def translator() -> Translator:
    torch.manual_seed(1)
    return Translator(DOMAINS).eval().requires_grad_(False)


@pytest.mark.parametrize("size", [(32, 32), (30, 33), (16, 64)])
def test_pictures_of_any_size_are_painted_in_the_style_of_a_seed(translator: Translator, size: tuple[int, int]) -> None:
    pixels = np.random.RandomState(0).randint(0, 255, (*size, 3)).astype(np.uint8)
    first = translated(translator, pixels, "winter", 3)
    assert (first.shape, first.dtype) == (pixels.shape, np.uint8)
    assert np.array_equal(first, translated(translator, pixels, "winter", 3))
    for to, seed in (("winter", 4), ("summer", 3)):
        assert not np.array_equal(first, translated(translator, pixels, to, seed))
    with pytest.raises(ValueError, match="spring"):
        translated(translator, pixels, "spring", 3)


def test_it_reads_back_and_is_small(tmp_path: Path, translator: Translator) -> None:
    save_translator(tmp_path / TRANSLATOR, translator, "ab")
    assert (tmp_path / TRANSLATOR).stat().st_size <= MAX_BYTES
    read, generator = load_translator(tmp_path / TRANSLATOR)
    assert (read.domains, generator) == (DOMAINS, "ab")
    images, styles = torch.rand(1, 3, 16, 16), translator.styles([5])
    with torch.inference_mode():
        first, second = (one.translate(images, "winter", styles) for one in (translator, read))
    assert torch.allclose(first, second, atol=0.02)


def test_damaged_files_say_so(tmp_path: Path, translator: Translator) -> None:
    path = tmp_path / TRANSLATOR
    for data, words in ((b"none", "no translator"), (b"version https://git-lfs.github.com/spec/v1", "Git LFS")):
        path.write_bytes(data)
        with pytest.raises(WeightError, match=words):
            load_translator(path)
    save_translator(path, translator, None)
    tensors = load_file(path)
    for domains in ("", "[]", '["summer"]', '["summer", "summer"]', '["a.b", "c"]', '["spring", "winter"]'):
        save_file(tensors, path, metadata={"domains": domains})
        with pytest.raises(WeightError, match="no translator"):
            load_translator(path)


def test_a_model_has_its_own_or_none(tmp_path: Path, translator: Translator) -> None:
    write_model(tmp_path)
    model = Catalog(tmp_path / "models", tmp_path / "dissect_results").get()
    with pytest.raises(NoTranslator, match="unitbrush translator village"):
        translator_of(model)
    save_translator(model.folder / TRANSLATOR, translator, None)
    assert translator_of(model).domains == DOMAINS
    save_translator(model.folder / TRANSLATOR, translator, "of another")
    with pytest.raises(NoTranslator):
        translator_of(model)
