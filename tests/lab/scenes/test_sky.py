from dataclasses import replace

import numpy as np
import pytest

from server.lab.scenes.canvas import blank
from server.lab.scenes.concepts import CLOUD, SKY
from server.lab.scenes.palette import DAY, NIGHT, SUNSET, Light
from server.lab.scenes.sky import Cloud, Sky, cloud_colours, draw_cloud, draw_sky, gradient

NOON = Sky(DAY, 0.6, 0.25, 0.2, 1.0, ((0.8, 0.1),))
LIGHT = Light((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), 1.0, 0.0, 0.0)
CLOUD_0 = Cloud("cloud0", 0.5, 0.5, 0.2, ((0.0, -0.2, 0.5), (-0.5, 0.0, 0.3), (0.5, 0.0, 0.3)))


def test_the_gradient_runs_from_the_zenith_to_the_horizon() -> None:
    colours = gradient(NOON, np.array([[0.0], [0.55], [1.0]], np.float32))[:, :, 0]
    assert pytest.approx(np.array([DAY.top, DAY.middle, DAY.bottom]), abs=1e-6) == colours.T


def test_the_sun_stands_where_the_scene_says_and_is_sky() -> None:
    canvas = blank(100)
    draw_sky(canvas, NOON)
    warmth = canvas.image[0] - canvas.image[2]
    row, column = np.unravel_index(warmth.argmax(), warmth.shape)
    assert abs(row - 20) < 6
    assert abs(column - 25) < 6
    assert (canvas.labels == SKY).all()


def test_stars_come_out_at_night_only() -> None:
    for colours, shine in ((DAY, False), (NIGHT, True)):
        with_stars, without = blank(100), blank(100)
        draw_sky(with_stars, replace(NOON, colours=colours))
        draw_sky(without, replace(NOON, colours=colours, stars=()))
        assert (with_stars.image != without.image).any() == shine


def test_a_cloud_has_a_flat_base_and_lies_within_its_puffs() -> None:
    canvas = blank(100)
    draw_cloud(canvas, NOON, LIGHT, CLOUD_0)
    rows, columns = np.nonzero(canvas.labels == CLOUD)
    assert rows.max() == 52  # the base lies 0.16 widths under the middle
    assert (rows.min(), columns.min(), columns.max()) == (36, 34, 65)
    assert (rows == 52).sum() > 20


def test_clouds_are_white_by_day_warm_at_sunset_and_dim_at_night() -> None:
    day, _ = cloud_colours(NOON, LIGHT)
    sunset, _ = cloud_colours(replace(NOON, colours=SUNSET), replace(LIGHT, tint=SUNSET.tint))
    night, _ = cloud_colours(replace(NOON, colours=NIGHT), replace(LIGHT, tint=NIGHT.tint, night=1.0))
    assert day.ravel().tolist() == [1, 1, 1]
    assert sunset[0, 0, 0] > sunset[2, 0, 0] + 0.1
    assert night.max() < 0.7
