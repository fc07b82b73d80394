from dataclasses import replace

import numpy as np
import pytest

from server.lab.scenes.canvas import Canvas, blank
from server.lab.scenes.concepts import DOME, DOOR, ROOF, WALL, WINDOW
from server.lab.scenes.masonry import Dome, Finial, Material, Opening, Part, Roof, Wall, draw_part
from server.lab.scenes.palette import Light

LIGHT = Light((0.5, 0.6, 0.8), (1.0, 1.0, 1.0), 1.0, 0.0, 0.0)
STONE = Material("plaster", (0.8, 0.7, 0.6), (0.7, 0.2, 0.2), (0.2, 0.4, 0.8), (0.5, 0.3, 0.1), 1.0, 0.5, 0.9, 0.0)
SQUARE = ((0.2, 0.9), (0.8, 0.9), (0.8, 0.3), (0.2, 0.3))


def drawn(part: Part, light: Light = LIGHT, material: Material = STONE) -> Canvas:
    canvas = blank(100)
    draw_part(canvas, light, material, part)
    return canvas


@pytest.mark.parametrize(
    ("part", "concept"),
    [
        (Wall(SQUARE), WALL),
        (Roof(SQUARE), ROOF),
        (Dome(0.5, 0.9, 0.6, 0.6, 0.0), DOME),
        (Dome(0.5, 0.9, 0.5, 0.6, 1.0), DOME),
        (Finial(0.5, 0.9, 0.6, True), DOME),
        (Finial(0.5, 0.9, 0.6, False), ROOF),
        (Opening(0.5, 0.9, 0.3, 0.6, 1.0, True), DOOR),
        (Opening(0.5, 0.9, 0.3, 0.6, 0.0, False), WINDOW),
    ],
)
def test_each_part_stands_on_its_foot_with_its_own_label(part: Part, concept: int) -> None:
    rows, columns = np.nonzero(drawn(part).labels == concept)
    assert abs(rows.max() - 89) <= 1
    assert abs(rows.min() - 30) <= 2
    assert abs(columns.mean() - 49.5) < 0.6


def test_a_wall_covers_its_polygon_exactly() -> None:
    labels = drawn(Wall(SQUARE)).labels
    assert (labels[30:90, 20:80] == WALL).all()
    assert (labels == WALL).sum() == 3600


def test_the_frame_of_an_opening_is_wall() -> None:
    labels = drawn(Opening(0.5, 0.9, 0.3, 0.6, 1.0, True)).labels
    assert set(np.unique(labels)) == {0, WALL, DOOR}
    rows, _ = np.nonzero(labels == WALL)
    assert rows.max() <= 89  # a door has no sill


def test_a_round_head_takes_the_corners_away() -> None:
    square = (drawn(Opening(0.5, 0.9, 0.3, 0.6, 0.0, True)).labels == DOOR).sum()
    arched = (drawn(Opening(0.5, 0.9, 0.3, 0.6, 1.0, True)).labels == DOOR).sum()
    assert square == 1800
    # A square head of 15 by 30 becomes half a disc.
    assert square - arched == pytest.approx(15 * 30 - np.pi * 15**2 / 2, abs=12)


def test_a_round_dome_is_half_an_ellipse_and_an_onion_bulges() -> None:
    round_dome = drawn(Dome(0.5, 0.9, 0.6, 0.6, 0.0)).labels == DOME
    assert round_dome.sum() == pytest.approx(np.pi * 30 * 60 / 2, rel=0.02)
    onion = (drawn(Dome(0.5, 0.9, 0.5, 0.6, 1.0)).labels == DOME).sum(1)
    assert onion[68] > onion[88] + 10 > onion[40] + 20


def test_bricks_show_their_courses_and_plaster_none() -> None:
    plain = drawn(Wall(SQUARE))
    brick = drawn(Wall(SQUARE), material=replace(STONE, masonry="brick"))
    assert np.array_equal(plain.labels, brick.labels)
    difference = np.abs(plain.image - brick.image).max(0)[32:88, 22:78]
    assert 0.1 < (difference > 0.01).mean() < 0.7


def test_courses_fade_where_they_would_be_too_fine() -> None:
    fine = replace(STONE, masonry="brick", scale=0.2)
    assert np.array_equal(
        drawn(Wall(SQUARE), material=fine).image,
        drawn(Wall(SQUARE), material=replace(STONE, scale=0.2)).image,
    )


def test_windows_are_dark_by_day_and_lit_by_night() -> None:
    window = Opening(0.5, 0.9, 0.4, 0.6, 0.0, False)
    day, night = drawn(window), drawn(window, replace(LIGHT, night=1.0))
    glass = day.labels == WINDOW
    red, _, blue = (channel[glass].mean() for channel in night.image)
    assert red > day.image[0, glass].mean() + 0.4
    assert red > blue + 0.3


def test_snow_covers_the_upper_part_of_roofs_and_domes() -> None:
    for part in (Roof(SQUARE), Dome(0.5, 0.9, 0.6, 0.6, 0.0)):
        bare, snowy = drawn(part), drawn(part, replace(LIGHT, snow=1.0))
        change = np.abs(snowy.image - bare.image).max(0)[:, 50]
        assert change[45] > 0.1
        assert change[85] < 0.02
        assert np.array_equal(bare.labels, snowy.labels)
