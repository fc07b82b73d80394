from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np

from server.lab.dissect.report.netdissect import write_netdissect
from server.results.brush import Brush, Dissection, RankedUnit
from server.results.netdissect import read_netdissect, read_quantiles

CONCEPTS = ("tree", "door")
UNITS = 10


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    qs = np.array([0.0, 0.25, 0.5, 0.75, 0.99, 1.0])
    arrays = {
        "iou_fixed": rng.random((UNITS, 2)).astype(np.float32),
        "high": np.arange(UNITS, dtype=np.float32),
        "strongest": np.zeros((UNITS, 4), np.int64),
        "quantiles": np.linspace(0, 8, UNITS)[:, None] * qs,
    }
    units = tuple(RankedUnit((3 * u) % UNITS, 0.1, 0.1, 1.0) for u in range(UNITS))
    brush = Brush("door", "layer4", units, 4, 0.5, 0.5, True, "causal")
    write_netdissect(tmp_path / "old", Dissection("village", (brush,)), CONCEPTS, {"layer4": arrays}, qs)
    back = read_netdissect(tmp_path / "old")
    door, tree = back.brush("door"), back.brush("tree")
    assert door is not None
    assert tree is not None
    assert [u.unit for u in door.units] == [u.unit for u in units]
    assert [u.unit for u in tree.units] == np.argsort(-arrays["iou_fixed"][:, 0]).tolist()
    assert door.units[1].level == 3.0
    np.testing.assert_allclose(
        read_quantiles(tmp_path / "old" / "layer4" / "quantiles.npz", 0.5), arrays["quantiles"][:, 2], atol=0.02
    )
    document = json.loads((tmp_path / "old" / "dissect.json").read_text())
    names = {ranking["name"] for ranking in document["layers"][0]["rankings"]}
    assert document["default_ranking"] in names  # which that tool's pages begin with
    assert not [p for p in (tmp_path / "old").rglob("*.npz") if zipfile.ZipFile(p).testzip()]
