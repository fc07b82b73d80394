"""What tests of the painter share: a random generator of 32x32 pixels with brushes, made on the fly."""

from __future__ import annotations

import os
from pathlib import Path

# Before torch is imported, and for the servers that tests start: networks this small gain nothing by threads, which
# wait for each other by spinning, four times as long where something else wants the cores too.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

from server.lab.dissect.report.dissection import save_dissection
from server.model.catalog import Catalog
from server.model.progressive import ProgressiveGenerator
from server.model.segmenter import UNet, save_segmenter
from server.painting.painter import Painter
from server.results.brush import Brush, Dissection, RankedUnit
from tests.helpers.serving import save_generator, write_artifacts, write_directions

WIDTHS = (16, 12, 8, 8)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models/village and dissect_results/village; tests do not write into it."""
    folder = tmp_path_factory.mktemp("installed")
    torch.manual_seed(1)
    (folder / "models" / "village").mkdir(parents=True)
    save_generator(folder / "models" / "village" / "generator.safetensors", ProgressiveGenerator(8, WIDTHS))
    torch.manual_seed(5)
    save_segmenter(folder / "models" / "village" / "segmenter.safetensors", UNet(("sky", "tree", "door"), (6, 6, 6, 6)))
    brushes = []
    for i, concept in enumerate(("tree", "door", "sky")):
        for layer, units in (("layer4", 12), ("layer6", 8)):
            ranking = tuple(
                RankedUnit(unit=(u + i) % units, iou=0.2, effect=0.1, level=3.0 - i + u / 10) for u in range(units)
            )
            brushes.append(Brush(concept, layer, ranking, 5, 0.4 - i / 10, 0.3, layer == "layer4"))
    results = folder / "dissect_results" / "village"
    save_dissection(results, Dissection("village", tuple(brushes)))
    write_directions(results, 8)
    write_artifacts(results, "layer4", 3, 1)
    return folder


@pytest.fixture(scope="session")
def catalog(installed: Path) -> Catalog:
    return Catalog(installed / "models", installed / "dissect_results")


@pytest.fixture
def painter(catalog: Catalog) -> Painter:
    """A painter with cold caches."""
    return Painter(catalog)
