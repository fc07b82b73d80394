from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from server.painting.png import SIGNATURE
from server.styles.images import BadImage, read_image

LEFT_RED = np.zeros((40, 60, 3), np.uint8)
LEFT_RED[:, :30, 0] = 255
LEFT_RED[:, 30:, 2] = 255


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int, rows: int, *more: bytes) -> bytes:
    """A PNG that says it is so large, with that many of its rows, all black."""
    pixels = chunk(b"IDAT", zlib.compress(bytes((width + 1) * rows), 9))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return SIGNATURE + header + b"".join(more) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_images_are_read_no_larger_than_is_asked_for(form: str) -> None:
    image = read_image(saved(Image.fromarray(LEFT_RED), form), 30)
    assert image.shape == (20, 30, 3)
    assert image[10, 3, 0] > 200 > 60 > image[10, 26, 0]


@pytest.mark.parametrize("mode", ["CMYK", "L", "1", "YCbCr"])
def test_other_colours_are_converted(mode: str) -> None:
    form = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    grey = read_image(saved(Image.new("RGB", (32, 32), "white").convert(mode), form), 512)
    assert grey.shape == (32, 32, 3)
    assert grey.min() > 245


def test_sixteen_bits_keep_their_greys() -> None:
    ramp = np.linspace(0, 65535, 64 * 32).reshape(32, 64).astype(np.uint16)
    image = read_image(saved(Image.fromarray(ramp), "PNG"), 64)
    assert image[0, 0, 0] == 0
    assert abs(int(image[16, 0, 0]) - 128) <= 2


def test_exif_turns_it() -> None:
    exif = Image.Exif()
    exif[274] = 6  # to be turned by a quarter, clockwise
    image = read_image(saved(Image.fromarray(LEFT_RED), "JPEG", exif=exif), 512)
    assert image.shape == (60, 40, 3)
    assert image[5, 20, 0] > 200 > 60 > image[55, 20, 0]


def test_transparency_is_laid_over_white() -> None:
    clear = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    assert read_image(saved(clear, "PNG"), 512).min() == 255
    palette = Image.new("P", (32, 32), 1)
    assert read_image(saved(palette, "GIF", transparency=1), 512).min() == 255


def test_of_what_moves_the_first_image_counts() -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    image = read_image(saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True), 512)
    assert image[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: b"", "an empty file"),
        (lambda: b"%PDF-1.7 ...", "a PDF"),
        (lambda: saved(Image.new("RGB", (32, 32)), "BMP"), "a BMP"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG"),
        (lambda: png_of(8000, 5000, 5000), "40 million"),
        (lambda: png_of(60000, 60000, 1), "many more pixels than"),  # a bomb: it says so much, and has next to nothing
        (lambda: saved(Image.new("L", (6000, 7000)), "JPEG"), "42 million"),
        (lambda: saved(Image.new("RGB", (1, 1)), "PNG"), "a style image needs 16 a side"),
        (lambda: saved(Image.new("RGB", (400, 15)), "PNG"), "a style image needs 16 a side"),
        (lambda: saved(Image.fromarray(LEFT_RED), "JPEG")[:300], "damaged"),
        (lambda: saved(Image.fromarray(LEFT_RED), "PNG")[:90], "broken off"),
    ],
)
def test_what_is_no_style_is_said(make: Callable[[], bytes], words: str) -> None:
    with pytest.raises(BadImage, match=words):
        read_image(make(), 512)


def test_texts_in_a_png_are_never_inflated() -> None:
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200 * 2**20), 9))
    assert read_image(png_of(32, 32, 32, bomb), 512).shape == (32, 32, 3)
