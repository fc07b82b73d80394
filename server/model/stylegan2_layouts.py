"""Reads StyleGAN2 generators by the names that the two common PyTorch implementations give their tensors.

Of rosinality's stylegan2-pytorch (A), and of NVIDIA's stylegan2-ada-pytorch and stylegan3 (B):

    what                              A                                  B
    mapping, 0, 1, ...                style.1. , style.2. , ...          mapping.fc0. , mapping.fc1. , ...
    average w, where there is one     latent_avg                         mapping.w_avg
    constant                          input.input                        synthesis.b4.const
    layer1, layer2, layer3, ...       conv1. , convs.0. , convs.1. ...   synthesis.b4.conv1. , b8.conv0. , b8.conv1. ...
    - kernel, bias                    conv.weight, activate.bias         weight, bias
    - style                           conv.modulation.weight, .bias      affine.weight, .bias
    - noise, its strength             noises.noise_{i}, noise.weight     noise_const, noise_strength
    colours at 4x4, 8x8, ...          to_rgb1. , to_rgbs.0. , ...        synthesis.b4.torgb. , synthesis.b8.torgb. , ...
    - kernel, bias                    conv.weight, bias                  weight, bias
    - style                           conv.modulation.weight, .bias      affine.weight, .bias

Both compute the same, but for the gain of a layer's kernel, which B leaves out as the scaling back undoes it. Axes of
length 1 around a tensor's own, as A has them, are dropped. Widths, depth and resolution are read off the weights. Of B,
generators without classes and of the architecture `skip` are read. Where no noise is stored, none is added.

B trains with every layer's output and what it adds to the colours held within -256..256 (`conv_clamp`), in all layers
though it is half precision that needs it. The file does not tell, so every one of B is run so. One that was trained
without, as those converted from TensorFlow, is the same until an activation goes beyond.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from server.errors import WeightError
from server.model.latents import latents_of
from server.model.stylegan2 import (
    Affine,
    Colours,
    MappingNetwork,
    StyledConvolution,
    StyleGAN2Generator,
    upsampling_filter,
)

MOST_MAPPING = 32  # layers
MOST_RESOLUTIONS = 9  # 4 to 1024
MOST_PIXELS = 1024  # of a side
MAX_UNITS = 8192
MAPPING_RATE = 0.01  # the mapping's learning rate, as a share of the others'
BOUND = 256.0  # of activations, in B
AVERAGED = 4096  # latents, for an average w where none is stored

_BEGINNINGS = ("style.", "convs.", "to_rgb", "mapping.", "synthesis.")


class Place(NamedTuple):
    """What a tensor is: a part of the mapping's layer, the styled convolution or the colours of that number."""

    thing: str
    number: int = 0
    part: str = ""


def is_stylegan2(names: Iterable[str]) -> bool:
    """Whether tensors of these names make a StyleGAN2 generator, or are meant to."""
    return any(name.startswith(_BEGINNINGS) for name in names)


def read_stylegan2(tensors: Mapping[str, Tensor], truncation: float = 1.0) -> StyleGAN2Generator:
    """The generator of these tensors, float32 and finite, by their names in either layout.

    truncation: 0..1, towards the average w; where none is stored it is taken of `AVERAGED` latents. Raises WeightError,
    with one line, where something is missing, of another shape, or not supported.
    """
    _check_kind(tensors)
    layout = dict(_names_b() if any(name.startswith("synthesis.") for name in tensors) else _names_a())
    stranger = next((name for name in tensors if name not in layout), None)
    if stranger is not None:
        raise WeightError(f"{stranger[:60]!r} is no part of a StyleGAN2 generator of 8 to 1024 pixels")
    return _Reader(tensors, layout).generator(truncation)


def _check_kind(names: Iterable[str]) -> None:
    """Raises WeightError for what NVIDIA's code calls by the same names and is not read."""
    names = sorted(names)
    if any(name.startswith("mapping.embed.") for name in names):
        raise WeightError("a StyleGAN2 generator with classes (c_dim > 0); only those without are supported")
    blocks = {name.split(".")[1] for name in names if re.match(r"synthesis\.b\d+\.conv1\.", name)}
    colours = {name.split(".")[1] for name in names if re.match(r"synthesis\.b\d+\.torgb\.", name)}
    resnet = any(re.match(r"synthesis\.b\d+\.skip\.", name) for name in names)
    if resnet or len(colours) == 1 < len(blocks):
        architecture = "resnet" if resnet else "orig"
        raise WeightError(f"a StyleGAN2 generator of the architecture '{architecture}'; only 'skip' is supported")


