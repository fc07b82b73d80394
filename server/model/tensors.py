"""Reading a small network's tensors from a file of safetensors into the network, checked."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


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
