from dataclasses import replace

import numpy as np
import pytest

from server.lab.scenes.canvas import Array, Canvas, blank
from server.lab.scenes.concepts import GRASS, MOUNTAIN, PATH, TREE, WATER
from server.lab.scenes.land import (
    Meadow,
    Mountains,
    Path,
    Treeline,
    Water,
    draw_meadow,
    draw_mountains,
    draw_path,
    draw_treeline,
    draw_water,
    path_distance,
    water_distance,
)
from server.lab.scenes.palette import DAY, NIGHT, Light
from server.lab.scenes.sky import Sky

SKY = Sky(DAY, 0.6, 0.25, 0.2, 1.0, ())
LIGHT = Light((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), 1.0, 0.0, 0.0)
MEADOW = Meadow((0.6, 0.8, 0.3), (0.3, 0.6, 0.2), 0.8, 0.0, 0.0)
POND = Water("pond", 0.6, 0.4, 0.8, 0.2, 0.08, 0, 0, 0.0)
LAKE = Water("lake", 0.6, 0.5, 0.8, 0, 0, 0, 0, 0.0)
RIVER = Water("river", 0.6, 0.2, 0.6, 0.15, 0, 0, 0.9, 0.0)
PATH_0 = Path(0.3, 0.7, 0.8, 0.0, 0.1, (0.9, 0.8, 0.5))


def at(x: float, y: float) -> tuple[Array, Array]:
    return np.array([x], np.float32), np.array([y], np.float32)


def shown(canvas: Canvas, concept: int) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.nonzero(canvas.labels == concept)
    return rows, columns


def test_the_meadow_fills_all_below_the_horizon() -> None:
    canvas = blank(100)
    draw_meadow(canvas, SKY, LIGHT, MEADOW)
    assert (canvas.labels[62:] == GRASS).all()
    assert not canvas.labels[:58].any()


def test_a_peak_rises_where_it_should() -> None:
    canvas = blank(100)
    draw_mountains(canvas, SKY, LIGHT, Mountains(((0.7, 0.3, 0.9),), (0.4, 0.4, 0.6), (0.4, 0.6, 0.3), 0.03, (0, 0)))
    rows, columns = shown(canvas, MOUNTAIN)
    assert 28 <= rows.min() <= 33
    assert abs(columns[rows.argmin()] - 70) < 5
    assert rows.max() <= 63


def test_the_sunny_face_of_a_peak_is_the_bright_one() -> None:
    sums = []
    for side in (1.0, -1.0):
        canvas = blank(100)
        peak = Mountains(((0.5, 0.3, 0.9),), (0.4, 0.4, 0.6), (0.4, 0.6, 0.3), 0.01, (0, 0))
        draw_mountains(canvas, SKY, replace(LIGHT, side=side), peak)
        sums.append(float(canvas.image[:, 42:55, 30:50].mean() - canvas.image[:, 42:55, 50:70].mean()))
    assert sums[0] > 0.02
    assert sums[1] < -0.02


def test_mountains_without_peaks_are_hills() -> None:
    canvas = blank(100)
    draw_mountains(canvas, SKY, LIGHT, Mountains((), (0.4, 0.4, 0.6), (0.4, 0.6, 0.3), 0.1, (0, 0)))
    rows, columns = shown(canvas, MOUNTAIN)
    assert rows.min() >= 49
    assert len(np.unique(columns)) == 100


def test_the_treeline_stands_on_the_horizon_between_its_ends() -> None:
    canvas = blank(100)
    draw_treeline(canvas, SKY, LIGHT, Treeline(0.3, 0.8, 0.07, (0.2, 0.4, 0.2)))
    rows, columns = shown(canvas, TREE)
    assert 30 <= columns.min() < 36
    assert 73 < columns.max() <= 80
    assert rows.min() >= 48
    assert rows.max() <= 62


@pytest.mark.parametrize(
    ("water", "wet", "dry"),
    [
        (POND, (0.4, 0.8), (0.4, 0.95)),
        (POND, (0.55, 0.8), (0.7, 0.8)),
        (LAKE, (0.1, 0.65), (0.1, 0.95)),
        (LAKE, (0.9, 0.65), (0.9, 0.58)),
        (replace(LAKE, side=1.0), (0.9, 0.65), (0.2, 0.65)),
        (replace(LAKE, side=-1.0), (0.1, 0.65), (0.8, 0.65)),
        (RIVER, (0.23, 0.62), (0.6, 0.62)),
        (RIVER, (0.9, 0.99), (0.3, 0.99)),
    ],
)
def test_water_lies_where_its_parameters_say(water: Water, wet: tuple[float, float], dry: tuple[float, float]) -> None:
    assert water_distance(water, *at(*wet))[0] < 0
    assert water_distance(water, *at(*dry))[0] > 0


@pytest.mark.parametrize("water", [POND, LAKE, RIVER])
def test_an_islet_is_dry_and_all_around_it_is_as_before(water: Water) -> None:
    centres = blank(100).centres
    x, y = centres[None], centres[:, None]
    before = water_distance(water, x, y) < 0
    rows, columns = before.nonzero()
    middle = len(rows) // 2
    islet = (float(centres[columns[middle]]), float(centres[rows[middle]]), 0.1)
    after = water_distance(replace(water, islets=(islet,)), x, y) < 0
    near = ((x - islet[0]) / 0.1) ** 2 + ((y - islet[1]) / 0.03) ** 2 < 1
    assert near.sum() > 50
    assert not (after & near).any()
    assert np.array_equal(after & ~near, before & ~near)


@pytest.mark.parametrize("water", [POND, LAKE, RIVER])
def test_drawn_water_is_labelled_where_its_distance_is_negative(water: Water) -> None:
    canvas = blank(100)
    draw_water(canvas, SKY, LIGHT, water)
    inside = water_distance(water, canvas.centres[None], canvas.centres[:, None]) < 0
    assert inside.sum() > 100
    assert np.array_equal(canvas.labels == WATER, inside)


def test_water_mirrors_the_sky() -> None:
    means = []
    for colours in (DAY, NIGHT):
        canvas = blank(64)
        light = replace(LIGHT, tint=colours.tint, night=colours.night)
        draw_water(canvas, replace(SKY, colours=colours), light, LAKE)
        means.append(canvas.image[:, canvas.labels == WATER].mean())
    assert means[0] > means[1] + 0.2


def test_a_path_leads_from_its_start_to_its_end_and_widens() -> None:
    canvas = blank(200)
    draw_path(canvas, LIGHT, PATH_0)
    rows, columns = shown(canvas, PATH)
    assert rows.min() == 140
    first, last = columns[rows == 141], columns[rows == 199]
    assert abs(first.mean() - 60) < 3
    assert abs(last.mean() - 160) < 3
    assert len(last) > 2 * len(first)


def test_nothing_above_its_start_belongs_to_a_path() -> None:
    assert path_distance(PATH_0, *at(0.3, 0.69))[0] > 0
    assert path_distance(PATH_0, *at(0.3, 0.705))[0] < 0
