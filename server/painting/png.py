"""PNG files, chunk by chunk: what stands in them beside pixels is read or left out before a decoder sees it.

Editors write colour profiles, comments and histories of any size into a PNG; decoders refuse large ones, and a small
file can hold a text that inflates to gigabytes. Masks and documents need none of it. (W3C, PNG specification, third
edition, sections 5 and 11.)
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from server.errors import PictureError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What pixels are made of, and how the picture is to be turned.
PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND"})
UNKNOWN = "no image that is known here"
# By how a file begins.
_OTHERS = (
    (rb"\x89PNG", "a PNG that was damaged on its way, as by a transfer of text"),
    (rb"\xff\xd8\xff", "a JPEG"),
    (rb"GIF8", "a GIF"),
    (rb"RIFF....WEBP", "a WebP"),
    (rb"BM.{4}\0{4}", "a BMP"),
    (rb"II[*+]\0|MM\0[*+]", "a TIFF"),
    (rb"\0\0[\1\2]\0", "an icon"),
    (rb"....ftyp(avi|hei|hev|mif|msf)", "an AVIF or HEIC"),
    (rb"....ftyp", "a video"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL"),
    (rb"\0\0\0\x0cjP|\xff\x4f\xff\x51", "a JPEG 2000"),
    (rb"P[1-7]\s", "a Netpbm file"),
    (rb"qoif", "a QOI"),
    (rb"DDS ", "a DDS"),
    (rb"v/1\x01", "an OpenEXR file"),
    (rb"\x8a[MJ]NG", "an MNG"),
    (rb"%PDF", "a PDF"),
    (rb"%!PS", "a PostScript file"),
    (rb"8BPS", "a Photoshop file"),
    (rb"gimp xcf", "a GIMP file"),
    (rb"PK\x03\x04", "a zip archive"),
    (rb"\x1f\x8b", "a gzip file"),
    (rb"iVBORw0KGgo", "a PNG in base64 once more"),
    (rb"(\xef\xbb\xbf)?\s*<", "text, perhaps an SVG"),
)


def kind_of(data: bytes) -> str:
    """What a file is, in words: "a PNG", "a JPEG", "an empty file", "no image that is known here"."""
    if not data:
        return "an empty file"
    if data.startswith(SIGNATURE):
        return "a PNG"
    return next((name for start, name in _OTHERS if re.match(start, data, re.DOTALL)), UNKNOWN)


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG: kind and content, up to its end. Raises PictureError where it is none, or broken off."""
    if not data.startswith(SIGNATURE):
        raise PictureError(f"the file is {kind_of(data)}, and no PNG")
    at, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise PictureError("the PNG is broken off")
        (length,) = struct.unpack_from(">I", data, at)
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if at + 12 + length > len(data):
            raise PictureError("the PNG is broken off")
        yield kind, content
        at += 12 + length


def bare(data: bytes) -> bytes:
    """The same picture with nothing beside its pixels. Raises PictureError."""
    parts = [SIGNATURE]
    for kind, content in chunks(data):
        if kind in PIXEL_CHUNKS:
            parts += [struct.pack(">I", len(content)), kind, content, struct.pack(">I", zlib.crc32(kind + content))]
    return b"".join(parts)


def text(data: bytes, key: str, most: int) -> str | None:
    """The text of that key, tEXt, zTXt or iTXt, None where there is none. Raises PictureError; also where the text has
    more than `most` bytes, which are never inflated."""
    wanted = key.encode("latin-1")
    for kind, content in list(chunks(data)):  # all of them: a file that is broken off is refused
        name, _, rest = content.partition(b"\0")
        if name != wanted or kind not in (b"tEXt", b"zTXt", b"iTXt"):
            continue
        packed, encoding = kind == b"zTXt", "latin-1"
        if kind == b"zTXt":
            rest = rest[1:]  # the method, 0
        elif kind == b"iTXt":
            packed, encoding = rest[:1] == b"\1", "utf-8"
            rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]  # behind a language and a translated key
        try:
            raw = _inflated(rest, most) if packed else rest
            if len(raw) > most:
                raise PictureError(f"the PNG's text {key!r} has more than {most} bytes")
            return raw.decode(encoding)
        except (zlib.error, UnicodeDecodeError) as error:
            raise PictureError(f"the PNG's text {key!r} is damaged") from error
    return None


def _inflated(packed: bytes, most: int) -> bytes:
    """At most one byte more than `most`. Raises zlib.error for what is damaged or broken off."""
    inflate = zlib.decompressobj()
    raw = inflate.decompress(packed, most + 1)
    if len(raw) <= most and not inflate.eof:
        raise zlib.error("broken off")
    return raw
