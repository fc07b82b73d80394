"""`unitbrush dissect --segmenter ...`: clusters, a user's own code, and where there is no judge."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from server.cli import main
from server.files import JUDGE, SEGMENTER
from server.lab.dissect.clusters import prepare, teaching
from server.model.catalog import Catalog
from server.model.progressive import ProgressiveGenerator
from server.model.segmenter import UNet, save_segmenter
from server.results.dissection import load_dissection
from tests.helpers.tiny import save_generator

OWN = """
import torch

class Light:
    concepts = ("light", "dark")

    def __call__(self, images):
        x = images.mean(1)
        return torch.stack([x, -x], 1)

def without_names(images):
    return torch.from_numpy(Light()(images.detach()).cpu().numpy())

def fails():
    raise RuntimeError("on purpose")
"""


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A random generator of 16x16 pixels without any segmenter."""
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    torch.manual_seed(3)
    save_generator(folder / "generator.safetensors", ProgressiveGenerator(8, (8, 8, 6)))
    return folder.parent


@pytest.fixture
def own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module of the user's in the folder that the command runs in."""
    (tmp_path / "mine_here.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("mine_here", None)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("STEPS", 12), ("PICTURES", 64)):
        monkeypatch.setattr(teaching, name, value)
    monkeypatch.setattr(prepare, "TRIED", 20)


def dissect(models: Path, *arguments: object) -> int:
    where = ["--models-dir", models, "--results-dir", models.parent / "results", "--threads", 1, "--device", "cpu"]
    return main(["dissect", "tiny", "--samples", "32", "--quick", *map(str, [*arguments, *where])])


@pytest.mark.usefixtures("short")
def test_clusters_need_no_segmenter_and_leave_one(models: Path) -> None:
    results = models.parent / "results" / "tiny"
    assert dissect(models, "--segmenter", "clusters", "--regions", 2, "--layers", "layer3") == 0
    assert (models / "tiny" / SEGMENTER).exists()
    assert (models / "tiny" / JUDGE).exists()
    assert {b.concept for b in load_dissection(results).brushes} <= {"region 1", "region 2"}
    assert json.loads((results / "judged.json").read_text())["apart"]
    assert (results / "report" / "regions.webp").exists()
    (results / "names.json").write_text('{"region 1": "land", "region 2": "water"}')
    # Again without the option: what clusters left is the model's segmenter from then on.
    assert dissect(models, "--layers", "layer3") == 0
    model = Catalog(models, results.parent).get("tiny")
    assert model.segmenter is not None
    assert model.segmenter.concepts == ("land", "water")
    assert set() < set(model.dissection.concepts) <= {"land", "water"}


@pytest.mark.usefixtures("own_code")
@pytest.mark.parametrize("arguments", [["mine_here:Light"], ["mine_here:without_names", "--concepts", "light, dark"]])
def test_any_callable_segments_and_judges_where_there_is_no_other(
    models: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert dissect(models, "--layers", "layer3", "--segmenter", *arguments) == 0
    results = models.parent / "results" / "tiny"
    assert {b.concept for b in load_dissection(results).brushes} <= {"light", "dark"}
    assert not json.loads((results / "judged.json").read_text())["apart"]
    assert "by the very segmenter that chose them" in capsys.readouterr().out
    assert not (models / "tiny" / SEGMENTER).exists()


@pytest.mark.usefixtures("own_code")
def test_a_judge_of_other_concepts_is_none(models: Path) -> None:
    save_segmenter(models / "tiny" / JUDGE, UNet(("other",), (4, 4, 4, 4)))
    assert dissect(models, "--layers", "layer3", "--segmenter", "mine_here:Light") == 0
    assert not json.loads((models.parent / "results" / "tiny" / "judged.json").read_text())["apart"]


@pytest.mark.usefixtures("own_code")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--segmenter", "nowhere_at_all:x"], "No module named 'nowhere_at_all'"),
        (["--segmenter", "mine_here:x"], "has no attribute 'x'"),
        (["--segmenter", "mine_here:fails"], "mine_here:fails makes no segmenter: RuntimeError: on purpose"),
        (["--segmenter", "mine_here:without_names"], "--concepts a,b,c"),
        (["--segmenter", "mine_here:Light", "--concepts", "a"], "made scores of shape"),
        (["--segmenter", "mine_here:Light", "--regions", "3"], "--regions goes with --segmenter clusters"),
        (["--cluster-layer", "layer2"], "--cluster-layer goes with"),
        (["--concepts", "a,b"], "--concepts goes with"),
        (["--segmenter", "clusters", "--regions", "1"], "--regions is 2 to 64, not 1"),
        (["--segmenter", "clusters", "--cluster-layer", "layer9"], "no layer 'layer9'"),
        (["--segmenter", "clusters", "--judge", "mine_here:Light"], "makes its judge"),
        ([], "holds no segmenter"),
    ],
)
def test_bad_input_is_one_line(
    models: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert dissect(models, *arguments) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("unitbrush: ")
    assert says in line
    assert not (models.parent / "results").exists()
