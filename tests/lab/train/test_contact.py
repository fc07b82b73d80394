"""Contact sheets of a generator."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from server.lab.scenes.concepts import CONCEPTS
from server.lab.train.contact import interpolations, nearest, samples, write_sheets
from server.lab.train.data import SceneData
from server.lab.train.store import render_scenes
from server.model.pixels import to_pixels
from server.model.progressive import ProgressiveGenerator
from server.model.segmenter import UNet


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> SceneData:
    folder: Path = tmp_path_factory.mktemp("few")
    list(render_scenes(folder, 20, 0, 32, processes=1))
    return SceneData(folder, held_out=5)


@pytest.fixture
def generator() -> ProgressiveGenerator:
    torch.manual_seed(0)
    return ProgressiveGenerator(128, (8, 8, 8, 8))


def tile(sheet: Image.Image, row: int, column: int) -> np.ndarray:
    return np.asarray(sheet)[34 * row : 34 * row + 32, 34 * column : 34 * column + 32]


def picture(generator: ProgressiveGenerator, z: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return np.asarray(to_pixels(generator(torch.from_numpy(z.astype(np.float32))[None]))[0])


def test_rows_go_from_one_seed_to_the_next(generator: ProgressiveGenerator) -> None:
    sheet = interpolations(generator, range(3, 6))
    z = [np.random.RandomState(seed).standard_normal(128) for seed in range(3, 6)]
    ends = [(0, 0, z[0]), (0, 7, z[1]), (1, 0, z[1]), (1, 7, z[2])]
    for row, column, latent in ends:
        difference = tile(sheet, row, column).astype(int) - picture(generator, latent)
        assert abs(difference).max() <= 1
    assert not np.array_equal(tile(sheet, 0, 3), tile(sheet, 0, 0))


def test_samples_stand_below_their_scenes(generator: ProgressiveGenerator) -> None:
    sheet = np.asarray(samples(generator, range(8)))
    assert sheet.shape == (32 + 8 + 32, 8 * 34 - 2, 3)
    drawn = picture(generator, np.random.RandomState(2).standard_normal(128))
    assert abs(sheet[40:, 68:100].astype(int) - drawn).max() <= 1


def test_the_nearest_rendering_of_a_rendering_is_itself(data: SceneData) -> None:
    class Renderer(ProgressiveGenerator):
        """Draws the training scenes 0, 1, ..., whatever the latents."""

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return data.views(np.arange(len(z))).images

    sheet = nearest(Renderer(128, (8, 8, 8, 8)), data, UNet(CONCEPTS, (6, 6, 6, 6)).eval(), range(3))
    for column in range(3):
        assert np.array_equal(tile(sheet, 1, column), data.images[column, 0])
        assert not np.array_equal(tile(sheet, 2, column), data.images[column, 0])


def test_all_sheets_are_written(generator: ProgressiveGenerator, data: SceneData, tmp_path: Path) -> None:
    write_sheets(tmp_path / "pictures", generator, data, UNet(CONCEPTS, (6, 6, 6, 6)).eval())
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == [
        "interpolations.jpg",
        "nearest.jpg",
        "samples.jpg",
    ]