def _names_a() -> Iterator[tuple[str, Place]]:
    yield from (("input.input", Place("const")), ("latent_avg", Place("average")))
    for i in range(MOST_MAPPING):
        yield from ((f"style.{i + 1}.{part}", Place("mapping", i, part)) for part in ("weight", "bias"))
    modulation = {"conv.modulation.weight": "style.weight", "conv.modulation.bias": "style.bias"}
    parts = {"conv.weight": "weight", "activate.bias": "bias", "noise.weight": "strength", "conv.blur.kernel": "filter"}
    for i in range(2 * MOST_RESOLUTIONS - 1):
        at = f"convs.{i - 1}" if i else "conv1"
        yield f"noises.noise_{i}", Place("layer", i, "noise")
        yield from ((f"{at}.{name}", Place("layer", i, part)) for name, part in {**parts, **modulation}.items())
    parts = {"conv.weight": "weight", "bias": "bias", "upsample.kernel": "filter"}
    for i in range(MOST_RESOLUTIONS):
        at = f"to_rgbs.{i - 1}" if i else "to_rgb1"
        yield from ((f"{at}.{name}", Place("colours", i, part)) for name, part in {**parts, **modulation}.items())


def _names_b() -> Iterator[tuple[str, Place]]:
    yield from (("synthesis.b4.const", Place("const")), ("mapping.w_avg", Place("average")))
    for i in range(MOST_MAPPING):
        yield from ((f"mapping.fc{i}.{part}", Place("mapping", i, part)) for part in ("weight", "bias"))
    parts = {"weight": "weight", "bias": "bias", "affine.weight": "style.weight", "affine.bias": "style.bias"}
    noise = {"noise_const": "noise", "noise_strength": "strength", "resample_filter": "filter"}
    for i in range(2 * MOST_RESOLUTIONS - 1):
        at = f"synthesis.b{4 << (i + 1) // 2}.conv{(i + 1) % 2}"
        yield from ((f"{at}.{name}", Place("layer", i, part)) for name, part in {**parts, **noise}.items())
    for i in range(MOST_RESOLUTIONS):
        at = f"synthesis.b{4 << i}"
        yield f"{at}.resample_filter", Place("colours", i, "filter")
        yield from ((f"{at}.torgb.{name}", Place("colours", i, part)) for name, part in parts.items())


