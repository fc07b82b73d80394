"""The parts of drawing a picture, without a server: passes, edits, encoders."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.bench.timing import Work
from server.model.catalog import Model
from server.model.generator import Generator
from server.model.latents import latents_of
from server.model.pixels import Pixels
from server.model.progressive import SLOPE, ProgressiveGenerator, pixelnorm
from server.painting.imaging import MEDIA_TYPES, encode
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture, Rect, Stroke, Strokes

PLAIN = "plain full pass"


def stroke_picture(model: Model, step: int) -> Picture:
    """A scene with one stroke of the first brush, or of a unit where there are none; in another place for each step, so
    that no cache answers."""
    x = 0.3 + 0.4 * (step * 0.6180339887 % 1)
    mask = Strokes((Stroke(((x, 0.55), (x + 0.1, 0.6), (x + 0.15, 0.7)), 0.06),))
    return Picture(model.name, 0, edits=(brush_edit(model, mask),))


def brush_edit(model: Model, mask: Strokes) -> Edit:
    """Strokes of the first brush, or of a unit where there are none."""
    if model.dissection.concepts:
        return Edit("draw", model.dissection.concepts[0], mask)
    return Edit("draw", None, mask, (0,), (1.0,), layer=model.edit_layer)


def plain_pass(generator: Generator, device: str) -> Callable[[Tensor], Tensor]:
    """The generator as it was published, nothing folded or packed: what the other figures are compared with. One of
    another family runs as it is, on the CPU.

    The pass takes z, (N, latent_dim), and returns the image, (N, 3, H, W), about -1..1.
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


def passes(model: Model, device: str) -> dict[str, Work]:
    """In float32: the generator whole, plain and folded for painting, its trunk, and its tail from each layer that is
    painted at."""
    generator = model.generator.frozen(torch.float32, device)
    z = latents_of([0], generator.latent_dim)  # (1, latent_dim)
    first, usual = generator.layers[0].name, model.edit_layer
    painted = {brush.layer for brush in model.dissection.brushes if brush.best}
    plain = plain_pass(model.generator, device)
    works: dict[str, Callable[[], Tensor]] = {
        PLAIN: lambda: plain(z),
        "full pass": lambda: generator.tail(generator.trunk(z, first), first),
        f"trunk to {usual}": lambda: generator.trunk(z, usual).r,
    }
    for layer in (one.name for one in generator.layers if one.name in painted):
        with torch.inference_mode():
            a = generator.trunk(z, layer)
        works[f"tail from {layer}"] = partial(generator.tail, a, layer)

    def run(work: Callable[[], Tensor], step: int) -> float:
        with torch.inference_mode():
            return _wait(work())

    return {name: partial(run, work) for name, work in works.items()}


def edits(painter: Painter, model: Model) -> dict[str, Work]:
    """A new stroke on a known scene, whole, and a new scene."""
    return {
        "edit, float32": lambda i: painter.render(stroke_picture(model, i)),
        "edit, draft": lambda i: painter.render(stroke_picture(model, i), draft=True),
        "new scene": lambda i: painter.render(Picture(model.name, 1000 + i)),
    }


def cells_picture(model: Model, cells: int, corner: bool, strength: float = 1.0) -> Picture:
    """A scene with a square of that many cells of the usual layer's side drawn, in the middle or in a corner."""
    layer = model.generator.layer(model.edit_layer)
    top, left = (0 if corner else (side - cells) // 2 for side in (layer.height, layer.width))
    bottom, right = (top + cells) / layer.height, (left + cells) / layer.width
    mask = Rect((left / layer.width, top / layer.height, right, bottom))
    edit = Edit("draw", None, mask, (0,), (1.0,), strength, layer=model.edit_layer)
    return Picture(model.name, 0, edits=(edit,))


def updates(painter: Painter, model: Model) -> dict[str, Work]:
    """Frames in float32 that follow from the one before: an edit by size of its square of cells, and with its image."""
    layer = model.generator.layer(model.edit_layer)

    def frame(cells: int, corner: bool, step: int) -> Pixels:
        return painter.frame(cells_picture(model, cells, corner, strength=0.5 + 0.001 * (step % 400)))

    works: dict[str, Work] = {}
    for cells in (size for size in (1, 2, 4) if size < min(layer.height, layer.width)):
        works[f"frame, {cells}x{cells} cells"] = partial(frame, cells, False)
        works[f"frame, {cells}x{cells}, corner"] = partial(frame, cells, True)
    # In other strengths than those above, as the same picture would cost nothing.
    works["frame, 2x2 cells, jpeg"] = lambda i: encode(frame(2, False, i + 200), "jpeg")
    return works


def encoders(painter: Painter, model: Model) -> dict[str, Work]:
    """Each image format."""
    pixels = painter.render(Picture(model.name, 0))  # (H, W, 3)
    return {f"encode {form}": partial(lambda form, i: encode(pixels, form), form) for form in MEDIA_TYPES}


def _wait(x: Tensor) -> float:
    """Copy one number to the host, which waits for what the device still has to do."""
    return float(x[0, 0, 0, 0])
