"""Twins: what they lack, and what they answer."""

import numpy as np

from server.lab.scenes.answer import answered
from server.lab.scenes.render import render
from server.lab.scenes.scene import sample_scene
from server.lab.train.store import FIRST_SEED
from server.lab.train.twins import answers, stroke_on, twin_of

SCENES = [sample_scene(FIRST_SEED + i) for i in range(400)]


def test_one_half_lack_something_and_the_other_have_something_more() -> None:
    for i, scene in enumerate(SCENES[:40]):
        twin = twin_of(scene, i)
        assert (len(twin.scene.front) == 1) == answers(i) == bool(i % 2)
        assert bool(twin.hide) != answers(i)
        image, labels = twin.drawn(32)
        wanted, wanted_labels = render(twin.scene, 32, hide=twin.hide)
        assert np.array_equal(image, wanted)
        assert np.array_equal(labels, wanted_labels)
        if answers(i):
            assert twin.scene == answered(scene, stroke_on(scene, i))
            assert twin.scene.trees == scene.trees
            changed = labels != render(scene, 32)[1]
            assert set(labels[changed].tolist()) <= {stroke_on(scene, i).concept}
