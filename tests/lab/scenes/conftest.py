"""Three hundred scenes, sampled and drawn once for all tests of the renderer."""

import numpy as np
import numpy.typing as npt
import pytest

from server.lab.scenes.render import render
from server.lab.scenes.scene import Scene, sample_scene

COUNT = 300
SIZE = 64


@pytest.fixture(scope="session")
def scenes() -> tuple[Scene, ...]:
    return tuple(sample_scene(seed) for seed in range(COUNT))


@pytest.fixture(scope="session")
def drawn(scenes: tuple[Scene, ...]) -> list[tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]]:
    return [render(scene, SIZE) for scene in scenes]


@pytest.fixture(scope="session")
def images(drawn: list[tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]]) -> npt.NDArray[np.uint8]:
    return np.stack([image for image, _ in drawn])  # (300, 64, 64, 3)


@pytest.fixture(scope="session")
def labels(drawn: list[tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]]) -> npt.NDArray[np.uint8]:
    return np.stack([label for _, label in drawn])  # (300, 64, 64)
