from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from server.errors import DissectionError
from server.lab.dissect.report.dissection import save_dissection
from server.results.brush import Brush, Dissection, RankedUnit
from server.results.dissection import load_dissection
from server.results.netdissect import read_netdissect, read_quantiles

UNITS = 10


def write_2018(folder: Path, levels: bool = True) -> None:
    """A folder as the 2018 tool leaves it: unit u is best for trees the higher u, for doors the lower."""
    units: list[dict[str, Any]] = [
        {"unit": u, "interp": True, "iou": 0.1 * u, "iou_label": "tree"} for u in range(UNITS)
    ]
    if levels:
        for u, unit in enumerate(units):
            unit["level"] = 1.0 + u
    rankings = [
        {"name": "unit", "score": list(range(UNITS))},
        {"name": "label", "score": list(range(UNITS))},
        {"name": "tree-iou", "metric": "iou", "score": [-0.01 * u for u in range(UNITS)]},
        {"name": "door-iou", "metric": "iou", "score": [-0.01 * (UNITS - u) for u in range(UNITS)]},
        {"name": "door-ace", "metric": "ace", "score": [float(u != 5) * -0.1 - float(u == 5) for u in range(UNITS)]},
    ]
    record = {"layer": "layer4", "dirname": "layer4", "units": units, "rankings": rankings, "interpretable": 3}
    folder.mkdir(parents=True)
    (folder / "dissect.json").write_text(json.dumps({"netname": "church", "layers": [record]}))


def write_sketch(path: Path, levels: list[np.ndarray[Any, Any]]) -> None:
    """A ragged sketch, pickled as the tool does."""
    ragged = np.empty(len(levels), object)
    ragged[:] = levels
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, data=ragged, size=1000)


def test_brushes_come_from_the_rankings_with_their_levels(tmp_path: Path) -> None:
    write_2018(tmp_path / "church")
    dissection = read_netdissect(tmp_path / "church")
    assert dissection.model == "church"
    tree = dissection.brush("tree")
    assert tree is not None
    assert [u.unit for u in tree.units] == list(range(UNITS - 1, -1, -1))
    assert (tree.units[0].iou, tree.units[0].level, tree.layer) == (0.09, 10.0, "layer4")
    door = dissection.brush("door")
    assert door is not None
    assert (door.units[0].unit, door.ranking, door.draw_effect) == (5, "ace", None)


def test_levels_are_the_quantiles_where_units_have_none(tmp_path: Path) -> None:
    write_2018(tmp_path / "church", levels=False)
    values = np.arange(1000.0)[:, None] + np.arange(UNITS)  # (1000, units)
    write_sketch(tmp_path / "church" / "layer4" / "quantiles.npz", [values[::2], values[1::2][::2]])
    tree = read_netdissect(tmp_path / "church").brush("tree")
    assert tree is not None
    assert tree.units[0].level == pytest.approx(990 + 9, abs=8)


def test_a_level_further_up_weighs_twice(tmp_path: Path) -> None:
    write_sketch(tmp_path / "quantiles.npz", [np.zeros((100, 1)), np.ones((50, 1))])
    assert read_quantiles(tmp_path / "quantiles.npz", 0.49)[0] == 0
    assert read_quantiles(tmp_path / "quantiles.npz", 0.51)[0] == 1


def pickled_sketch(path: Path, pickled: bytes) -> Path:
    """A sketch whose levels are what that unpickles to."""
    with zipfile.ZipFile(path, "w") as archive:
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, {"descr": "|O", "fortran_order": False, "shape": (2,)})
        archive.writestr("data.npy", head.getvalue() + pickled)
    return path


def by_numpy_1_16(levels: list[np.ndarray[Any, Any]]) -> bytes:
    """Levels as NumPy 1.16 pickles them: by protocol 2, which spells bytes as text, under old module names."""
    ragged = np.empty(len(levels), object)
    ragged[:] = levels
    return pickle.dumps(ragged, 2).replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def test_a_sketch_by_numpy_1_16_is_read(tmp_path: Path) -> None:
    """The file was written by `pickled_sketch` of `by_numpy_1_16`, of the levels below."""
    first = np.linspace(-3, 250, 20 * UNITS, dtype=np.float32).reshape(20, UNITS)
    levels = [first, np.full((5, UNITS), 7, np.float32)]
    kept = Path(__file__).parent / "quantiles-numpy-1.16.npz"
    with zipfile.ZipFile(kept) as archive:
        assert b"c_codecs\nencode\n" in archive.read("data.npy")
    write_sketch(tmp_path / "quantiles.npz", levels)
    for q in (0.1, 0.5, 0.99):
        assert read_quantiles(kept, q).tolist() == read_quantiles(tmp_path / "quantiles.npz", q).tolist()


