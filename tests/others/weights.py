"""From the file of weights in a package to safetensors under the names of a network here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tests.others.networks import dcgan, linear


@dataclass(frozen=True)
class Other:
    """A network that others trained. package: of the Python registry; file: of weights in it; below: under which key of
    the file they lie. factory: in `tests.others.networks`; layers: that one can edit. dissect: options. least: brushes
    that have to draw clearly, by the project's own rule.
    """

    name: str
    package: str
    file: str
    below: str | None
    network: Callable[[], nn.Module]
    layers: Sequence[str]
    dissect: Sequence[str]
    least: int = 0


CLUSTERS = ("--segmenter", "clusters", "--regions", "6")
DCGAN = ("layer1", "layer2", "layer3", "layer4")
OTHERS = (
    Other("faces", "gan-face-generate", "gan_face_generate/weights.tar", "netG_state_dict", dcgan, DCGAN, CLUSTERS, 3),
    Other(
        "portraits", "generateme", "generateme/static/Models/dcGanGeneratorModel.pt", None, dcgan, DCGAN, CLUSTERS, 3
    ),
    Other(
        "cats",
        "generateme",
        "generateme/static/Models/linearGanGeneratorModel.pt",
        None,
        linear,
        ("layer1", "layer2", "layer3"),
        ("--segmenter", "tests.others.networks:Light", "--layers", "layer1,layer2,layer3"),
    ),
)


def convert(other: Other, packages: Path, path: Path) -> None:
    """Write the weights as safetensors. Raises ValueError where they are not those of the network.

    Tensors are told by their order, which is that of the layers in both; those of linear layers become 1x1 kernels.
    """
    loaded = torch.load(packages / other.file, map_location="cpu", weights_only=True)
    given: dict[str, Tensor] = loaded if other.below is None else loaded[other.below]
    own = other.network().state_dict()
    if len(given) != len(own):
        raise ValueError(f"{other.file} holds {len(given)} tensors, not {len(own)}")
    state = {name: tensor.reshape(own[name].shape) for name, tensor in zip(own, given.values(), strict=True)}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
