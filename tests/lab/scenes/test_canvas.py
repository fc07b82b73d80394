import numpy as np
import pytest

from server.lab.scenes.canvas import (
    Array,
    blank,
    circle_distance,
    clip,
    coverage,
    outline,
    paint,
    patch,
    polygon_distance,
    smoothstep,
)

SQUARE = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))


def colour(*channels: float) -> Array:
    return np.array(channels, np.float32).reshape(3, 1, 1)


def test_a_region_holds_every_pixel_of_its_box_and_stays_inside_the_picture() -> None:
    canvas = blank(10)
    where = patch(canvas, 0.3, 0.3, 0.5, 0.5)
    assert where is not None
    assert where.columns.start <= 3
    assert where.columns.stop >= 5
    whole = patch(canvas, -3, -3, 3, 3)
    assert whole is not None
    assert (whole.rows, whole.columns) == (slice(0, 10), slice(0, 10))


@pytest.mark.parametrize("box", [(1.3, 0, 2, 1), (-2, 0, -0.3, 1), (0, 1.3, 1, 2), (0, -2, 1, -0.3)])
def test_a_box_outside_the_picture_has_no_region(box: tuple[float, float, float, float]) -> None:
    assert patch(blank(10), *box) is None


def test_coverage_of_a_half_plane_is_the_exact_share_of_each_pixel() -> None:
    canvas = blank(8)
    edge = 0.40625  # a quarter into the fourth pixel
    shares = coverage(canvas, canvas.centres - np.float32(edge))
    assert shares.tolist() == [1, 1, 1, 0.25, 0, 0, 0, 0]


def test_paint_blends_colours_and_labels_what_is_covered_by_more_than_half() -> None:
    canvas = blank(2)
    where = patch(canvas, 0, 0, 1, 1)
    assert where is not None
    alpha = np.array([[0.0, 0.5], [0.75, 1.0]], np.float32)
    paint(canvas, where, alpha, colour(1, 0.5, 0), 7)
    assert canvas.labels.tolist() == [[0, 0], [7, 7]]
    assert np.array_equal(canvas.image[0], alpha)
    assert np.array_equal(canvas.image[1], alpha / 2)
    assert not canvas.image[2].any()


def test_paint_without_a_concept_leaves_the_labels_alone() -> None:
    canvas = blank(2)
    where = patch(canvas, 0, 0, 1, 1)
    assert where is not None
    paint(canvas, where, np.ones((2, 2), np.float32), colour(1, 1, 1), None)
    assert not canvas.labels.any()
    assert canvas.image.min() == 1


@pytest.mark.parametrize("points", [SQUARE, SQUARE[::-1]])
def test_polygon_distance_is_right_for_both_directions_of_turning(
    points: tuple[tuple[float, float], ...],
) -> None:
    canvas = blank(8)
    where = patch(canvas, 0, 0, 1, 1)
    assert where is not None
    distance = polygon_distance(where, points)
    assert distance[4, 4] == pytest.approx(-0.1875)
    assert distance[4, 0] == pytest.approx(0.1875)
    assert (distance < 0).sum() == 16


def test_circle_distance_is_the_way_to_the_rim() -> None:
    x, y = np.array([[0.0, 3.0]], np.float32), np.array([[4.0]], np.float32)
    assert circle_distance(x, y, 0, 0, 2).tolist() == [[2, 3]]


def test_smoothstep_rises_and_falls() -> None:
    x = np.array([-1, 0, 0.5, 1, 2], np.float32)
    assert smoothstep(0, 1, x).tolist() == [0, 0, 0.5, 1, 1]
    assert smoothstep(1, 0, x).tolist() == [1, 1, 0.5, 0, 0]


def test_clip_is_numpys() -> None:
    x = np.linspace(-2, 2, 9, dtype=np.float32)
    assert np.array_equal(clip(x, -0.5, 1), np.clip(x, -0.5, 1))


def test_outline_darkens_the_edge_only() -> None:
    canvas = blank(10)
    shade = outline(canvas, np.array([[-0.5, -0.01]], np.float32), 0.1, 0.4)
    assert shade[0, 0] == 1
    assert shade[0, 1] == pytest.approx(0.6)
