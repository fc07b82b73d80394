from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from server.inversion import likeness
from server.inversion.first import SAMPLES
from server.inversion.invert import Frame, Inversion, Inverting, NotInvertible, base_layer, invert, split_steps
from server.inversion.likeness import Likeness, See, load_see
from server.inversion.missing import missing, psnr
from server.model.catalog import Catalog, Model
from server.model.encoder import Aim, Encoder, aim_at
from server.model.latents import latents_of
from server.model.pixels import Pixels, to_images, to_pixels
from server.model.stylegan2_layouts import read_stylegan2
from server.painting.base import decode_base
from server.painting.edits import resolve
from server.painting.painter import Painter
from server.painting.parsing import parse_picture
from server.painting.picture import Edit, Picture, Rect, picture_to_json
from server.painting.scenes import scene_of
from server.results.brush import Dissection
from server.results.directions import Directions
from server.styles.fast import NoStyles
from tests.helpers.decided import SKETCH, write_decided_model
from tests.helpers.stylegan2_weights import LAYOUTS, WIDTHS, random_weights
from tests.helpers.styles import load_tiny_features

TREE = Edit("draw", "tree", Rect((0.0, 0.0, 0.5, 1.0)))


def finished(steps: Inverting) -> tuple[Inversion, list[Frame]]:
    frames: list[Frame] = []
    while True:
        try:
            frame = next(steps)
        except StopIteration as end:
            return end.value, frames
        if frame is not None:
            frames.append(frame)


def distance(model: Model, own: Pixels, inversion: Inversion) -> float:
    """How far the likeness is by the measure that is descended on."""
    see: list[See] = []

    def loaded() -> Iterator[None]:
        see.append((yield from load_see(model, torch.device("cpu"))))

    list(loaded())
    a, b = (to_images(pixels[None].copy()) for pixels in (own, inversion.pixels))
    with torch.no_grad():
        return float(Likeness(a, see[0])(b))


class Knowing(Encoder):
    """Tells what it was made with, whatever it sees."""

    def __init__(self, aim: Aim, told: torch.Tensor) -> None:
        super().__init__(aim, 32)
        self.told = told

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.told


@pytest.fixture
def model(catalog: Catalog) -> Model:
    return catalog.get("village")


@pytest.fixture
def own(painter: Painter) -> Pixels:
    """A scene, darker: what a latent alone does not draw."""
    return (painter.render(Picture("village", seed=77)) * 0.8).astype(np.uint8)


def test_descent_comes_nearer_stage_by_stage(model: Model, own: Pixels) -> None:
    reached = []
    for steps in ((0, 0), (20, 0), (20, 30)):
        inversion, frames = finished(invert(model, own, None, *steps))
        assert [frame.step for frame in frames] == list(range(1, sum(steps) + 1))
        assert {frame.steps for frame in frames} <= {sum(steps)}
        reached.append(distance(model, own, inversion))
    assert reached[2] < min(reached[:2])  # those two may be as near: a file's pixels are clamped, a network's are not
    shown = frames[9].pixels
    assert shown is not None
    assert shown.shape == own.shape


def test_featuremaps_stay_within_what_they_reach_in_samples(model: Model) -> None:
    generator, layer = model.generator, base_layer(model)
    with torch.no_grad():
        samples = generator.trunk(latents_of(range(SAMPLES), generator.latent_dim), layer).r
    least, most = samples.amin((0, 2, 3))[:, None], samples.amax((0, 2, 3))[:, None]  # (units, 1)
    red = np.zeros((*generator.size, 3), np.uint8)
    red[..., 0] = 255  # as no scene is
    base = finished(invert(model, red, None, 0, 60))[0].picture.base
    assert base is not None
    r = torch.from_numpy(decode_base(base)).float().view(len(least), -1)  # (units, cells)
    rounding = 2**-6 * r.abs() + 1e-3  # of a document's numbers
    assert bool(((r >= least - rounding) & (r <= most + rounding)).all())
    assert bool(((r - most).abs() <= rounding).any() or ((r - least).abs() <= rounding).any())  # and would go further


def test_the_document_draws_what_was_found_and_is_painted_on(model: Model, own: Pixels, painter: Painter) -> None:
    inversion, _ = finished(invert(model, own, None, 5, 5))
    picture = inversion.picture
    assert picture.base is not None
    assert picture.base.layer == base_layer(model) == "layer4"
    assert (picture.seed, picture.z, picture.edits) == (None, None, ())
    assert parse_picture(picture_to_json(picture)) == picture
    drawn = painter.render(picture)
    assert np.abs(drawn.astype(int) - inversion.pixels).max() <= 1
    painted = painter.render(replace(picture, edits=(TREE,)))
    changed = np.abs(painted.astype(int) - drawn).mean((0, 2))  # (R,), by column
    assert changed[:12].min() > changed[24:].max()


