"""The whole pipeline on the handmade generator, whose right answers are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from server.errors import UnknownLayer
from server.lab.dissect.constants import DECIDES
from server.lab.dissect.run import dissect
from server.lab.dissect.running.plan import Plan
from server.lab.dissect.running.work import read_arrays
from server.lab.dissect.trials.experiment import Experiments
from server.lab.dissect.units.matching import ARRAYS
from server.results.brush import OPS
from server.results.dissection import load_dissection
from tests.helpers.handmade import CONCEPTS, UNITS, HandmadeGenerator, passes

PLAN = Plan(
    samples=80,
    learning=8,
    measuring=8,
    few=6,
    racing=7,
    counts=(1, 2, 4),
    training=8,
    judged=12,
    context=4,
    artifacts=30,
)


def run(out: Path, layers: tuple[str, ...] = ("layer1",), plan: Plan = PLAN) -> list[str]:
    """Dissect into `out`; returns what was reported."""
    said: list[str] = []
    dissect(passes(), passes(), "handmade", layers, plan, out, lambda text, done, total: said.append(text))
    return said


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results") / "handmade"
    run(out, ("layer1", "layer2"))
    return out


def test_every_brush_leads_with_its_own_unit(results: Path) -> None:
    dissection = load_dissection(results)
    for concept, unit in (("red", 0), ("blue", 1)):
        brush = dissection.brush(concept)
        assert brush is not None
        assert brush.units[0].unit == unit
        assert brush.units[0].effect is not None
        assert brush.units[0].effect > 0.3
        assert sorted(u.unit for u in brush.units) == list(range(UNITS))
        assert brush.draw_effect is not None
        assert brush.remove_effect is not None
        assert brush.draw_effect > 0.5
        assert brush.remove_effect > 0.9
    blue = dissection.brush("blue")
    assert blue is not None
    assert blue.recommended_units == 1


def test_a_layer_that_decides_has_brushes_beside_the_best_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HandmadeGenerator, "exact_layer", "layer2")
    run(tmp_path / "out", ("layer1", "layer2"))
    dissection = load_dissection(tmp_path / "out")
    for concept, unit in (("red", 0), ("blue", 1)):
        exact = dissection.brush(concept, "layer2")
        assert exact is not None
        assert (exact.units[0].unit, exact.units[0].level, exact.recommended_units) == (unit, DECIDES, 1)
        assert not any(exact.serves(op) for op in OPS)
        assert exact.draw_effect is not None
        assert exact.draw_effect > 0.5
        for op in OPS:
            best = dissection.brush(concept, op=op)
            assert best is not None
            assert best.layer == "layer1"


def test_a_layer_that_decides_alone_has_the_best_brushes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HandmadeGenerator, "exact_layer", "layer1")
    run(tmp_path / "out")
    assert all(brush.best for brush in load_dissection(tmp_path / "out").brushes)


def test_the_judge_sees_strong_brushes_beside_weak_random_ones(results: Path) -> None:
    verdicts = {v["concept"]: v for v in json.loads((results / "judged.json").read_text())["brushes"]}
    blue = verdicts["blue"]
    assert blue["drawn"] > 0.95
    assert blue["random_drawn"] < 0.6  # one unit of five draws blue
    assert blue["removed"] < 0.02 < blue["stood"]
    assert blue["stood"] / 2 < blue["random_removed"] < blue["stood"]
    assert blue["kept"] == 1
    assert blue["weak"] == []
    assert "| blue | layer" in (results / "judged.md").read_text()


def test_what_the_judge_finds_weak_is_marked_in_the_brush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lab.dissect.judge.comparison.RATIO", 1000.0)
    run(tmp_path / "out")
    dissection = load_dissection(tmp_path / "out")
    assert {b.weak for b in dissection.brushes} == {("drawing", "removing")}
    assert "| no |" in (tmp_path / "out" / "judged.md").read_text()


def test_the_arrays_are_those_of_the_schema(results: Path) -> None:
    arrays = read_arrays(results / "units.npz")
    assert arrays.pop("concepts").tolist() == list(CONCEPTS)
    assert set(arrays) == {f"{layer}/{name}" for layer in ("layer1", "layer2") for name in ARRAYS}
    for name, text in ARRAYS.items():
        shape = text[1 : text.index(")")].replace("units", "5").replace("REGION**2 / 8", "72")
        want = [int(n) for n in shape.replace("C", "3").replace("K", "4").replace("Q", "19").split(",") if n]
        assert list(arrays[f"layer1/{name}"].shape) == want
        assert np.isfinite(arrays[f"layer1/{name}"]).all()


def test_the_choice_is_on_record_with_random_units_beside(results: Path) -> None:
    record = json.loads((results / "effects.json").read_text())["brushes"]
    assert {(b["concept"], b["layer"]) for b in record} >= {("red", "layer1"), ("blue", "layer2")}
    for brush in record:
        assert brush["choice"][0] in brush["trials"]
        assert {"random_drawn", "disturbed", "strange", "multiple", "score"} <= set(brush["choice"][0])
        assert brush["remove"]["choice"][0] in brush["remove"]["trials"]
        assert {"random_removed", "spoilt", "score"} <= set(brush["remove"]["choice"][0])
        assert len({t["multiple"] for t in brush["choice"] if t["units"] == brush["choice"][0]["units"]}) > 3
    for best in (lambda b: b["best"], lambda b: b["remove"]["best"]):
        assert sum(best(b) for b in record if b["concept"] == "blue") == 1


def test_nothing_but_the_results_is_left(results: Path) -> None:
    assert not [p.name for p in results.iterdir() if p.name.startswith(".")]


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run(tmp_path / name)
    for name in ("dissection.json", "effects.json", "judged.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    trunk = HandmadeGenerator.trunk

    def counting(self: HandmadeGenerator, z: Tensor, layer: str) -> Tensor:
        calls.append(len(z))
        if limit and sum(calls) > limit:
            raise KeyboardInterrupt
        return trunk(self, z, layer)

    monkeypatch.setattr(HandmadeGenerator, "trunk", counting)
    limit = 0
    run(tmp_path / "whole")
    whole = sum(calls)
    calls.clear()
    limit = whole // 2
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "out")
    first, limit = sum(calls), 0
    calls.clear()
    run(tmp_path / "out")
    assert 0 < sum(calls) < whole - first / 2
    for name in ("dissection.json", "effects.json", "judged.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_bad_input_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(UnknownLayer, match="layer9"):
        run(out, ("layer9",))
    with pytest.raises(ValueError, match="samples"):
        run(out, plan=Plan(samples=0))
    with pytest.raises(ValueError, match="layer"):
        run(out, ())
    assert not out.exists()


def test_samples_without_any_concept_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Experiments, "usable", lambda self, concept: False)
    with pytest.raises(ValueError, match="too few of 80 samples"):
        run(tmp_path / "a" / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        run(tmp_path / "file")
