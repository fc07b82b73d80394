from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import adaptive_avg_pool2d, adaptive_max_pool2d

from server.errors import PictureError
from server.painting.mask import coverage
from server.web.api2018.masks import Pooling, area, pooled, read_masks
from server.web.api2018.questions import BitMask
from tests.web.api2018.asking import painted, png

RANDOM = np.random.RandomState(0)


def read(**members: object) -> np.ndarray:
    (bits,) = read_masks([("/mask", BitMask.model_validate(members))])
    assert bits is not None
    return bits


@pytest.mark.parametrize("missing", [{}, {"shape": None, "bitbounds": None}, {"shape": [], "bitbounds": []}])
def test_ones_and_zeros_fill_256_pixels_row_by_row(missing: dict[str, object]) -> None:
    expected = RANDOM.rand(256, 256) < 0.5
    bits = read(bitstring="".join("1" if bit else "0" for bit in expected.flat), **missing)
    assert (bits == expected).all()


def test_bounds_are_top_left_bottom_right() -> None:
    bits = read(shape=[4, 6], bitbounds=[1, 2, 3, 5], bitstring="101010")
    assert bits.astype(int).tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 1, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]


def test_no_mask_is_none() -> None:
    assert read_masks([("/a", None), ("/b", BitMask.model_validate({}))]) == [None, None]


@pytest.mark.parametrize("start", ["data:image/png;base64,", "image/png;base64,"])
def test_a_png_comes_with_and_without_data(start: str) -> None:
    expected = RANDOM.rand(32, 24) < 0.5
    assert (read(bitstring=start + painted(expected).partition(",")[2]) == expected).all()


def test_a_png_has_its_own_shape_and_lies_within_bounds_that_are_given() -> None:
    assert read(bitstring=painted(np.ones((3, 5)))).shape == (3, 5)
    bits = read(bitstring=painted(np.ones((2, 3))), shape=[8, 8], bitbounds=[4, 1, 6, 4])
    assert (bits.sum(), bits[4:6, 1:4].all()) == (6, True)


def test_a_png_counts_where_it_is_not_transparent() -> None:
    canvas = np.full((1, 4, 4), 255, np.uint8)
    canvas[0, :, 3] = [0, 1, 128, 255]
    assert read(bitstring=png(canvas)).tolist() == [[False, True, True, True]]
    canvas[0, :, 3] = 255  # opaque everywhere counts everywhere
    assert read(bitstring=png(canvas)).all()


def test_without_alpha_a_png_counts_where_red_is_not_full() -> None:
    canvas = np.zeros((1, 4, 3), np.uint8)
    canvas[0, :, 0] = [0, 254, 255, 255]
    canvas[0, 3] = (255, 0, 0)
    assert read(bitstring=png(canvas)).tolist() == [[True, True, False, False]]
    assert read(bitstring=png(np.array([[0, 254, 255]], np.uint8))).tolist() == [[True, True, False]]
    assert read(bitstring=png(np.array([[0, 65534, 65535]], np.uint16))).tolist() == [[True, True, False]]


@pytest.mark.parametrize(
    ("mask", "word"),
    [
        ({"shape": [8, 8]}, "bitstring"),
        ({"bitstring": ""}, "0 characters"),
        ({"bitstring": "1"}, "1 characters"),
        ({"bitstring": "1" * 256 * 256 + "0"}, "characters"),
        ({"shape": [2, 2], "bitstring": "10x1"}, "ones and zeros"),
        ({"shape": [2, 2], "bitstring": "1é11"}, "ones and zeros"),
        ({"shape": [8], "bitstring": "1" * 8}, "shape has 1 numbers"),
        ({"shape": [2, 2], "bitbounds": [0, 0, 2], "bitstring": "1111"}, "bitbounds has 3 numbers"),
        ({"shape": [2, 2], "bitbounds": [0, 0, 3, 1], "bitstring": "111"}, "bitbounds are"),
        ({"shape": [2, 2], "bitbounds": [1, 1, 1, 2], "bitstring": ""}, "bitbounds are"),
        ({"bitstring": "data:image/png;base64,"}, "damaged"),
        ({"bitstring": "data:image/png;base64,!!!!"}, "damaged"),
        ({"bitstring": "data:image/jpeg;base64,/9j/"}, "ones and zeros"),
        ({"bitstring": painted(np.ones((4, 4)))[:-20]}, "damaged"),
        ({"bitstring": painted(np.ones((4, 4))), "shape": [8, 8]}, "4 rows of 4"),
        ({"bitstring": painted(np.ones((1, 2049)))}, "2049x1"),
    ],
)
def test_what_is_no_mask_is_refused(mask: dict[str, object], word: str) -> None:
    with pytest.raises(PictureError, match=word) as caught:
        read(**mask)
    assert caught.value.pointer == "/mask"


def test_masks_are_bounded_together() -> None:
    large = BitMask.model_validate({"shape": [2048, 2048], "bitbounds": [0, 0, 1, 1], "bitstring": "1"})
    assert len(read_masks([("/mask", large)] * 8)) == 8
    with pytest.raises(PictureError, match="pixels"):
        read_masks([("/mask", large)] * 9)


@pytest.mark.parametrize("pooling", ["max", "mean"])
@pytest.mark.parametrize("shape", [(256, 256), (32, 32), (100, 37), (5, 7), (1, 1)])
def test_cells_are_those_of_adaptive_pooling(pooling: Pooling, shape: tuple[int, int]) -> None:
    bits = RANDOM.rand(*shape) < 0.3
    reference = {"max": adaptive_max_pool2d, "mean": adaptive_avg_pool2d}[pooling]
    expected = reference(torch.from_numpy(bits)[None].float(), (8, 16))[0].numpy()
    assert np.abs(pooled(bits, 8, 16, pooling) - expected).max() < 1e-6
    assert np.abs(coverage(area(bits, 8, 16, pooling), 8, 16) - expected).max() < 1e-5


@pytest.mark.parametrize(("pooling", "side"), [("max", 100), ("mean", 32), ("mean", 4)])
def test_an_edit_covers_cells_to_the_last_bit(pooling: Pooling, side: int) -> None:
    bits = RANDOM.rand(side, side) < 0.3
    assert (coverage(area(bits, 8, 8, pooling), 8, 8) == pooled(bits, 8, 8, pooling)).all()


def test_no_mask_covers_everything() -> None:
    assert area(None, 8, 8, "max") is None
    assert pooled(None, 8, 4, "mean").tolist() == np.ones((8, 4)).tolist()
