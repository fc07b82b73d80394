"""Documents that lie somewhere: JSON, a PNG painted here, a share link of the studio; and what is written there."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from server.errors import PictureError
from server.files import write_whole
from server.painting.imaging import MAX_TEXT, Format, read_document
from server.painting.parsing import parse_picture
from server.painting.picture import Picture
from server.painting.png import SIGNATURE

PACKED, PLAIN = "#p=", "#j="  # what begins a link's fragment: compressed or not

FORMATS: dict[str, Format] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}  # by a file's suffix

Source = Mapping[str, Any] | str | bytes | Path


def read_source(source: Source, model: str | None = None) -> Picture:
    """The picture in a document, JSON, a share link, a PNG's bytes, or a file's path.

    A text is JSON where it begins with a brace, a link where it has a link's fragment, else a path. model: stands where
    the document names none. Raises PictureError, and OSError where a file cannot be read.
    """
    if isinstance(source, Mapping):
        return parse_picture(dict(source), model)
    if isinstance(source, str) and source.lstrip("\ufeff \t\r\n").startswith("{"):
        return parse_picture(source, model)
    if isinstance(source, str) and (PACKED in source or PLAIN in source):
        return parse_picture(_linked(source), model)
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    return parse_picture(read_document(data) if data.startswith(SIGNATURE) else data, model)


def _linked(link: str) -> bytes:
    """The JSON in a link's fragment. Raises PictureError."""
    packed = PACKED in link
    text = link.partition(PACKED if packed else PLAIN)[2]
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if not packed:
            return data
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        document = inflate.decompress(data, MAX_TEXT)
    except (ValueError, zlib.error) as error:
        raise PictureError("the link is damaged") from error
    if not inflate.eof:
        raise PictureError("the link is broken off, or holds more than any picture")
    return document


def file_format(path: str | Path) -> Format | Literal["json"]:
    """What a file's suffix asks for. Raises ValueError."""
    suffix = Path(path).suffix.lower()
    if suffix == ".json":
        return "json"
    if suffix not in FORMATS:
        raise ValueError(f"cannot tell what to write from {str(path)!r}; end it in {', '.join(FORMATS)} or .json")
    return FORMATS[suffix]


def write_whole_bytes(path: str | Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises OSError."""
    write_whole(Path(path), lambda part: part.write_bytes(data))