def test_where_it_begins_is_what_the_encoder_tells(model: Model, own: Pixels) -> None:
    seeds = latents_of([5], model.generator.latent_dim)
    for aim in (aim_at(model.generator, None), aim_at(model.generator, "layer4"), aim_at(model.generator, "layer3")):
        with torch.no_grad():
            told = seeds if aim.layer is None else model.generator.trunk(seeds, aim.layer).r
            expected = model.generator.tail(model.generator.trunk(seeds, "layer4"), "layer4")
        inversion, frames = finished(invert(model, own, Knowing(aim, told), 4, 0))
        if aim.layer is None:
            assert len(frames) == 4
            inversion, _ = finished(invert(model, own, Knowing(aim, told), 0, 0))
        else:
            assert frames == []
        assert (to_images(inversion.pixels[None].copy()) - expected.clamp(-1, 1)).abs().mean() < 0.02
    late = Encoder(Aim("layer6", (8, 16, 16)), 32).eval()
    without, _ = finished(invert(model, own, None, 0, 0))
    assert finished(invert(model, own, late, 0, 0))[0].picture == without.picture


def test_a_generator_that_decides_is_inverted_to_its_sketch(tmp_path: Path) -> None:
    write_decided_model(tmp_path)
    catalog = Catalog(tmp_path / "models", tmp_path / "dissect_results")
    model, painter = catalog.get("village"), Painter(catalog)
    own = painter.render(Picture("village", seed=4, edits=(TREE,)))
    begun, _ = finished(invert(model, own, None, 0, 0))
    inversion, _ = finished(invert(model, own, None, 0, 6))
    assert inversion.picture.base is not None
    assert inversion.picture.base.layer == SKETCH
    assert distance(model, own, inversion) < distance(model, own, begun)
    assert np.abs(painter.render(inversion.picture).astype(int) - inversion.pixels).mean() < 0.5


@pytest.mark.parametrize("extra", [True, False])
def test_layers_that_read_more_than_featuremaps_keep_their_latent(
    model: Model, own: Pixels, monkeypatch: pytest.MonkeyPatch, extra: bool
) -> None:
    def absent(dtype: torch.dtype, device: str) -> Iterator[None]:
        raise NoStyles("not installed")
        yield

    monkeypatch.setattr(likeness, "load_features", load_tiny_features if extra else absent)
    generator = read_stylegan2(LAYOUTS["rosinality's"](random_weights(WIDTHS[16])), 1.0)
    other = replace(
        model,
        generator=generator,
        segmenter=None,
        dissection=Dissection("village", ()),
        directions=Directions(generator.latent_dim),
        artifacts=(),
    )
    drawn = to_pixels(generator.tail(generator.trunk(latents_of([77], generator.latent_dim), "layer1"), "layer1"))[0]
    small = (drawn * 0.8).astype(np.uint8)
    begun, _ = finished(invert(other, small, None, 0, 0))
    inversion, _ = finished(invert(other, small, None, 6, 6))
    picture = parse_picture(picture_to_json(inversion.picture))
    assert picture.z is not None
    assert distance(other, small, inversion) < distance(other, small, begun)
    resolve(picture, other)
    last = generator.layers[-1].name
    with torch.inference_mode():
        drawn = to_pixels(generator.tail(scene_of(picture, other).output(generator, last), last))[0]
    assert np.abs(drawn.astype(int) - inversion.pixels).max() <= 1


def test_the_map_shows_what_is_not_there(model: Model, own: Pixels) -> None:
    same = missing(own, own, model)
    assert (same.share, same.agreement, same.psnr) == (0, 1, 100)
    other = own.copy()
    other[:16, :16] = 255 - other[:16, :16]
    found = missing(own, other, replace(model, segmenter=None))
    assert found.agreement is None
    assert found.grid[:16, :16].mean() > 0.5 > found.share
    assert found.grid[17:].max() == 0
    assert psnr(own, other) == found.psnr < 20


def test_steps_are_split() -> None:
    assert split_steps(200) == (80, 120)
    assert split_steps(0) == (0, 0)


def test_a_network_without_gradients_says_so(model: Model, own: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = model.generator
    tail = generator.tail
    monkeypatch.setattr(generator, "tail", lambda a, layer: tail(a, layer).detach(), raising=False)
    with pytest.raises(NotInvertible, match="no gradient"):
        finished(invert(model, own, None, 1, 0))
