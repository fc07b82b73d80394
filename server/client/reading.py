"""Reading what the server sends: JSON as dataclasses, images in it as arrays."""

from __future__ import annotations

import base64
import io
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from server.client.errors import NoAnswer

T = TypeVar("T")


def read_answer(kind: type[T], data: bytes) -> T:
    """An answer's JSON as that dataclass. Raises NoAnswer where it is something else."""
    try:
        return TypeAdapter(kind).validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(map(str, first["loc"]))
        raise NoAnswer(
            f"the answer is no {kind.__name__}, is that a Unitbrush server? {where}: {first['msg']}"
        ) from error


def grey(data: str) -> NDArray[np.uint8]:
    """The grey values of a PNG in base64: (height, width)."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
