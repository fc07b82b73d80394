"""Pictures of one domain as pictures of another, in many styles: a small MUNIT.

    translator = load_translator(path)[0]
    styles = translator.styles(seeds=[3, 4])                    # (2, STYLE)
    winter = translator.translate(images, "summer", "winter", styles)

After Huang et al., "Multimodal Unsupervised Image-to-Image Translation" (ECCV 2018): of each domain an encoder of
content, which both domains share, one of style, which is the domain's own, and a decoder that paints a content in a
style by adaptive instance normalisation. It runs on cells of 2x2 pixels, at a quarter of the cost of running on pixels.
`server.lab.translation` trains it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field, TypeAdapter
from torch import Tensor, nn

from server.errors import UnitbrushError
from server.files import TRANSLATOR
from server.model.catalog import Model
from server.model.latents import latents_of
from server.model.pixels import Pixels, to_images, to_pixels
from server.model.tensors import load_beside, load_own, save_beside
from server.results.reading import Text

MULTIPLE = 4  # of pixels, that pictures are of
FOLD = 2  # pixels of a cell, along each side
WIDTH = 32  # channels at half the size; twice as many at a quarter
CONTENT = 2 * WIDTH
BLOCKS = 4  # residual ones, of an encoder of content and of a decoder
STYLE = 8  # numbers
STYLE_WIDTHS = (32, 64, 96)
HIDDEN = 64

_domains: TypeAdapter[tuple[str, ...]] = TypeAdapter(Annotated[tuple[Text, ...], Field(min_length=2, max_length=2)])


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1, padding_mode="reflect")


class Residual(nn.Module):
    """Two convolutions beside the input, each normalised by cell statistics of the picture itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _conv(width, width), _conv(width, width)

    def forward(self, x: Tensor, scales: Sequence[Tensor] | None = None) -> Tensor:
        """x: (N, C, h, w). scales: of a style, factors less 1 and shifts, (N, 2 C) for each convolution. Shape kept."""
        y = F.relu(_normalised(self.first(x), None if scales is None else scales[0]))
        return x + _normalised(self.second(y), None if scales is None else scales[1])


def _normalised(x: Tensor, scale: Tensor | None) -> Tensor:
    """Instance normalisation, adaptive (Huang and Belongie 2017) where a style is given. x: (N, C, h, w). scale:
    (N, 2 C). Shape kept."""
    x = F.instance_norm(x)
    if scale is None:
        return x
    factor, shift = scale[:, :, None, None].chunk(2, 1)  # (N, C, 1, 1) each
    return x * (1 + factor) + shift


class ContentEncoder(nn.Module):
    """What stands where."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.down = _conv(3 * FOLD**2, WIDTH), _conv(WIDTH, CONTENT, stride=2)
        self.blocks = nn.ModuleList(Residual(CONTENT) for _ in range(BLOCKS))

    def forward(self, images: Tensor) -> Tensor:
        """images: (N, 3, H, W), -1..1. Returns (N, CONTENT, H / 4, W / 4)."""
        x = F.relu(F.instance_norm(self.first(F.pixel_unshuffle(images, FOLD))))
        x = F.relu(F.instance_norm(self.down(x)))
        for block in self.blocks:
            x = block(x)
        return x


class StyleEncoder(nn.Module):
    """What it looks like."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3 * FOLD**2, *STYLE_WIDTHS)
        self.down = nn.ModuleList(_conv(a, b, stride=2) for a, b in zip(widths, STYLE_WIDTHS, strict=False))
        self.last = nn.Linear(widths[-1], STYLE)

    def forward(self, images: Tensor) -> Tensor:
        """images: (N, 3, H, W), -1..1. Returns (N, STYLE)."""
        x = F.pixel_unshuffle(images, FOLD)
        for conv in self.down:
            x = F.relu(conv(x))
        style: Tensor = self.last(x.mean((2, 3)))
        return style


