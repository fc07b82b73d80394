"""Strokes of all twelve concepts are answered, where the stroke is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from server.lab.scenes.answer import BrushStroke
from server.lab.scenes.concepts import CONCEPTS, DOME, DOOR, GRASS, PATH, ROOF, SKY, WALL, WATER, WINDOW
from server.lab.scenes.scene import sample_scene
from server.lab.village.answer import answered, random_stroke
from server.lab.village.drawing import draw_village
from server.painting.mask import coverage

SIZE = 96
BARE = replace(sample_scene(3), buildings=(), trees=(), clouds=(), water=None, path=None, mountains=None)
ROW = {"sky": 0.2, "cloud": 0.2, "mountain": BARE.sky.horizon - 0.09, "roof": 0.5, "dome": 0.5}
# How much of a dab on an empty meadow the answer fills at least, where that is not most of it.
LEAST = {"path": 0.3, "window": 0.3, "door": 0.4, "water": 0.5, "mountain": 0.3, "cloud": 0.5}


@pytest.mark.parametrize("concept", range(len(CONCEPTS)))
def test_a_dab_shows_its_concept(concept: int) -> None:
    name = CONCEPTS[concept]
    stroke = BrushStroke(concept, ((0.5, ROW.get(name, 0.75)),), 0.1)
    drawing = draw_village(answered(BARE, stroke), SIZE)
    inside = coverage(stroke.mask, SIZE, SIZE) > 0.5
    assert (drawing.labels[inside] == concept).mean() > LEAST.get(name, 0.6)


@pytest.mark.parametrize("concept", [ROOF, DOME, DOOR, WINDOW])
def test_nothing_of_a_building_stands_alone(concept: int) -> None:
    drawing = draw_village(answered(BARE, BrushStroke(concept, ((0.5, 0.6),), 0.08)), SIZE)
    assert (drawing.labels == WALL).sum() > 20


def test_ground_is_changed_where_it_was() -> None:
    pond = answered(BARE, BrushStroke(WATER, ((0.5, 0.8),), 0.12))
    assert pond.water is not None
    meadow = answered(pond, BrushStroke(GRASS, ((0.5, 0.8),), 0.08))
    wet, dry = ((draw_village(scene, SIZE).labels == WATER).sum() for scene in (pond, meadow))
    assert dry < wet
    led = answered(BARE, BrushStroke(PATH, ((0.4, 0.7), (0.5, 0.8)), 0.05))
    assert (draw_village(led, SIZE).labels[-1] == PATH).any()


def test_a_cloud_under_a_stroke_of_sky_goes() -> None:
    scene = next(s for s in map(sample_scene, range(50)) if s.clouds)
    cloud = scene.clouds[0]
    cleared = answered(scene, BrushStroke(SKY, ((float(np.clip(cloud.x, 0, 1)), cloud.y),), 0.15))
    assert cloud not in cleared.clouds


def test_random_strokes_are_of_every_concept_and_inside() -> None:
    rng = np.random.default_rng(0)
    strokes = [random_stroke(rng, sample_scene(seed)) for seed in range(200)]
    assert {stroke.concept for stroke in strokes} == set(range(len(CONCEPTS)))
    assert all(0 <= value <= 1 for stroke in strokes for point in stroke.points for value in point)
