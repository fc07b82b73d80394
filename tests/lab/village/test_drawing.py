"""Scenes are drawn exactly as the renderer draws them, with parts and kinds beside."""

from __future__ import annotations

import numpy as np
import pytest

from server.lab.scenes.concepts import CONCEPTS
from server.lab.scenes.render import objects, render
from server.lab.scenes.scene import sample_scene
from server.lab.village.drawing import draw_village
from server.lab.village.parts import CONCEPT_OF_KIND, CONCEPT_OF_PART, KINDS, PARTS, kind, kinds_of, part


@pytest.mark.parametrize("seed", range(0, 60, 4))
def test_a_drawing_is_what_the_renderer_draws(seed: int) -> None:
    scene = sample_scene(seed)
    for hide in (frozenset[str](), *(frozenset({thing.name}) for thing in objects(scene)[:4])):
        drawing = draw_village(scene, 96, hide)
        image, labels = render(scene, 96, hide)
        assert np.array_equal(drawing.image, image)
        assert np.array_equal(drawing.labels, labels)
        assert np.array_equal(CONCEPT_OF_PART[drawing.parts], drawing.labels)


def test_every_part_and_kind_occurs() -> None:
    drawings = [draw_village(sample_scene(seed), 128) for seed in range(150)]
    assert set(np.unique([d.parts for d in drawings])) == set(range(len(PARTS)))
    assert set(np.unique([d.kinds for d in drawings])) == set(range(len(KINDS)))


def test_names_and_kinds_of_concepts() -> None:
    assert PARTS[part("trunk")][0] == "trunk"
    assert [KINDS[k][0] for k in kinds_of(CONCEPTS.index("dome"))] == ["round dome", "onion dome"]
    assert CONCEPT_OF_KIND[kind("conifer")] == CONCEPTS.index("tree")
