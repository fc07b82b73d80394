"""Devices by name, and one that is not here."""

from __future__ import annotations

import pytest
import torch

from server.errors import NoDevice
from server.model.device import bfloat16_is_fast, device_named, exact_float32


def test_a_device_comes_by_its_name() -> None:
    assert device_named("cpu") == torch.device("cpu")
    assert device_named("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_one_that_is_not_here_is_named() -> None:
    with pytest.raises(NoDevice, match=r"'cuda:77'.*use cpu or auto"):
        device_named("cuda:77")


def test_bfloat16_is_not_fast_where_it_would_be_emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False, raising=False)
    assert not bfloat16_is_fast(torch.device("cpu"))
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    assert bfloat16_is_fast(torch.device("cpu"))
    assert not bfloat16_is_fast(torch.device("meta"))


def test_a_gpu_convolves_float32_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    cudnn = torch.backends.cudnn
    monkeypatch.setattr(cudnn, "allow_tf32", True)
    monkeypatch.setattr(cudnn, "deterministic", False)
    exact_float32(torch.device("cpu"))
    assert (cudnn.allow_tf32, cudnn.deterministic) == (True, False)
    exact_float32(torch.device("cuda"))
    assert (cudnn.allow_tf32, cudnn.deterministic) == (False, True)
