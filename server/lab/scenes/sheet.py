"""Contact sheets: many pictures on one page."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from server.lab.scenes.concepts import PALETTE
from server.lab.scenes.render import render
from server.lab.scenes.scene import sample_scene


def contact_sheet(images: Sequence[npt.NDArray[np.uint8]], columns: int) -> Image.Image:
    """Lay pictures of one size, (height, width, 3) each, out in rows of `columns` with thin white gaps.

    Raises ValueError where there are no pictures or no columns.
    """
    if not images or columns < 1:
        raise ValueError("a contact sheet needs at least one picture and one column")
    gap = 2
    height, width = images[0].shape[:2]
    rows = -(-len(images) // columns)
    page = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        top, left = row * (height + gap), column * (width + gap)
        page[top : top + height, left : left + width] = image
    return Image.fromarray(page)


def render_sheet(
    path: str | Path, count: int = 48, size: int = 128, columns: int = 8, seed: int = 0, labels: bool = False
) -> Path:
    """Write a contact sheet of the scenes `seed`, `seed` + 1, ... as an image file and return its path.

    `labels` puts each scene's label map, in the colours of PALETTE, beside it; `columns` then counts both.
    Raises ValueError where `count`, `size` or `columns` is below 1 or the file's ending is no image format's.
    """
    images: list[npt.NDArray[np.uint8]] = []
    for index in range(count):
        image, label_map = render(sample_scene(seed + index), size)
        images.append(image)
        if labels:
            images.append(PALETTE[label_map])
    contact_sheet(images, columns).save(path)
    return Path(path)
