from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from server.files import JUDGE, SEGMENTER
from server.lab.dissect.clusters import prepare as module
from server.lab.dissect.clusters import teaching
from server.lab.dissect.clusters.prepare import Wanted, prepare
from server.lab.dissect.running.work import weights_digest
from server.model.generator import Generator
from server.model.segmenter import UNet, load_segmenter, save_segmenter
from tests.helpers.handmade import HandmadeGenerator

WANTED = Wanted("layer1", 3, 40, 0)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("STEPS", 12), ("PICTURES", 64)):
        monkeypatch.setattr(teaching, name, value)
    monkeypatch.setattr(module, "TRIED", 20)


def prepared(folder: Path, wanted: Wanted = WANTED, generator: Generator | None = None) -> tuple[list[str], list[UNet]]:
    """What was told, and the segmenter and the judge. folder: of models and results."""
    (folder / "model").mkdir(exist_ok=True)
    said: list[str] = []
    networks = prepare(
        generator or HandmadeGenerator(),
        wanted,
        folder / "model",
        folder / "results",
        torch.device("cpu"),
        False,
        lambda text, done, total: said.append(text),
    )
    return said, list(networks)


def weights(folder: Path) -> list[str]:
    """Digests of both, whose files hold their notes in any order."""
    return [weights_digest(load_segmenter(folder / "model" / name)) for name in (SEGMENTER, JUDGE)]


def test_the_files_say_what_they_were_made_from_and_are_not_made_again(tmp_path: Path) -> None:
    said, (segmenter, judge) = prepared(tmp_path)
    assert segmenter.concepts == judge.concepts == ("region 1", "region 2", "region 3")
    assert weights_digest(segmenter) != weights_digest(judge)
    document = json.loads((tmp_path / "results" / "regions.json").read_text())
    assert document["key"]["layer"] == "layer1"
    regions = document["regions"]
    assert sum(region["share"] for region in regions) == pytest.approx(1, abs=1e-3)
    assert [region["share"] for region in regions] == sorted((region["share"] for region in regions), reverse=True)
    assert all(0 <= region[name] <= 1 for region in regions for name in ("segmenter", "judge"))
    names = json.loads((tmp_path / "results" / "names.json").read_text())
    assert names == {name: name for name in segmenter.concepts}
    assert not (tmp_path / "results" / ".clusters").exists()
    assert said[-1] == "regions: learning to read them"
    assert prepared(tmp_path)[0] == []


def test_the_same_seed_gives_the_same_segmenters(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        prepared(tmp_path / name)
    assert weights(tmp_path / "a") == weights(tmp_path / "b")


def test_names_survive_another_seed_and_another_number_of_regions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching, "STEPS", 200)
    prepared(tmp_path)
    path = tmp_path / "results" / "names.json"
    path.write_text(json.dumps({"region 1": "ground", "region 2": "region 2", "region 3": "patch"}))
    prepared(tmp_path)
    assert json.loads(path.read_text())["region 1"] == "ground"
    prepared(tmp_path, Wanted("layer1", 2, 40, 1))
    names = json.loads(path.read_text())
    assert list(names) == ["region 1", "region 2"]
    assert "ground" in names.values()


def test_an_interrupted_run_goes_on_with_what_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teach, taught = teaching.teach, []

    def interrupted(network: UNet, *others: object) -> None:
        taught.append(network)
        if len(taught) == 2:
            raise KeyboardInterrupt
        teach(network, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "teach", interrupted)
    torch.set_num_threads(1)
    with pytest.raises(KeyboardInterrupt):
        prepared(tmp_path)
    assert not (tmp_path / "model" / SEGMENTER).exists()
    prepared(tmp_path)
    assert len(taught) == 3
    (tmp_path / "whole").mkdir()
    monkeypatch.setattr(module, "teach", teach)
    prepared(tmp_path / "whole")
    assert weights(tmp_path) == weights(tmp_path / "whole")


def test_a_segmenter_of_another_kind_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    save_segmenter(tmp_path / "model" / JUDGE, UNet(("tree", "sky"), (4, 4, 4, 4)))
    with pytest.raises(ValueError, match="move it away"):
        prepared(tmp_path)
    assert not (tmp_path / "results").exists()
