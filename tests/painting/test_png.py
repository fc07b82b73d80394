"""PNG files, chunk by chunk: foreign things in them are no reason to refuse pixels, and none to inflate."""

from __future__ import annotations

import base64
import gzip
import io
import zlib

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from server.errors import PictureError
from server.painting.png import bare, chunks, kind_of, text

PIXELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


def png(info: PngInfo | None = None, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "PNG", pnginfo=info, **options)
    return out.getvalue()


def file(form: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, form)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (png(), "a PNG"),
        (file("JPEG"), "a JPEG"),
        (file("GIF"), "a GIF"),
        (file("WEBP"), "a WebP"),
        (file("BMP"), "a BMP"),
        (file("TIFF"), "a TIFF"),
        (file("ICO"), "an icon"),
        (file("PPM"), "a Netpbm file"),
        (b"RIFF\0\0\0\0WAVE", "no image that is known here"),
        (b"\0\0\0\x18ftypmp42", "a video"),
        (b"\0\0\0\x18ftypavif", "an AVIF or HEIC"),
        (b"\xff\x0a\0", "a JPEG XL"),
        (gzip.compress(png(), mtime=0), "a gzip file"),
        (base64.b64encode(png()), "a PNG in base64 once more"),
        (png().replace(b"\r\n", b"\n"), "a PNG that was damaged on its way, as by a transfer of text"),
        (b"\xef\xbb\xbf\n <svg/>", "text, perhaps an SVG"),
        (b"\0\0\0\x20ftypavif", "an AVIF or HEIC"),
        (b"%PDF-1.7", "a PDF"),
        (b"<svg/>", "text, perhaps an SVG"),
        (b"", "an empty file"),
        (b"hello", "no image that is known here"),
    ],
)
def test_a_file_is_called_what_it_is(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind
    if kind != "a PNG":
        with pytest.raises(PictureError, match=kind):
            list(chunks(data))


def test_what_stands_beside_pixels_is_left_out() -> None:
    info = PngInfo()
    info.add_text("Comment", "x" * 3_000_000)
    info.add_itxt("XML:com.adobe.xmp", "y" * 3_000_000, zip=True)
    large = png(info, icc_profile=bytes(np.random.RandomState(0).bytes(3_000_000)))
    small = bare(large)
    assert len(small) < 500
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(small))), PIXELS)


def test_texts_of_every_kind_are_read() -> None:
    plain, packed, international = PngInfo(), PngInfo(), PngInfo()
    plain.add_text("unitbrush", "{}")
    packed.add_text("unitbrush", "{}", zip=True)
    international.add_itxt("unitbrush", "\u6751", "en", "k", zip=True)
    assert text(png(plain), "unitbrush", 100) == "{}"
    assert text(png(packed), "unitbrush", 100) == "{}"
    assert text(png(international), "unitbrush", 100) == "\u6751"
    assert text(png(), "unitbrush", 100) is None
    assert text(png(plain), "other", 100) is None


@pytest.mark.parametrize("packed", [True, False])
def test_a_text_is_read_up_to_its_bound(packed: bool) -> None:
    exact, over = PngInfo(), PngInfo()
    exact.add_text("unitbrush", "x" * 1000, zip=packed)
    over.add_text("unitbrush", "x" * 1001, zip=packed)
    assert text(png(exact), "unitbrush", 1000) == "x" * 1000
    with pytest.raises(PictureError, match="1000 bytes"):
        text(png(over), "unitbrush", 1000)


def test_what_is_broken_off_is_refused() -> None:
    info = PngInfo()
    info.add_text("unitbrush", "x" * 500, zip=True)
    whole = png(info)
    for cut in range(8, len(whole) - 1, 7):
        with pytest.raises(PictureError):
            text(whole[:cut], "unitbrush", 1000)
    damaged = whole.replace(zlib.compress(b"x" * 500)[2:6], b"\xff" * 4)
    assert damaged != whole
    with pytest.raises(PictureError, match="damaged"):
        text(damaged, "unitbrush", 1000)