class _Reader:
    """Takes the parts of a generator out of the tensors, each by its place and shape."""

    def __init__(self, tensors: Mapping[str, Tensor], layout: Mapping[str, Place]) -> None:
        self.names = {place: name for name, place in layout.items()}
        self.parts = {layout[name]: tensor for name, tensor in tensors.items()}
        self.gainless = any(name.startswith("synthesis.") for name in layout)  # kernels without their gain
        self.noisy = any(place.part == "noise" for place in self.parts)
        self.bound = BOUND if self.gainless else None
        self.w_dim = 0

    def generator(self, truncation: float) -> StyleGAN2Generator:
        self._check_filters()
        layers = self._count("layer") // 2 * 2 + 1  # two a resolution after the first: an even number lacks one
        if layers == 1:
            raise WeightError("a StyleGAN2 generator of 4 pixels; 8 to 1024 are supported")
        mapping = [self._mapping_layer(i) for i in range(self._count("mapping"))]
        if not mapping:
            raise WeightError("a StyleGAN2 generator without its mapping")
        average = self._take(Place("average"), self.w_dim) if Place("average") in self.parts else None
        const = self._take(Place("const"), None, None, None)
        units, height, width = const.shape
        self._check_size(height, width, layers)
        convolutions: list[StyledConvolution] = []
        colours: list[Colours] = []
        for i in range(layers):
            convolutions.append(self._convolution(i, units, height, width))
            units = len(convolutions[-1].bias)
            if i % 2 == 0:
                colours.append(self._colours(i // 2, units))
        if self.parts:
            raise WeightError(f"{self.names[min(self.parts)]} belongs to none of the {layers} layers")
        network = MappingNetwork(mapping, _average(mapping, truncation) if average is None else average, truncation)
        return StyleGAN2Generator(network, const[None], convolutions, colours).eval()

    def _check_size(self, height: int, width: int, layers: int) -> None:
        """Raises WeightError. height, width: of what the first layer reads."""
        times = 1 << (layers // 2)
        if max(height, width) * times > MOST_PIXELS:
            raise WeightError(
                f"a StyleGAN2 generator of {width * times}x{height * times} pixels; 8 to 1024 are supported"
            )

    def _count(self, thing: str) -> int:
        return 1 + max((place.number for place in self.parts if place.thing == thing), default=-1)

    def _mapping_layer(self, i: int) -> Affine:
        weight = self._take(Place("mapping", i, "weight"), None, self.w_dim or None)  # (outputs, inputs)
        bias = self._take(Place("mapping", i, "bias"), len(weight))
        self.w_dim = len(weight)
        return Affine(weight * (MAPPING_RATE / math.sqrt(weight.shape[1])), bias * MAPPING_RATE)

    def _convolution(self, i: int, inputs: int, height: int, width: int) -> StyledConvolution:
        """height, width: of what the first one reads."""
        weight = self._take(Place("layer", i, "weight"), None, inputs, 3, 3)
        weight = weight if self.gainless else weight / (3 * math.sqrt(inputs))
        bias = self._take(Place("layer", i, "bias"), len(weight))
        style, noise = self._style("layer", i, inputs), torch.zeros(1, 1)
        size = (height << (i + 1) // 2, width << (i + 1) // 2)
        if self.noisy:
            noise = self._take(Place("layer", i, "noise"), *size) * self._take(Place("layer", i, "strength"))
        else:
            self.parts.pop(Place("layer", i, "strength"), None)
        return StyledConvolution(weight, bias, style, noise, i % 2 == 1, self.bound)

    def _colours(self, i: int, inputs: int) -> Colours:
        weight = self._take(Place("colours", i, "weight"), 3, inputs, 1, 1)[:, :, 0, 0] / math.sqrt(inputs)
        bias, style = self._take(Place("colours", i, "bias"), 3), self._style("colours", i, inputs)
        return Colours(weight, bias, style, self.bound)

    def _style(self, thing: str, i: int, units: int) -> Affine:
        weight = self._take(Place(thing, i, "style.weight"), units, self.w_dim)
        return Affine(weight / math.sqrt(self.w_dim), self._take(Place(thing, i, "style.bias"), units))

    def _check_filters(self) -> None:
        """Raises WeightError for another filter than [1, 3, 3, 1]; the gain that some have in it is no part of it."""
        for place in [place for place in self.parts if place.part == "filter"]:
            kernel = self._take(place, 4, 4)
            if not torch.allclose(kernel / kernel.sum(), upsampling_filter() / 4, atol=1e-4):
                raise WeightError(f"{self.names[place]} is another filter than [1, 3, 3, 1]")

    def _take(self, place: Place, *shape: int | None) -> Tensor:
        """The tensor of that place. shape: None for any length up to MAX_UNITS. Raises WeightError."""
        name = self.names[place]
        if place not in self.parts:
            raise WeightError(f"{name} is missing")
        tensor = self.parts.pop(place)
        own = list(tensor.shape)
        while len(own) > len(shape) and 1 in (own[0], own[-1]):
            own.pop(0 if own[0] == 1 else -1)
        pairs = zip(own, shape, strict=False)
        fits = [0 < have <= MAX_UNITS if want is None else have == want for have, want in pairs]
        if len(own) != len(shape) or not all(fits):
            expected = ", ".join("any" if want is None else str(want) for want in shape)
            raise WeightError(f"{name} has the shape {tuple(tensor.shape)}, expected ({expected})")
        return tensor.reshape(own)


def _average(mapping: list[Affine], truncation: float) -> Tensor:
    """The mean w of the latents of the first seeds; zeros where nothing is truncated."""
    w_dim, latent_dim = len(mapping[-1].bias), mapping[0].weight.shape[1]
    network = MappingNetwork(mapping, torch.zeros(w_dim))
    if truncation == 1:
        return network.average
    with torch.no_grad():
        w: Tensor = network(latents_of(range(AVERAGED), latent_dim))  # (N, w_dim)
        return w.mean(0)
