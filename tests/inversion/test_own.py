"""Files that people bring as their own picture: right handling, or a clear problem."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from server.inversion.own import SIDE, fit, read_own
from server.styles.images import BadImage
from tests.helpers.own import bomb, file_of, photo


def near(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())


def test_the_middle_square_counts() -> None:
    own = read_own(file_of(photo()))
    assert own.shape == (40, 40, 3)
    assert np.array_equal(own, np.asarray(photo())[:, 10:50])
    assert read_own(file_of(photo(1500, 900))).shape == (SIDE, SIDE, 3)
    assert fit(own, (16, 16)).shape == (16, 16, 3)


@pytest.mark.parametrize(
    "data",
    [
        file_of(photo(), "JPEG", quality=95, subsampling=0),
        file_of(photo().convert("CMYK"), "JPEG", quality=95, subsampling=0),
        file_of(photo(), "WEBP", lossless=True),
        file_of(photo().quantize(8), "GIF"),
        file_of(photo().convert("RGBA"), "PNG"),
    ],
)
def test_every_usual_file_is_read(data: bytes) -> None:
    assert near(read_own(data), np.asarray(photo())[:, 10:50]) < 6


def test_it_is_turned_as_its_exif_says() -> None:
    exif = Image.Exif()
    exif[274] = 6  # a quarter of a turn
    turned = read_own(file_of(photo(), "JPEG", exif=exif, quality=95, subsampling=0))
    assert near(turned, np.rot90(np.asarray(photo())[:, 10:50], -1)) < 6


def test_of_one_that_moves_the_first_image_counts() -> None:
    frames = [photo(), Image.new("RGB", (60, 40), "black")]
    data = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert near(read_own(data), np.asarray(photo())[:, 10:50]) < 6


def test_what_is_transparent_lies_over_white() -> None:
    clear = photo().convert("RGBA")
    clear.putalpha(Image.new("L", (60, 40), 0))
    assert np.all(read_own(file_of(clear)) == 255)


def test_a_photograph_of_40_megapixels_is_decoded_at_a_fraction_of_its_size() -> None:
    data = file_of(Image.new("L", (7700, 5200), 90), "JPEG")
    assert read_own(data).shape == (SIDE, SIDE, 3)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty file"),
        (b"%PDF-1.7", "a PDF; a picture of one's own is a PNG, JPEG, WebP or GIF"),
        (b"not an image at all", "no image that is known here"),
        (file_of(photo())[:-40], ""),
        (file_of(photo(), "JPEG")[:200], "damaged"),
        (file_of(Image.new("RGB", (1, 1))), "1x1 pixels; a picture of one's own needs 8 a side at least"),
        (bomb(8000, 5000), "40 million; up to 16 million are taken"),
        (bomb(60000, 60000), "million"),
        (file_of(Image.new("L", (4200, 4200)), "JPEG", progressive=True), "18 million; up to 16 million"),
    ],
)
def test_what_cannot_be_used_says_so(data: bytes, words: str) -> None:
    with pytest.raises(BadImage) as raised:
        read_own(data)
    assert words in raised.value.detail
    assert raised.value.status == 422


def test_a_file_of_more_pixels_than_it_says_is_damaged() -> None:
    with pytest.raises(BadImage):
        read_own(bomb(100, 100)[:-30])
    with Image.open(io.BytesIO(bomb(100, 100))) as image:
        assert image.size == (100, 100)
