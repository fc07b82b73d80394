"""Small networks in files of safetensors: written in float16, read back checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from server.errors import WeightError
from server.files import file_sha256, is_lfs_pointer
from server.results.reading import reason

MAX_BYTES = 5 * 2**20  # of the file of a network that stands beside a generator

Network = TypeVar("Network", bound=nn.Module)


def assign(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Give a network, made on no device, a file's tensors, floating ones in float32, and set it up for inference.

    Raises ValueError or RuntimeError for tensors that are not its own, or of another kind of numbers.
    """
    for name, known in network.state_dict().items():
        if name in tensors and tensors[name].is_floating_point() != known.is_floating_point():
            raise ValueError(f"{name} is of another kind of numbers")
    state = {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}
    network.load_state_dict(state, assign=True)
    network.eval().requires_grad_(False)


def save_beside(path: Path, kind: str, network: nn.Module, meta: Mapping[str, str], generator: str | None) -> None:
    """Write a network of that kind as float16. generator: the SHA-256 of the one it is for. Raises ValueError for more
    than MAX_BYTES."""
    state = network.state_dict()
    tensors = {name: (t.half() if t.is_floating_point() else t).contiguous() for name, t in state.items()}
    size = sum(t.nbytes for t in tensors.values())
    if size > MAX_BYTES:
        raise ValueError(f"the {kind} would have {size} bytes; at most {MAX_BYTES} are right for one")
    save_file(tensors, str(path), metadata={**meta, "generator": generator or ""})


def load_beside(path: Path, kind: str, make: Callable[[Mapping[str, str]], Network]) -> tuple[Network, str]:
    """Read what `save_beside` wrote, for inference, and the SHA-256 of the generator it is for, empty where unknown.
    make: the network by the file's metadata. Raises WeightError."""
    if is_lfs_pointer(path):
        raise WeightError(f"{path} is a Git LFS pointer, not the {kind} itself: run `git lfs pull`")
    try:
        if path.stat().st_size > 2 * MAX_BYTES:
            raise ValueError(f"it has more than {2 * MAX_BYTES} bytes")
        with safe_open(str(path), framework="pt") as f:
            meta = f.metadata() or {}
            with torch.device("meta"):  # nothing is reserved for what is not in the file
                network = make(meta)
            tensors = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118
        assign(network, tensors)
    except Exception as error:  # metadata and tensors may be anything
        raise WeightError(f"{path} holds no {kind} this version can read: {reason(error)}") from error
    return network, meta.get("generator", "")


def load_own(path: Path, load: Callable[[Path], tuple[Network, str]], weights: Path | None) -> Network | None:
    """What `load` reads of a network and the generator it is for; None where there is no such file, or that generator
    is, as far as both are known, another than the one with these weights. Raises WeightError."""
    if not path.is_file():
        return None
    network, generator = load(path)
    return network if not generator or weights is None or generator == file_sha256(weights) else None
