"""What tests of the 2018 API share: masks as its clients send them, and images out of its answers."""

from __future__ import annotations

import base64
import io
from typing import Any

import httpx
import numpy as np
from PIL import Image

LATENT = 8  # numbers, of the tiny model
START = "data:image/jpeg;base64,"


def latent(number: int, length: int = LATENT) -> np.ndarray:
    """An image's, as the 2018 server draws it: (length,)."""
    table = np.random.RandomState(1).standard_normal((number + 1) * 2 * length).reshape(-1, length)
    return table[number].astype(np.float32)


def png(pixels: np.ndarray, **options: Any) -> str:
    """Pixels, (H, W), (H, W, 3) or (H, W, 4), as a PNG in a data: URL."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", **options)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def painted(bits: np.ndarray) -> str:
    """A canvas that is painted in turquoise where the bits are set, and transparent elsewhere. bits: (H, W)."""
    canvas = np.zeros((*bits.shape, 4), np.uint8)
    canvas[bits != 0] = (11, 198, 212, 255)
    return png(canvas)


def jpeg(d: str) -> bytes:
    """The JPEG in a data: URL."""
    assert d.startswith(START)
    return base64.b64decode(d.removeprefix(START), validate=True)


def pixels(image: bytes) -> np.ndarray:
    """Of an image file, (H, W, 3)."""
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGB"))


def refused(answer: httpx.Response) -> dict[str, Any]:
    """The problem document of a call that was at fault itself."""
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    return problem
