from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from server.errors import PictureError, UnknownLayer
from server.model.catalog import Catalog
from server.model.latents import latents_of
from server.painting.base import MAX_NUMBERS, Base, decode_base, encode_base
from server.painting.edits import resolve
from server.painting.painter import Painter
from server.painting.parsing import parse_picture
from server.painting.picture import Edit, Picture, Rect, over, picture_to_json

TREE = Edit("draw", "tree", Rect((0.0, 0.0, 0.5, 1.0)))


def featuremaps(painter: Painter, seed: int, layer: str = "layer4") -> np.ndarray:
    """The layer's output in that scene, (units, height, width)."""
    generator = painter.catalog.get("village").generator
    with torch.inference_mode():
        return generator.trunk(latents_of([seed], generator.latent_dim), layer).r[0].numpy()


def packed(numbers: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(numbers.astype("<f2").tobytes())).decode()


def test_a_base_holds_its_numbers_nearly(painter: Painter) -> None:
    r = featuremaps(painter, 3)
    base = encode_base("layer4", r)
    numbers = decode_base(base).reshape(r.shape)
    assert np.allclose(numbers, r, rtol=2**-7, atol=1e-6)
    assert encode_base("layer4", numbers) == base
    assert len(base.float16) < 0.8 * len(packed(r))


def test_a_scene_from_its_own_featuremaps_is_that_scene(painter: Painter) -> None:
    base = encode_base("layer4", featuremaps(painter, 3))
    for edits in ((), (TREE,), (TREE, replace(TREE, layer="layer6", mask=Rect((0.2, 0.2, 0.9, 0.9))))):
        scene, own = Picture("village", seed=3, edits=edits), Picture("village", base=base, edits=edits)
        difference = np.abs(painter.render(own).astype(int) - painter.render(scene))
        assert difference.mean() < 1
        assert difference.max() <= 12  # what is rounded off, in a network that nobody trained
        assert np.array_equal(painter.render(own), painter.render(own))
    assert not np.array_equal(painter.render(own), painter.render(replace(own, edits=())))


def test_drafts_of_several_pictures_begin_with_their_bases(catalog: Catalog) -> None:
    painter = Painter(catalog, precision="float32")
    bases = [encode_base("layer4", featuremaps(painter, seed)) for seed in (3, 4)]
    pictures = [Picture("village", base=base, edits=(TREE,)) for base in bases]
    pictures += [Picture("village", seed=3, edits=(TREE,)), Picture("village", base=bases[0])]
    for picture, draft in zip(pictures, painter.drafts_of(pictures), strict=True):
        assert np.abs(np.asarray(draft, int) - painter.render(picture)).max() <= 1


def test_live_frames_follow_a_base(painter: Painter) -> None:
    bases = [encode_base("layer4", featuremaps(painter, seed)) for seed in (3, 4)]
    for base in bases:
        for edits in ((), (TREE,), (TREE, replace(TREE, mask=Rect((0.6, 0.0, 0.7, 0.2))))):
            picture = Picture("village", base=base, edits=edits)
            difference = painter.frame(picture).astype(int) - painter.render(picture)
            assert np.abs(difference).max() <= 1
    assert painter.live.frames["update"] > 0


def test_the_document_reads_back_and_has_its_own_digits(painter: Painter) -> None:
    picture = Picture("village", base=encode_base("layer4", featuremaps(painter, 3)), edits=(TREE,))
    text = picture_to_json(picture)
    assert parse_picture(text) == picture
    assert json.loads(text)["base"]["layer"] == "layer4"
    assert "base" not in picture_to_json(Picture("village", seed=3))
    assert over(picture, 7) == Picture("village", seed=7, edits=(TREE,))


def test_a_picture_with_a_base_is_inspected_from_there_on(painter: Painter) -> None:
    picture = Picture("village", base=encode_base("layer4", featuremaps(painter, 3)), clean=True)
    assert painter.featuremaps(picture, "layer6").shape == (16, 16, 8)
    with pytest.raises(UnknownLayer, match="begins behind layer3"):
        painter.featuremaps(picture, "layer3")
    painter.labels(picture)


FLAT = np.zeros(12 * 8 * 8)
GOOD = {"layer": "layer4", "float16": packed(FLAT)}


@pytest.mark.parametrize(
    ("members", "words", "pointer"),
    [
        ({"base": {**GOOD, "more": 1}}, "not permitted", "/base/more"),
        ({"base": {"layer": "layer4"}}, "float16", "/base/float16"),
        ({"base": {**GOOD, "float16": "%"}}, "not base64", "/base"),
        ({"base": {**GOOD, "float16": "é"}}, "not base64", "/base"),
        ({"base": {**GOOD, "float16": base64.b64encode(b"none").decode()}}, "zlib", "/base"),
        ({"base": {**GOOD, "float16": packed(FLAT)[:-8]}}, "", "/base"),
        ({"base": {**GOOD, "float16": packed(np.array([]))}}, "broken off", "/base"),
        ({"base": {**GOOD, "float16": packed(FLAT + np.inf)}}, "not finite", "/base"),
        ({"base": {**GOOD, "float16": packed(np.zeros(MAX_NUMBERS + 1))}}, "at most", "/base"),
        ({"base": {**GOOD, "float16": "A" * 700_004}}, "at most 700000", "/base/float16"),
        ({"base": GOOD, "seed": 1, "z": [1.0]}, "either a seed or a z", ""),
        ({"base": GOOD, "directions": {"season": 1.0}}, "a picture with a base has none", ""),
        ({}, "either a seed or a z", ""),
    ],
)
def test_what_is_no_base_is_refused(members: dict[str, Any], words: str, pointer: str) -> None:
    with pytest.raises(PictureError) as raised:
        parse_picture({"model": "village", **members})
    assert words in raised.value.detail
    assert raised.value.pointer == pointer


def test_a_bomb_is_not_inflated() -> None:
    bomb = base64.b64encode(zlib.compress(bytes(2**28), 9)).decode()
    with pytest.raises(PictureError, match="at most"):
        parse_picture({"model": "village", "base": {"layer": "layer4", "float16": bomb}})


@pytest.mark.parametrize(
    ("base", "edit", "pointer"),
    [
        (Base("layer9", packed(FLAT)), TREE, "/base/layer"),
        (Base("layer4", packed(FLAT[1:])), TREE, "/base/float16"),
        (Base("layer6", packed(np.zeros(8 * 16 * 16))), TREE, "/edits/0/layer"),
    ],
)
def test_a_model_refuses_what_does_not_fit(painter: Painter, base: Base, edit: Edit, pointer: str) -> None:
    picture = Picture("village", base=base, edits=(edit,))
    with pytest.raises(PictureError) as raised:
        resolve(picture, painter.catalog.get("village"))
    assert raised.value.pointer == pointer
    with pytest.raises(PictureError):
        painter.render(picture)


def test_only_float16_numbers_are_written() -> None:
    with pytest.raises(ValueError, match="at most"):
        encode_base("layer4", np.zeros((1025, 16, 16), np.float32))
    with pytest.raises(ValueError, match="not finite"):
        encode_base("layer4", np.full((1, 1, 1), 1e6, np.float32))
