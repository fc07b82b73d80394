"""Image files: what is lossless is exact, and the document inside a PNG comes back."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from server.errors import PictureError
from server.painting.imaging import MEDIA_TYPES, encode, read_document, resize

PIXELS = np.random.RandomState(0).randint(0, 256, (24, 32, 3)).astype(np.uint8)
SMOOTH = np.stack(np.broadcast_arrays(*np.ogrid[0:240:10, 0:160:5], 128), -1).astype(np.uint8)


def decoded(data: bytes) -> tuple[str | None, np.ndarray]:
    with Image.open(io.BytesIO(data)) as image:
        return image.format, np.asarray(image.convert("RGB"))


def test_png_and_webp_are_lossless() -> None:
    for form in ("png", "webp"):
        name, pixels = decoded(encode(PIXELS, form))  # type: ignore[arg-type]
        assert (name or "").lower() == form
        assert np.array_equal(pixels, PIXELS)


def test_jpeg_is_close() -> None:
    name, pixels = decoded(encode(SMOOTH, "jpeg"))
    assert name == "JPEG"
    assert np.abs(pixels.astype(int) - SMOOTH).mean() < 2


def test_the_same_pixels_give_the_same_file() -> None:
    for form in MEDIA_TYPES:
        assert encode(PIXELS, form, "{}") == encode(PIXELS.copy(), form, "{}")


def test_a_thumbnail_keeps_shape_and_mean() -> None:
    small = resize(SMOOTH, 16)
    assert small.shape == (12, 16, 3)
    assert abs(small.mean() - SMOOTH.mean()) < 2
    assert resize(SMOOTH, 64).shape == (48, 64, 3)
    assert resize(SMOOTH, 32) is SMOOTH
    assert resize(SMOOTH, 1).shape == (1, 1, 3)


def test_the_document_inside_a_png_comes_back() -> None:
    for document in ("{}", '{"model": "村 ♥", "seed": 1}', "x" * 200_000):
        data = encode(PIXELS, "png", document)
        assert read_document(data) == document
        assert np.array_equal(decoded(data)[1], PIXELS)


def with_text(text: str, compressed: bool) -> bytes:
    info = PngInfo()
    info.add_text("unitbrush", text, zip=compressed)
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def test_a_png_somebody_else_wrote() -> None:
    assert read_document(with_text("{}", compressed=True)) == "{}"
    bomb = with_text("x" * 30_000_000, compressed=True)
    assert len(bomb) < 100_000
    for data in (encode(PIXELS), encode(PIXELS, "jpeg"), b"", b"PNG", encode(PIXELS, "png", "{}")[:-60], bomb):
        with pytest.raises(PictureError) as error:
            read_document(data)
        assert "\n" not in str(error.value)
