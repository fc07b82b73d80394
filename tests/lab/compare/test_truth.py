from __future__ import annotations

import numpy as np
import pytest

from server.errors import UsageError
from server.lab.compare.truth import thing_of
from server.lab.scenes.render import objects, render
from server.lab.scenes.scene import sample_scene, scene_of
from server.painting.picture import Picture


def test_the_mask_is_where_the_thing_stands_and_the_truth_is_without_it() -> None:
    seed = next(seed for seed in range(50) if any(o.name == "tree0" for o in objects(sample_scene(seed))))
    thing = thing_of(Picture("village", seed), "tree0", 64, 128)
    assert thing.concept == "tree"
    assert 0 < thing.mask.mean() < 0.6
    assert thing.lacking.z is not None
    shown, _ = render(sample_scene(seed), 64)
    lacking, _ = render(scene_of(thing.lacking.z), 64)
    differs = np.abs(shown.astype(int) - lacking).max(2)
    assert np.mean(differs[thing.mask]) > 10 * np.mean(differs[~thing.mask])


@pytest.mark.parametrize(
    ("picture", "name", "dimension", "words"),
    [
        (Picture("village", 7), "dragon", 128, "it has .*tree0|it has "),
        (Picture("village", 7), "windows", 128, "no 'windows' that it could be without"),
        (Picture("church", 7), "tree0", 512, "only the village's scenes"),
        (Picture("village", 7, directions={"season": 1.0}), "tree0", 128, "without directions"),
    ],
)
def test_what_has_no_truth_is_said(picture: Picture, name: str, dimension: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        thing_of(picture, name, 64, dimension)
