"""The networks that the village ships beside its weights, on its own pictures."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch

from server.lab.compare.scores import psnr
from server.lab.inpainting.examples import brushed
from server.lab.inpainting.measure import mean_filled
from server.lab.translation.domains import seeds_of
from server.model.catalog import Catalog, Model
from server.model.inpainter import inpainted, inpainter_of
from server.model.pixels import Pixels, to_images
from server.model.translator import translated, translator_of
from server.painting.painter import Painter
from server.painting.picture import Picture
from server.settings import Settings


@pytest.fixture(scope="module")
def painter() -> Painter:
    settings = Settings()
    return Painter(Catalog(settings.models_dir, settings.results_dir))


@pytest.fixture(scope="module")
def model(painter: Painter) -> Model:
    return painter.catalog.get("village")


def named(model: Model, pictures: list[Pixels]) -> np.ndarray:
    """The segmenter's concept of each pixel, (N, H, W)."""
    assert model.segmenter is not None
    with torch.inference_mode():
        return model.segmenter(to_images(np.stack(pictures))).argmax(1).numpy()


def green(pixels: np.ndarray) -> float:
    """How much greener than red and blue, in 255ths. pixels: (n, 3)."""
    red, greens, blue = pixels.astype(float).mean(0)
    return float(greens - (red + blue) / 2)


@pytest.mark.parametrize(("to", "greener"), [("winter", False), ("summer", True)])
def test_its_translator_brings_the_season_and_keeps_what_stands_where(
    painter: Painter, model: Model, to: str, greener: bool
) -> None:
    translator = translator_of(model)
    kept, gained = [], []
    for seed in islice(seeds_of(translator.other(to), 0, model.generator.latent_dim), 3):
        before = painter.render(Picture("village", seed=seed))
        after = [translated(translator, before, to, style) for style in range(3)]
        was, *now = named(model, [before, *after])
        kept += [float((labels == was).mean()) for labels in now]
        ground = was == model.segmenter.concepts.index("grass")  # type: ignore[union-attr]
        gained += [green(picture[ground]) - green(before[ground]) for picture in after]
        assert min(np.abs(after[i].astype(int) - after[j]).mean() for i, j in ((0, 1), (0, 2), (1, 2))) > 1
    assert np.mean(kept) > 0.9
    assert np.mean(gained) > 15 if greener else np.mean(gained) < -15


def test_its_inpainter_comes_nearer_than_what_is_known_in_the_mean(painter: Painter, model: Model) -> None:
    inpainter = inpainter_of(model)
    nearer = []
    for seed in range(6):
        pixels = painter.render(Picture("village", seed=seed))
        mask = brushed(*model.generator.size, np.random.default_rng(seed))
        ways = (inpainted(inpainter, pixels, mask), mean_filled(pixels, mask))
        filled, mean = (psnr(way, pixels, mask) for way in ways)
        nearer.append(filled - mean)
    assert np.mean(nearer) > 3
