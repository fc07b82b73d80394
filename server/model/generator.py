"""A generator, cut into trunk and tail at any of its layers.

r = generator.trunk(z, "layer4")      # (N, units, height, width): the layer's featuremaps
x = generator.tail(r, "layer4")       # (N, 3, R, R): the image
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from server.errors import UnknownLayer


@dataclass(frozen=True)
class Layer:
    """A layer one can edit: its name, its number of units and the size of their featuremaps."""

    name: str
    units: int
    height: int
    width: int


class Generator(ABC):
    """Blocks that run one after another, each the layer of its name, and an output block that makes the image."""

    latent_dim: int
    resolution: int
    layers: tuple[Layer, ...]

    @property
    def output_name(self) -> str:
        """The published name of the output block."""
        return f"output_{self.resolution}x{self.resolution}"

    @abstractmethod
    def block(self, name: str) -> Callable[[Tensor], Tensor]:
        """What a layer computes from the one before it; under `output_name`, the image from the last layer."""

    def index(self, name: str) -> int:
        """The place of a layer, 0 the first. Raises UnknownLayer."""
        for i, layer in enumerate(self.layers):
            if layer.name == name:
                return i
        raise UnknownLayer(f"no layer {name!r}; there are {self.layers[0].name} to {self.layers[-1].name}")

    def layer(self, name: str) -> Layer:
        """The layer of that name. Raises UnknownLayer."""
        return self.layers[self.index(name)]

    def trunk(self, z: Tensor, layer: str) -> Tensor:
        """z: (N, latent_dim). Returns the layer's output, (N, units, height, width)."""
        x = z[:, :, None, None]  # (N, latent_dim, 1, 1)
        for each in self.layers[: self.index(layer) + 1]:
            x = self.block(each.name)(x)
        return x

    def advance(self, r: Tensor, after: str, to: str) -> Tensor:
        """Run the layers behind `after` up to and including `to` on the output of `after`."""
        for each in self.layers[self.index(after) + 1 : self.index(to) + 1]:
            r = self.block(each.name)(r)
        return r

    def tail(self, r: Tensor, layer: str) -> Tensor:
        """r: the layer's output. Returns the image, (N, 3, R, R), about -1..1, not clamped."""
        return self.block(self.output_name)(self.advance(r, layer, self.layers[-1].name))
