"""A click selects the connected piece under it, or the nearest one."""

from __future__ import annotations

import numpy as np

from server.painting.regions import region

SHOWN = np.array([[c == "#" for c in row] for row in ("##....", "#...#.", "...#..", "......", "....##", "....##")])
TOP = np.array([[c == "#" for c in row] for row in ("##....", "#.....", "......", "......", "......", "......")])


def test_the_piece_under_the_point() -> None:
    assert np.array_equal(region(SHOWN, (0.05, 0.05)), TOP)


def test_pixels_touch_at_their_corners() -> None:
    assert np.argwhere(region(SHOWN, (3.5 / 6, 2.5 / 6))).tolist() == [[1, 4], [2, 3]]


def test_the_nearest_piece_where_there_is_none_under_the_point() -> None:
    assert np.array_equal(region(SHOWN, (0.2, 0.35)), TOP)
    assert region(SHOWN, (1.0, 1.0))[5, 5]


def test_everything_without_a_point_and_nothing_where_nothing_is() -> None:
    assert np.array_equal(region(SHOWN, None), SHOWN)
    assert not region(np.zeros((4, 4), bool), (0.5, 0.5)).any()


def test_a_piece_may_wind() -> None:
    snake = np.zeros((21, 21), bool)
    snake[::2] = True
    snake[1::4, -1] = snake[3::4, 0] = True
    assert np.array_equal(region(snake, (0.0, 0.0)), snake)