class Decoder(nn.Module):
    """Paints a content in a style."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Residual(CONTENT) for _ in range(BLOCKS))
        self.up, self.last = _conv(CONTENT, WIDTH), _conv(WIDTH, 3 * FOLD**2)
        self.norm = nn.GroupNorm(1, WIDTH)
        scales = BLOCKS * 2 * 2 * CONTENT
        self.of_style = nn.Sequential(
            nn.Linear(STYLE, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, scales)
        )

    def forward(self, content: Tensor, styles: Tensor) -> Tensor:
        """content: (N, CONTENT, h, w). styles: (N, STYLE). Returns images, (N, 3, 4 h, 4 w), -1..1."""
        scales = self.of_style(styles).chunk(2 * BLOCKS, 1)  # (N, 2 CONTENT) each
        for i, block in enumerate(self.blocks):
            content = block(content, scales[2 * i : 2 * i + 2])
        x = F.interpolate(content, scale_factor=2, mode="nearest")
        x = F.relu(self.norm(self.up(x)))
        return F.pixel_shuffle(torch.tanh(self.last(x)), FOLD)


class Domain(nn.Module):
    """The three networks of one domain."""

    def __init__(self) -> None:
        super().__init__()
        self.content, self.style, self.decoder = ContentEncoder(), StyleEncoder(), Decoder()


class Translator(nn.Module):
    """domains: the names of its two."""

    def __init__(self, domains: tuple[str, str]) -> None:
        super().__init__()
        self.domains = domains
        self.of = nn.ModuleDict({name: Domain() for name in domains})

    def other(self, domain: str) -> str:
        """The domain that this is not. Raises ValueError for a name that is neither's."""
        if domain not in self.domains:
            raise ValueError(f"no domain {domain!r}; there are {' and '.join(self.domains)}")
        return self.domains[1 - self.domains.index(domain)]

    def styles(self, seeds: Sequence[int]) -> Tensor:
        """The style of each seed: (N, STYLE)."""
        return latents_of(seeds, STYLE)

    def translate(self, images: Tensor, to: str, styles: Tensor) -> Tensor:
        """Pictures of the other domain as pictures of this one. images: (N, 3, H, W), -1..1, H and W multiples of four.
        styles: (N, STYLE). Shape kept. Raises ValueError for a domain that it does not know."""
        source, target = self.of[self.other(to)], self.of[to]
        assert isinstance(source, Domain)
        assert isinstance(target, Domain)
        painted: Tensor = target.decoder(source.content(images), styles)
        return painted


def save_translator(path: Path, translator: Translator, generator: str | None) -> None:
    """Write it. generator: the SHA-256 of the one whose pictures it learned on. Raises ValueError for one that would be
    too large."""
    save_beside(path, "translator", translator, {"domains": json.dumps(translator.domains)}, generator)


def load_translator(path: Path) -> tuple[Translator, str]:
    """Read a translator for inference, and the SHA-256 of the generator whose pictures it learned on, empty where
    unknown. Raises WeightError."""
    return load_beside(path, "translator", _made)


def _made(meta: Mapping[str, str]) -> Translator:
    first, second = _domains.validate_python(tuple(json.loads(meta["domains"])))
    if first == second:
        raise ValueError("its two domains are the same")
    return Translator((first, second))


class NoTranslator(UnitbrushError, status=409, slug="no-translator", title="The model has no translator"):
    """Nothing paints its pictures as those of another season; the detail says what trains that."""


def translator_of(model: Model) -> Translator:
    """The model's translator. Raises NoTranslator where it has none, or one of another generator, and WeightError."""
    translator = load_own(model.folder / TRANSLATOR, load_translator, model.weights)
    if translator is None:
        raise NoTranslator(f"{model.name!r} has none of its own: run `unitbrush translator {model.name}`")
    return translator


def translated(translator: Translator, pixels: Pixels, to: str, seed: int) -> Pixels:
    """A picture as one of a domain, in the style of a seed. pixels: (H, W, 3), shape kept. Raises ValueError for a
    domain that the translator does not know."""
    images = to_images(pixels[None].copy())  # (1, 3, H, W)
    height, width = pixels.shape[:2]
    right, bottom = -width % MULTIPLE, -height % MULTIPLE
    with torch.inference_mode():
        whole = F.pad(images, (0, right, 0, bottom), mode="replicate")
        painted = translator.translate(whole, to, translator.styles([seed]))[:, :, :height, :width]
    result: Pixels = to_pixels(painted)[0]
    return result
