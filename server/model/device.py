"""The device that networks run on, and the precision that is fast there."""

from __future__ import annotations

import torch

from server.errors import NoDevice


def device_named(name: str) -> torch.device:
    """The device of that name, `cpu`, `cuda` or `cuda:1`; of `auto`, CUDA where there is one. Raises NoDevice."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise NoDevice(f"device is {name!r}, and torch finds no such device; use cpu or auto")
    return device


def bfloat16_is_fast(device: torch.device) -> bool:
    """Whether that device multiplies bfloat16 itself; emulated, it is slower than float32."""
    if device.type == "cpu":
        names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(bool(getattr(torch.cpu, name, bool)()) for name in names)
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def exact_float32(device: torch.device) -> None:
    """Have a CUDA device convolve float32 as such, not rounded to 10 bits (TF32, which products never are by default),
    and add in the same order each time, so that a finished picture is within 1 of 255 of any other machine's and the
    same bytes on its own."""
    if device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
