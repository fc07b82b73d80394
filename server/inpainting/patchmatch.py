"""Inpainting by patches: what is missing is put together from the rest of the picture, coarse to fine.

Wexler, Shechtman and Irani, "Space-Time Completion of Video", PAMI 2007: every patch that touches the hole looks for
the most similar patch outside, and every missing pixel becomes a mean of what those patches have there, again and
again. The search is PatchMatch (Barnes et al., SIGGRAPH 2009): a patch tries what its neighbours have found, and random
places around its own. All patches take each step at once.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from server.errors import PictureError
from server.model.pixels import Pixels

PATCH = 7
REACH = PATCH // 2
ROUNDS = 6  # of searching and averaging at each size
SEARCHES = 4  # of PatchMatch in each round
COARSEST = 32  # pixels of the shorter side
NEIGHBOURS = ((0, 1), (1, 0), (0, -1), (-1, 0))

Image = NDArray[np.float32]  # (H, W, 3)
Hole = NDArray[np.bool_]  # (H, W)
Places = NDArray[np.intp]  # (patches, 2): rows and columns of patches' upper left corners
Filling = Generator[None, None, Pixels]  # the picture filled, a step of some hundredths of a second at a time


def check_hole(hole: Hole) -> None:
    """Raises PictureError where a hole, (H, W), leaves no whole patch to copy from."""
    if hole.any() and not (min(hole.shape) >= PATCH and _sources(hole).any()):
        raise PictureError(f"the mask leaves no {PATCH}x{PATCH} pixels to copy from; make it smaller")


def patchmatch(pixels: Pixels, hole: Hole, seed: int = 0) -> Filling:
    """The picture with the hole filled; the rest stays as it is. pixels: (H, W, 3); hole: (H, W).

    Raises PictureError where the hole leaves no whole patch to copy from.
    """
    check_hole(hole)
    if not hole.any():
        return pixels
    random = np.random.RandomState(seed)
    sizes = [(pixels.astype(np.float32), hole)]
    while min(sizes[-1][1].shape) >= 2 * COARSEST and _sources(_halved(*sizes[-1])[1]).any():
        sizes.append(_halved(*sizes[-1]))
    image, smaller = sizes[-1]
    filled = np.where(smaller[..., None], image[~smaller].mean(0) if not smaller.all() else 0, image)
    for image, missing in reversed(sizes):
        height, width = missing.shape
        larger = filled.repeat(2, 0).repeat(2, 1)[:height, :width] if filled.shape != image.shape else filled
        larger = np.pad(larger, ((0, height - larger.shape[0]), (0, width - larger.shape[1]), (0, 0)), "edge")
        filled = yield from _completed(np.where(missing[..., None], larger, image), missing, random)
    return filled.round().clip(0, 255).astype(np.uint8)


def _halved(image: Image, hole: Hole) -> tuple[Image, Hole]:
    """Half as large: known pixels are means of those that are known, and a pixel is missing where any was."""
    height, width = (side // 2 * 2 for side in hole.shape)
    blocks = image[:height, :width].reshape(height // 2, 2, width // 2, 2, 3)  # (h, 2, w, 2, 3)
    missing = hole[:height, :width].reshape(height // 2, 2, width // 2, 2)  # (h, 2, w, 2)
    known = ~missing[..., None]
    mean = (blocks * known).sum((1, 3)) / np.maximum(known.sum((1, 3)), 1)
    return mean.astype(np.float32), np.asarray(missing.any((1, 3)))


def _sources(hole: Hole) -> Hole:
    """Where a patch's upper left corner may be so that all of it is known: (H - PATCH + 1, W - PATCH + 1)."""
    return ~np.asarray(sliding_window_view(hole, (PATCH, PATCH)).any((2, 3)))


def _completed(image: Image, hole: Hole, random: np.random.RandomState) -> Generator[None, None, Image]:
    """The image with its hole, filled with a guess, filled better."""
    sources = _sources(hole)
    targets = np.argwhere(sliding_window_view(hole, (PATCH, PATCH)).any((2, 3)))  # (patches, 2)
    all_sources = np.argwhere(sources)
    found = all_sources[random.randint(len(all_sources), size=len(targets))]  # (patches, 2)
    for _ in range(ROUNDS):
        found, far = yield from _searched(image, sources, targets, found, random)
        image = _averaged(image, hole, targets, found, far)
    return image


def _searched(
    image: Image, sources: Hole, targets: Places, found: Places, random: np.random.RandomState
) -> Generator[None, None, tuple[Places, NDArray[np.float32]]]:
    """Better places for the patches, and how far each patch is from what is there: (patches, 2), (patches,)."""
    patches = sliding_window_view(image, (PATCH, PATCH), (0, 1)).reshape(*sources.shape, -1)  # (h, w, 3 * PATCH ** 2)
    wanted = patches[targets[:, 0], targets[:, 1]]  # (patches, 3 * PATCH ** 2)
    numbers = np.full(sources.shape, -1)
    numbers[targets[:, 0], targets[:, 1]] = np.arange(len(targets))
    limit = np.array(sources.shape) - 1

    def distance(places: Places) -> NDArray[np.float32]:
        """Of each patch to that place; infinite where no source is."""
        far: NDArray[np.float32] = np.square(patches[places[:, 0], places[:, 1]] - wanted).mean(1)
        return np.where(sources[places[:, 0], places[:, 1]], far, np.float32(np.inf))

    far = distance(found)

    def try_them(places: Places) -> None:
        nonlocal found, far
        places = places.clip(0, limit)
        other = distance(places)
        better = other < far
        found, far = np.where(better[:, None], places, found), np.where(better, other, far)

    for _ in range(SEARCHES):
        for step in NEIGHBOURS:
            yield
            beside = (targets + step).clip(0, limit)
            neighbour = numbers[beside[:, 0], beside[:, 1]]  # -1 where it looks for nothing
            try_them(np.where(neighbour[:, None] >= 0, found[neighbour] - step, found))
        radius = float(max(sources.shape))
        while radius >= 1:
            yield
            try_them(found + np.round(random.uniform(-radius, radius, found.shape)).astype(np.intp))
            radius /= 2
    return found, far


def _averaged(image: Image, hole: Hole, targets: Places, found: Places, far: NDArray[np.float32]) -> Image:
    """Every missing pixel as a mean of what all patches over it have found, near ones counting more."""
    weights = np.exp(-far / (2 * max(float(np.quantile(far, 0.75)), 1e-3)))  # (patches,)
    total, weight = np.zeros_like(image), np.full((*hole.shape, 1), 1e-12, np.float32)
    for row in range(PATCH):
        for column in range(PATCH):
            # Of one place in the patches, no two patches have the same pixel.
            place = np.array((row, column))
            to, at = targets + place, found + place
            total[to[:, 0], to[:, 1]] += weights[:, None] * image[at[:, 0], at[:, 1]]
            weight[to[:, 0], to[:, 1]] += weights[:, None]
    return np.where(hole[..., None], total / weight, image).astype(np.float32)
