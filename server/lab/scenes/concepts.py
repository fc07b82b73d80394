"""The concepts of a village scene, in the order of their label values."""

import numpy as np
import numpy.typing as npt

CONCEPTS: tuple[str, ...] = (
    "sky",
    "cloud",
    "mountain",
    "grass",
    "path",
    "water",
    "tree",
    "wall",
    "roof",
    "dome",
    "door",
    "window",
)
SKY, CLOUD, MOUNTAIN, GRASS, PATH, WATER, TREE, WALL, ROOF, DOME, DOOR, WINDOW = range(len(CONCEPTS))

PALETTE: npt.NDArray[np.uint8] = np.array(
    [
        (128, 190, 240),
        (244, 244, 250),
        (126, 120, 168),
        (126, 196, 76),
        (214, 186, 132),
        (44, 120, 200),
        (24, 112, 48),
        (206, 112, 86),
        (124, 40, 44),
        (244, 190, 44),
        (110, 58, 16),
        (48, 52, 120),
    ],
    dtype=np.uint8,
)  # (12, 3)
