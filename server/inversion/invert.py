"""From a picture of one's own to a document: a latent, then the featuremaps of one layer, refined step by step.

    steps = invert(model, own, encoder_of(model), *split_steps(STEPS))
    for frame in steps: ...                     # how far it is; what `steps` returns is an Inversion

After Bau et al., "Semantic Photo Manipulation with a Generative Image Prior" (ACM TOG 2019): an encoder's guess,
descent on the latent, descent on the layer's featuremaps held near what the latent makes, so that edits obey as in
samples. A step is given in parts, so that whoever else waits for the device has turns between them.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from server.errors import UnitbrushError
from server.inversion.descent import Descent
from server.inversion.first import begin
from server.inversion.likeness import Likeness, load_see
from server.inversion.missing import Missing, missing
from server.model.catalog import Model
from server.model.device import bfloat16_is_fast
from server.model.encoder import Encoder
from server.model.generator import Activations
from server.model.generator import Generator as Network
from server.model.pixels import Pixels, to_images, to_pixels
from server.painting.base import MAX_NUMBERS, Base, decode_base, encode_base
from server.painting.picture import Picture
from server.results.brush import OPS

STEPS = 200
LATENT_SHARE = 0.4  # of the steps; the rest are for featuremaps
LATENT_RATE = 0.1  # of a latent's numbers, which are about 1
FEATURE_RATE = 0.08  # of featuremaps, in what they vary by over samples
NEAR = 0.2  # weight of the mean square by which featuremaps leave what the latent makes, likewise
SHOWN_EVERY = 10  # steps
DECIMALS = 5  # of a latent in a document


class NotInvertible(UnitbrushError, status=409, slug="not-invertible", title="The model takes no picture of one's own"):
    """The featuremaps that brushes need are too many for a document, or no gradient goes through the network."""


@dataclass(frozen=True)
class Frame:
    """Where it stands after a step. pixels: (H, W, 3), None where they are not shown."""

    step: int
    steps: int
    pixels: Pixels | None


@dataclass(frozen=True)
class Inversion:
    """picture: the document, without edits. pixels: what it draws, (H, W, 3). missing: what is not in it."""

    picture: Picture
    pixels: Pixels
    missing: Missing


Inverting = Generator[Frame | None, None, Inversion]


def base_layer(model: Model) -> str:
    """The layer whose featuremaps a picture of one's own begins with: the first at which a concept is painted or
    removed by default. Raises NotInvertible."""
    dissection, generator = model.dissection, model.generator
    brushes = [dissection.brush(concept, None, op) for concept in dissection.concepts for op in OPS]
    depths = [generator.index(brush.layer) for brush in brushes if brush is not None]
    layer = generator.layers[min(depths, default=generator.index(model.edit_layer))]
    numbers = layer.units * layer.height * layer.width
    if numbers > MAX_NUMBERS:
        raise NotInvertible(f"{layer.name} of {model.name!r} has {numbers} numbers; a document takes {MAX_NUMBERS}")
    return layer.name


def split_steps(steps: int) -> tuple[int, int]:
    """Of so many steps in all, those on the latent and those on featuremaps."""
    latent = round(LATENT_SHARE * steps)
    return latent, steps - latent


def invert(
    model: Model,
    own: Pixels,
    encoder: Encoder | None,
    latent_steps: int,
    feature_steps: int,
    device: str = "cpu",
) -> Inverting:
    """Give a Frame after each step and None within, and return the Inversion.

    own: (H, W, 3), of the generator's size. encoder: the model's, or another one of its generator. latent_steps: none
    of them are taken where the encoder tells featuremaps. Raises NotInvertible and WeightError at a `next`.
    """
    layer = base_layer(model)
    generator = generator_on(torch.device(device), model.generator)
    target = to_images(own[None].copy()).to(device)  # (1, 3, H, W)
    likeness = Likeness(target, (yield from load_see(model, torch.device(device))))
    if encoder is not None and encoder.aim.layer is not None:
        encoder = encoder if generator.index(encoder.aim.layer) <= generator.index(layer) else None
    first = yield from begin(generator, layer, target, likeness, encoder, torch.device(device))
    latent_steps = latent_steps if first.r is None else 0
    steps = latent_steps + feature_steps

    def drawn(z: Tensor) -> Tensor:
        return generator.tail(generator.trunk(z, layer), layer)

    z = first.z  # (1, latent_dim)
    length = math.sqrt(generator.latent_dim)
    if latent_steps:
        z = yield from _descend(z, drawn, likeness, latent_steps, LATENT_RATE, 0, steps, length=length)
    z = torch.round(z, decimals=DECIMALS)
    with torch.no_grad():
        a = generator.trunk(z, layer)
        a = a if first.r is None else a.edited(first.r)

    def redrawn(moved: Tensor) -> Tensor:
        return generator.tail(a.edited(a.r + moved * first.scale), layer)

    moved = torch.zeros_like(a.r)  # in what each unit varies by over samples
    if feature_steps:
        # Beyond what units reach in samples the layers behind were taught nothing, and brushes obey no more.
        within = ((first.least - a.r) / first.scale).clamp(max=0), ((first.most - a.r) / first.scale).clamp(min=0)
        moved = yield from _descend(
            moved, redrawn, likeness, feature_steps, FEATURE_RATE, latent_steps, steps, near=NEAR, within=within
        )
    base = _base(layer, a.r + moved * first.scale)
    picture = Picture(model.name, z=_listed(z) if a.beside and first.r is None else None, base=base)
    with torch.no_grad():
        pixels = to_pixels(generator.tail(_with(a, base), layer))[0]
    return Inversion(picture, pixels, missing(own, pixels, model))


def _descend(
    x: Tensor,
    drawn: Callable[[Tensor], Tensor],
    likeness: Likeness,
    count: int,
    rate: float,
    done: int,
    steps: int,
    near: float = 0.0,
    length: float | None = None,
    within: tuple[Tensor, Tensor] | None = None,
) -> Generator[Frame | None, None, Tensor]:
    """From x downhill for so many steps; the best it came by. drawn: the images of an x. done, steps: of the whole, for
    frames. near: weight of x's mean square. length: that x keeps, as latents have about one. within: the least and the
    most that x may be."""
    descent = Descent(x)
    fast = bfloat16_is_fast(x.device)  # a slope may be a little off: what is written is drawn in float32
    best, least = x, float("inf")
    for step in range(count):
        here = descent.x.requires_grad_()
        with torch.autocast(x.device.type, torch.bfloat16, enabled=fast):
            images = drawn(here).float()  # (1, 3, H, W)
        if not images.requires_grad:
            raise NotInvertible("no gradient goes through this model's network")
        yield None
        seen = images.detach().requires_grad_()
        with torch.autocast(x.device.type, torch.bfloat16, enabled=fast):
            far = likeness(seen).sum()
        (gradient,) = torch.autograd.grad(far, seen)
        yield None
        (gradient,) = torch.autograd.grad(images, here, gradient)
        loss = float(far.detach()) + near * float(here.detach().square().mean())
        if loss < least:
            best, least = here.detach(), loss
        slower = 0.5 * (1 + math.cos(math.pi * step / count))
        descent.x = here.detach()
        descent.step(gradient + 2 * near * descent.x / descent.x.numel(), rate * max(slower, 0.02))
        if length is not None:
            descent.x = descent.x * (length / descent.x.norm())
        if within is not None:
            descent.x = descent.x.clamp(*within)
        shown = to_pixels(images.detach())[0] if (step + 1) % SHOWN_EVERY == 0 else None
        yield Frame(done + step + 1, steps, shown)
    return best


def generator_on(device: torch.device, generator: Network) -> Network:
    """The generator there; a copy where that is not the CPU, on which models lie."""
    if device.type == "cpu" or not isinstance(generator, nn.Module):
        return generator
    return copy.deepcopy(generator).to(device)


def _base(layer: str, r: Tensor) -> Base:
    """r: (1, units, height, width)."""
    return encode_base(layer, r[0].clamp(-6e4, 6e4).cpu().numpy())


def _with(a: Activations, base: Base) -> Activations:
    return a.edited(torch.from_numpy(decode_base(base)).view(a.r.shape).to(a.r))


def _listed(z: Tensor) -> tuple[float, ...]:
    return tuple(round(number, DECIMALS) for number in z[0].tolist())