def test_an_empty_level_of_numpy_1_16_is_read(tmp_path: Path) -> None:
    levels = [np.ones((3, 2), np.float32), np.ones((0, 2), np.float32)]
    pickled = by_numpy_1_16(levels)
    assert b"c__builtin__\nbytes\n" in pickled
    assert read_quantiles(pickled_sketch(tmp_path / "quantiles.npz", pickled), 0.5).tolist() == [1, 1]


@pytest.mark.parametrize(
    "pickled",
    [
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.",
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00ascii\x86R.",
        b"\x80\x02c_codecs\nencode\nK\x05X\x06\x00\x00\x00latin1\x86R.",
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00a\x85R.",
        b"\x80\x02c_codecs\ndecode\nX\x01\x00\x00\x00aX\x06\x00\x00\x00latin1\x86R.",
        b"\x80\x02c_codecs\nlookup\nX\x06\x00\x00\x00latin1\x85R.",
        b"\x80\x02ccodecs\nencode\nX\x01\x00\x00\x00aX\x06\x00\x00\x00latin1\x86R.",
        b"\x80\x02c__builtin__\nbytes\nJ\x00\x00\x00\x7f\x85R.",
        b"\x80\x02c__builtin__\neval\nX\x01\x00\x00\x001\x85R.",
        b"\x80\x02cnumpy\nfromfile\nX\x01\x00\x00\x00a\x85R.",
        b"\x80\x02cnumpy\nload\n.",
        b"\x80\x02c_codecs\nencode\n.",
        b"\x80\x02K\x05.",
        b"\x80\x02",
        b"",
    ],
)
def test_nothing_else_is_unpickled(tmp_path: Path, pickled: bytes) -> None:
    with pytest.raises(DissectionError, match="holds no quantiles"):
        read_quantiles(pickled_sketch(tmp_path / "quantiles.npz", pickled), 0.5)


def test_lists_that_name_one_another_are_not_unfolded(tmp_path: Path) -> None:
    """A few hundred bytes that stand for 10**30 numbers."""
    level: list[object] = [1.0]
    for _ in range(30):
        level = [level] * 10
    with pytest.raises(DissectionError, match="a level is no array"):
        read_quantiles(pickled_sketch(tmp_path / "quantiles.npz", pickle.dumps([level], 2)), 0.5)


def test_a_sketch_that_would_run_something_is_refused(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path(tmp_path / "sprung").touch, ())

    write_sketch(tmp_path / "quantiles.npz", [np.zeros((4, 1))])
    head = np.lib.format.magic(1, 0)
    with zipfile.ZipFile(tmp_path / "trap.npz", "w") as archive:
        text = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
        text += " " * (63 - (len(head) + 2 + len(text)) % 64) + "\n"
        body = head + len(text).to_bytes(2, "little") + text.encode() + pickle.dumps(Trap())
        archive.writestr("data.npy", body)
    with pytest.raises(DissectionError, match="holds no quantiles"):
        read_quantiles(tmp_path / "trap.npz", 0.5)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("", r"dissect\.json"),
        ("{}", r"dissect\.json"),
        ("[1]", r"dissect\.json"),
        ('{"layers": 3}', r"dissect\.json"),
        ('{"layers": [{"layer": "a", "units": [{}], "rankings": [{}]}]}', r"a/quantiles\.npz is missing"),
        ('{"layers": []}', r"dissect\.json"),
    ],
)
def test_rubbish_is_one_clear_line_that_names_the_file(tmp_path: Path, text: str, file: str) -> None:
    (tmp_path / "dissect.json").write_text(text)
    with pytest.raises(DissectionError, match=file) as error:
        read_netdissect(tmp_path)
    assert "\n" not in str(error.value)


def test_a_folder_cannot_point_outside(tmp_path: Path) -> None:
    write_2018(tmp_path / "church", levels=False)
    path = tmp_path / "church" / "dissect.json"
    path.write_text(path.read_text().replace('"dirname": "layer4"', '"dirname": "../secret"'))
    with pytest.raises(DissectionError, match="folder"):
        read_netdissect(tmp_path / "church")


def test_the_server_loads_such_a_folder_and_prefers_its_own_format(tmp_path: Path) -> None:
    folder = tmp_path / "church"
    write_2018(folder)
    assert load_dissection(folder).concepts == read_netdissect(folder).concepts
    own = Dissection("church", (Brush("sky", "layer4", (RankedUnit(0, 0.1, 0.1, 1.0),), 1, 0.5, 0.5, True),))
    save_dissection(folder, own)
    assert load_dissection(folder).concepts == ("sky",)
