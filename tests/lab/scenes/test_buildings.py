from dataclasses import replace

import numpy as np
import pytest

from server.lab.scenes.buildings import (
    DOMED_KINDS,
    HOUSE_KINDS,
    LAYOUTS,
    SPIRED_KINDS,
    Building,
    draw_building,
    half_width,
    parts,
)
from server.lab.scenes.canvas import blank
from server.lab.scenes.concepts import DOME, DOOR, ROOF, WALL, WINDOW
from server.lab.scenes.masonry import Dome, Material, Opening, Wall
from server.lab.scenes.palette import Light

LIGHT = Light((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), 1.0, 0.0, 0.0)
PLASTER = Material("plaster", (0.9, 0.8, 0.7), (0.7, 0.2, 0.2), (0.2, 0.4, 0.8), (0.5, 0.3, 0.1), 0.8, 0.5, 0.9, 0.0)
CHAPEL = Building("church", "door0", "chapel", 0.5, 0.9, 0.8, 1.0, 1.0, 1.0, 1.0, False, 0.0, PLASTER)


@pytest.mark.parametrize("kind", LAYOUTS)
def test_every_building_has_one_door_windows_and_walls_on_the_ground(kind: str) -> None:
    pieces = parts(replace(CHAPEL, kind=kind), 1.0)
    openings = [p for p in pieces if isinstance(p, Opening)]
    assert sum(p.door for p in openings) == 1
    assert sum(not p.door for p in openings) >= 1
    assert max(y for p in pieces if isinstance(p, Wall) for _, y in p.points) == 0.9


@pytest.mark.parametrize("kind", LAYOUTS)
@pytest.mark.parametrize("wide", [0.9, 1.15])
@pytest.mark.parametrize("tall", [0.88, 1.18])
def test_openings_lie_within_the_walls_and_do_not_overlap(kind: str, wide: float, tall: float) -> None:
    building = replace(CHAPEL, kind=kind, wide=wide, tall=tall)
    openings = [p for p in parts(building, 1.0) if isinstance(p, Opening)]
    walls = [p.points for p in parts(building, 1.0) if isinstance(p, Wall)]
    for index, one in enumerate(openings):
        assert any(
            min(x for x, _ in wall) <= one.x - one.width / 2
            and max(x for x, _ in wall) >= one.x + one.width / 2
            and min(y for _, y in wall) <= one.y - one.height
            for wall in walls
        )
        for other in openings[:index]:
            beside = abs(one.x - other.x) >= (one.width + other.width) / 2
            above = one.y <= other.y - other.height or other.y <= one.y - one.height
            assert beside or above


@pytest.mark.parametrize("kind", LAYOUTS)
def test_only_domed_buildings_show_domes(kind: str) -> None:
    spired = any(isinstance(p, Dome) for p in parts(replace(CHAPEL, kind=kind), 1.0))
    domed = any(isinstance(p, Dome) for p in parts(replace(CHAPEL, kind=kind, domed=True), 1.0))
    assert spired == (kind in DOMED_KINDS and kind not in SPIRED_KINDS)
    assert domed == (kind not in HOUSE_KINDS)


@pytest.mark.parametrize("kind", LAYOUTS)
def test_buildings_grow_with_their_scale(kind: str) -> None:
    small = replace(CHAPEL, kind=kind)
    assert half_width(replace(small, scale=1.6)) == pytest.approx(2 * half_width(small))


@pytest.mark.parametrize(
    ("hide", "gone"),
    [("doors", DOOR), ("door0", DOOR), ("windows", WINDOW), ("domes", DOME)],
)
def test_hidden_parts_are_not_drawn(hide: str, gone: int) -> None:
    whole, without = blank(100), blank(100)
    building = replace(CHAPEL, domed=True)
    draw_building(whole, LIGHT, building, frozenset())
    draw_building(without, LIGHT, building, frozenset({hide}))
    assert (whole.labels == gone).any()
    assert not (without.labels == gone).any()
    for kept in {DOOR, WINDOW, DOME} - {gone}:
        assert np.array_equal(whole.labels == kept, without.labels == kept)


def test_another_buildings_door_stays() -> None:
    canvas = blank(100)
    draw_building(canvas, LIGHT, CHAPEL, frozenset({"door1"}))
    assert (canvas.labels == DOOR).any()


def test_a_spire_is_brighter_on_the_side_of_the_light() -> None:
    means = []
    for side in (1.0, -1.0):
        canvas = blank(100)
        draw_building(canvas, replace(LIGHT, side=side), replace(CHAPEL, kind="tower"), frozenset())
        roof, red = canvas.labels == ROOF, canvas.image[0]
        means.append(red[:, :50][roof[:, :50]].mean() - red[:, 50:][roof[:, 50:]].mean())
    assert means[0] > 0.05
    assert means[1] < -0.05


def test_walls_are_the_largest_part_of_a_tower() -> None:
    canvas = blank(100)
    draw_building(canvas, LIGHT, replace(CHAPEL, kind="tower"), frozenset())
    assert np.bincount(canvas.labels.ravel())[1:].argmax() + 1 == WALL
