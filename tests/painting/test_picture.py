"""Pictures: the latent of a seed, and one canonical document for each picture."""

from __future__ import annotations

import json

import numpy as np
import pytest

from server.painting.picture import Edit, Picture, Rect, Stroke, Strokes, digest, picture_to_json, to_document
from server.painting.scenes import latent


@pytest.mark.parametrize("seed", [0, 42, 2**32 - 1])
def test_the_latent_of_a_seed_is_numpys(seed: int) -> None:
    z = latent(Picture("village", seed=seed), 5)
    assert z.dtype == np.float32
    assert np.array_equal(z, np.random.RandomState(seed).standard_normal(5).astype(np.float32))


def test_an_explicit_latent_stands_as_it_is() -> None:
    assert latent(Picture("village", z=(0.5, -1.0)), 2).tolist() == [0.5, -1.0]


def test_the_document_of_the_design() -> None:
    picture = Picture(
        "village",
        seed=42,
        edits=(
            Edit("draw", "tree", Strokes((Stroke(((0.2, 0.7), (0.3, 0.72)), 0.06),)), units=20),
            Edit("remove", "door", None),
        ),
    )
    assert to_document(picture) == {
        "version": 1,
        "model": "village",
        "seed": 42,
        "edits": [
            {
                "op": "draw",
                "concept": "tree",
                "mask": {"strokes": [{"points": [[0.2, 0.7], [0.3, 0.72]], "radius": 0.06}]},
                "units": 20,
                "strength": 1.0,
            },
            {"op": "remove", "concept": "door", "mask": None, "strength": 1.0},
        ],
    }


def test_the_canonical_document_is_sorted_minimal_and_has_one_spelling() -> None:
    a = Picture("village", seed=1, edits=(Edit("draw", "sky", Rect((0, 0, 1, 0.5)), strength=1),))
    b = Picture("village", seed=1, edits=(Edit("draw", "sky", Rect((-0.0, 0.0, 1.0, 0.5)), strength=1.0),))
    assert picture_to_json(a) == picture_to_json(b)
    assert digest(a) == digest(b)
    text = picture_to_json(a)
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


def test_other_pictures_have_other_digests() -> None:
    pictures = [
        Picture("village", seed=1),
        Picture("village", seed=2),
        Picture("church", seed=1),
        Picture("village", z=(1.0,)),
        Picture("village", seed=1, directions={"season": 1.0}),
        Picture("village", seed=1, directions={"season": -1.0}),
        Picture("village", seed=1, clean=True),
        Picture("village", seed=1, edits=(Edit("draw", "sky", None),)),
        Picture("village", seed=1, edits=(Edit("remove", "sky", None),)),
        Picture("village", seed=1, edits=(Edit("draw", "sky", None, strength=0.5),)),
        Picture("village", seed=1, edits=(Edit("draw", "sky", Rect((0, 0, 1, 1))),)),
        Picture("village", seed=1, edits=(Edit("draw", "sky", None, units=3),)),
        Picture("village", seed=1, edits=(Edit("draw", "sky", None, units=(3,), levels=(1.0,)),)),
        Picture("village", seed=1, edits=(Edit("draw", "sky", None, layer="layer4"),)),
    ]
    assert len({digest(p) for p in pictures}) == len(pictures)
