"""The village's scenes are calm, and drawn exactly as the renderer draws them, with parts and kinds beside."""

from __future__ import annotations

import numpy as np
import pytest

from server.lab.scenes.concepts import CONCEPTS
from server.lab.scenes.render import objects, render
from server.lab.village.drawing import draw_village
from server.lab.village.parts import CONCEPT_OF_KIND, CONCEPT_OF_PART, KINDS, PARTS, kind, kinds_of, part
from server.lab.village.world import sample_village, village_of

SEEDS = range(60)


def test_scenes_are_calm() -> None:
    scenes = [sample_village(seed) for seed in SEEDS]
    counts = [len(scene.buildings) for scene in scenes]
    assert set(counts) == {0, 1, 2}
    assert max(len(scene.trees) for scene in scenes) <= 5


@pytest.mark.parametrize("wrong", [np.zeros(128), np.ones(127), np.full(128, np.nan)])
def test_what_is_no_latent_is_no_scene(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="128 finite"):
        village_of(wrong)


@pytest.mark.parametrize("seed", range(0, 60, 4))
def test_a_drawing_is_what_the_renderer_draws(seed: int) -> None:
    scene = sample_village(seed)
    for hide in (frozenset[str](), *(frozenset({thing.name}) for thing in objects(scene)[:4])):
        drawing = draw_village(scene, 96, hide)
        image, labels = render(scene, 96, hide)
        assert np.array_equal(drawing.image, image)
        assert np.array_equal(drawing.labels, labels)
        assert np.array_equal(CONCEPT_OF_PART[drawing.parts], drawing.labels)


def test_every_part_and_kind_occurs() -> None:
    drawings = [draw_village(sample_village(seed), 128) for seed in range(150)]
    assert set(np.unique([d.parts for d in drawings])) == set(range(len(PARTS)))
    assert set(np.unique([d.kinds for d in drawings])) == set(range(len(KINDS)))


def test_names_and_kinds_of_concepts() -> None:
    assert PARTS[part("trunk")][0] == "trunk"
    assert [KINDS[k][0] for k in kinds_of(CONCEPTS.index("dome"))] == ["round dome", "onion dome"]
    assert CONCEPT_OF_KIND[kind("conifer")] == CONCEPTS.index("tree")
