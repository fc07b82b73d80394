"""A generator, cut into trunk and tail at any of its layers: all that painting and dissecting know of one.

a = generator.trunk(z, "layer4")      # a.r: (N, units, height, width), the layer's featuremaps
a = a.edited(r)                       # the same pictures with other featuremaps there
x = generator.tail(a, "layer4")       # (N, 3, H, W): the image

A family of networks is one module that implements `Generator`; where each layer reads nothing but the layer before
it, `Chain` does most of that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from server.errors import UnknownLayer
from server.model.local import LocalBlock


@dataclass(frozen=True)
class Layer:
    """A layer one can edit: its name, its number of units and the size of their featuremaps."""

    name: str
    units: int
    height: int
    width: int


@dataclass(frozen=True)
class Activations:
    """What comes out of a layer and all that the layers behind it read.

    r: (N, units, height, width), what edits change. beside: what else is read later on, such as styles or a skipped
    image, (N, ...) each.
    """

    r: Tensor
    beside: tuple[Tensor, ...] = ()

    def __len__(self) -> int:
        return len(self.r)

    def __getitem__(self, index: slice | Tensor) -> Activations:
        """Those of some of the pictures."""
        return self._each(lambda tensor: tensor[index])

    @property
    def nbytes(self) -> int:
        """The bytes of all tensors."""
        return self.r.nbytes + sum(tensor.nbytes for tensor in self.beside)

    def edited(self, r: Tensor) -> Activations:
        """The same pictures with other featuremaps at this layer. r: (N, units, height, width)."""
        return replace(self, r=r)

    def to(self, *where: torch.device | torch.dtype | str) -> Activations:
        """On another device, or in another precision."""
        return self._each(lambda tensor: tensor.to(*where))  # type: ignore[call-overload]

    def _each(self, change: Callable[[Tensor], Tensor]) -> Activations:
        return Activations(change(self.r), tuple(change(tensor) for tensor in self.beside))


def joined(parts: Sequence[Activations]) -> Activations:
    """Those of several batches as one."""
    return Activations(
        torch.cat([part.r for part in parts]),
        tuple(torch.cat(tensors) for tensors in zip(*(part.beside for part in parts), strict=True)),
    )


class Generator(ABC):
    """A network that draws images from latents, layer by layer.

    family: what kind of network, for people. latent_dim: of z. size: the image's height and width in pixels. layers:
    those one can edit, in the order they run. w_shape: in families whose layers read an intermediate latent w each,
    how many there are and the numbers of one; None elsewhere. brush_layers: in families that were made to be
    edited at certain layers, those; empty elsewhere. exact_layer: in families that decide what each cell shows, the one
    of them whose first `exact_units` units, one for each thing, say so; what is set there is drawn just there.
    """

    family: str
    latent_dim: int
    size: tuple[int, int]
    layers: tuple[Layer, ...]
    w_shape: tuple[int, int] | None = None
    brush_layers: tuple[str, ...] = ()
    exact_layer: str | None = None
    exact_units: int = 0

    @property
    def resolution(self) -> int:
        """The pixels of the image's longer side."""
        return max(self.size)

    @property
    def aspect(self) -> float:
        """The image's width over its height."""
        return self.size[1] / self.size[0]

    @abstractmethod
    def trunk(self, z: Tensor, layer: str) -> Activations:
        """z: (N, latent_dim). Returns the layer's output. Raises UnknownLayer."""

    @abstractmethod
    def advance(self, a: Activations, after: str, to: str) -> Activations:
        """Run what lies behind the layer `after` up to and including the layer `to` on the output of `after`."""

    @abstractmethod
    def tail(self, a: Activations, layer: str) -> Tensor:
        """a: the layer's output. Returns the image, (N, 3, H, W), about -1..1, not clamped."""

    @abstractmethod
    def frozen(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Generator:
        """The same generator in its fastest form for pictures one at a time, without gradients; shares no weights."""

    def w_of(self, z: Tensor) -> Tensor:
        """The w that every layer reads of a latent. z: (N, latent_dim). Returns (N, w_shape[1]). ValueError in a family
        without w."""
        raise ValueError(f"a {self.family} has no w")

    def trunk_from_w(self, w: Tensor, layer: str) -> Activations:
        """The layer's output where every layer reads its own w, (N, *w_shape). Raises UnknownLayer; ValueError in a
        family without w."""
        raise ValueError(f"a {self.family} has no w")

    def index(self, name: str) -> int:
        """The place of a layer, 0 the first. Raises UnknownLayer."""
        for i, layer in enumerate(self.layers):
            if layer.name == name:
                return i
        raise UnknownLayer(f"no layer {name!r}; there are {self.layers[0].name} to {self.layers[-1].name}")

    def layer(self, name: str) -> Layer:
        """The layer of that name. Raises UnknownLayer."""
        return self.layers[self.index(name)]


class Chain(Generator):
    """Blocks that run one after another, each the layer of its name, and an output block that makes the image."""

    @property
    def output_name(self) -> str:
        """The published name of the output block."""
        height, width = self.size
        return f"output_{height}x{width}"

    @abstractmethod
    def block(self, name: str) -> Callable[[Tensor], Tensor]:
        """What a layer computes from the one before it; under `output_name`, the image from the last layer."""

    def local(self, name: str) -> LocalBlock | None:
        """The block of that name as one that reaches little; None where it reaches far, or is better run whole."""
        return None

    def trunk(self, z: Tensor, layer: str) -> Activations:
        """z: (N, latent_dim). Returns the layer's output. Raises UnknownLayer."""
        x = z[:, :, None, None]  # (N, latent_dim, 1, 1)
        for each in self.layers[: self.index(layer) + 1]:
            x = self.block(each.name)(x)
        return Activations(x)

    def advance(self, a: Activations, after: str, to: str) -> Activations:
        """Run the blocks behind `after` up to and including `to` on the output of `after`."""
        r = a.r
        for each in self.layers[self.index(after) + 1 : self.index(to) + 1]:
            r = self.block(each.name)(r)
        return Activations(r)

    def tail(self, a: Activations, layer: str) -> Tensor:
        """a: the layer's output. Returns the image, (N, 3, H, W), about -1..1, not clamped."""
        return self.block(self.output_name)(self.advance(a, layer, self.layers[-1].name).r)
