"""The parts of drawing a picture, without a server: passes, edits, encoders."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.bench.timing import Timing, measure
from server.model.catalog import Model
from server.model.generator import Generator
from server.model.latents import latents_of
from server.model.progressive import SLOPE, ProgressiveGenerator, pixelnorm
from server.painting.imaging import MEDIA_TYPES, encode
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture, Stroke, Strokes

PLAIN = "plain full pass"


def stroke_picture(model: Model, step: int) -> Picture:
    """A scene with one stroke of the first brush, or of a unit where there are none; in another place for each step, so
    that no cache answers."""
    x = 0.3 + 0.4 * (step * 0.6180339887 % 1)
    mask = Strokes((Stroke(((x, 0.55), (x + 0.1, 0.6), (x + 0.15, 0.7)), 0.06),))
    if model.dissection.concepts:
        edit = Edit("draw", model.dissection.concepts[0], mask)
    else:
        edit = Edit("draw", None, mask, (0,), (1.0,), layer=model.edit_layer)
    return Picture(model.name, 0, edits=(edit,))


def plain_pass(generator: Generator, device: str) -> Callable[[Tensor], Tensor]:
    """The generator as it was published, nothing folded or packed: what the other figures are compared with. One of
    another family runs as it is, on the CPU.

    The pass takes z, (N, latent_dim), and returns the image, (N, 3, R, R), about -1..1.
    """
    if not isinstance(generator, ProgressiveGenerator):
        first = generator.layers[0].name
        return lambda z: generator.tail(generator.trunk(z, first), first)
    names = [*(layer.name for layer in generator.layers), generator.output_name]
    blocks = [generator.block(name) for name in names]
    weights = [(b.conv.weight.detach() * b.scale).to(device) for b in blocks]  # (O, C, k, k) each
    biases = [b.wscale.b.detach().to(device) for b in blocks]  # (O,) each

    def run(z: Tensor) -> Tensor:
        x = z.to(device)[:, :, None, None]  # (N, latent_dim, 1, 1)
        for block, weight, bias in zip(blocks, weights, biases, strict=True):
            x = pixelnorm(x)
            if block.up:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = F.conv2d(x, weight, bias, padding=block.padding)
            if block.active:
                x = F.leaky_relu(x, SLOPE)
        return x

    return run


def passes(model: Model, device: str, seconds: float) -> Iterator[Timing]:
    """In float32: the generator whole, plain and folded for painting, its trunk, and its tail from each layer that is
    painted at."""
    generator = model.generator.frozen(torch.float32, device)
    z = latents_of([0], generator.latent_dim)  # (1, latent_dim)
    first, usual = generator.layers[0].name, model.edit_layer
    painted = {brush.layer for brush in model.dissection.brushes if brush.best}
    plain = plain_pass(model.generator, device)
    with torch.inference_mode():
        yield measure(PLAIN, lambda i: _wait(plain(z)), seconds)
        yield measure("full pass", lambda i: _wait(generator.tail(generator.trunk(z, first), first)), seconds)
        yield measure(f"trunk to {usual}", lambda i: _wait(generator.trunk(z, usual).r), seconds)
        for layer in (one.name for one in generator.layers if one.name in painted):
            a = generator.trunk(z, layer)
            yield measure(f"tail from {layer}", lambda i, a=a, at=layer: _wait(generator.tail(a, at)), seconds)  # type: ignore[misc]


def edits(painter: Painter, model: Model, seconds: float) -> Iterator[Timing]:
    """A new stroke on a known scene, and a new scene."""
    for draft, name in ((False, "float32"), (True, "draft")):
        yield measure(f"edit, {name}", lambda i, d=draft: painter.render(stroke_picture(model, i), d), seconds)  # type: ignore[misc]
    yield measure("new scene", lambda i: painter.render(Picture(model.name, 1000 + i)), seconds)


def encoders(painter: Painter, model: Model, seconds: float) -> Iterator[Timing]:
    """Each image format."""
    pixels = painter.render(Picture(model.name, 0))  # (R, R, 3)
    for form in MEDIA_TYPES:
        yield measure(f"encode {form}", lambda i, f=form: encode(pixels, f), seconds)  # type: ignore[misc]


def _wait(x: Tensor) -> float:
    """Copy one number to the host, which waits for what the device still has to do."""
    return float(x[0, 0, 0, 0])
