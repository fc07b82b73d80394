from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from server.cli import main
from server.files import GENERATOR
from server.lab.dissect.running.work import write_arrays
from server.model.latents import latents_of
from server.model.weights import load_generator

UNITS = {"layer4": 12, "layer6": 8}


@pytest.fixture
def folder(installed: Path, tmp_path: Path) -> Path:
    """A copy of the installed models that a test may write into."""
    shutil.copytree(installed, tmp_path / "copy")
    return tmp_path / "copy"


def verify(folder: Path, name: str = "village") -> int:
    return main(
        ["verify", name, "--models-dir", str(folder / "models"), "--results-dir", str(folder / "dissect_results")]
    )


def quantiles(folder: Path, layer: str, z: torch.Tensor) -> np.ndarray:
    r = load_generator(folder / "models" / "village" / GENERATOR).trunk(z, layer).r
    return np.quantile(r.transpose(0, 1).flatten(1).numpy(), 0.99, axis=1)


def publish(folder: Path, **members: object) -> None:
    """Figures of the model, as others would publish them."""
    z = torch.from_numpy(np.random.RandomState(1).standard_normal((100, 8))).float()
    document = {
        "schema": 1,
        "source": "by others",
        "quantile": 0.99,
        "layer": "layer4",
        "units": 12,
        "latents": {"random_state": 1, "pictures": 100},
        "levels": {str(u): round(float(v), 2) for u, v in enumerate(quantiles(folder, "layer4", z))},
        **members,
    }
    (folder / "dissect_results" / "village" / "published.json").write_text(json.dumps(document))


def store(folder: Path, off: float = 0.0) -> None:
    """Figures as a dissection stores them; off: added to one unit's."""
    arrays: dict[str, np.ndarray] = {"concepts": np.array(["tree"])}
    for layer, units in UNITS.items():
        high = quantiles(folder, layer, latents_of(range(5, 105), 8)).astype(np.float32)
        high[2] += off
        ones = np.ones((units, 1), np.float32)
        arrays |= {
            **{f"{layer}/{name}": ones for name in ("iou", "iou_fixed", "threshold")},
            **{f"{layer}/{name}": ones[:, 0] for name in ("mean", "deviation")},
            f"{layer}/high": high,
            f"{layer}/strongest": np.ones((units, 1), np.int64),
            f"{layer}/regions": np.ones((units, 1, 72), np.uint8),
        }
    results = folder / "dissect_results" / "village"
    write_arrays(results / "units.npz", arrays)
    (results / "effects.json").write_text('{"schema": 2, "plan": {"samples": 100, "first": 5}}')


def swap_units(folder: Path) -> None:
    path = folder / "models" / "village" / GENERATOR
    weights = load_file(path)
    for part in ("conv.weight", "wscale.b"):
        weights[f"layer4.{part}"] = weights[f"layer4.{part}"].roll(1, 0).contiguous()
    save_file(weights, path)


def test_published_figures_that_agree(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish(folder)
    assert verify(folder) == 0
    heading, columns, row, allowed, verdict = capsys.readouterr().out.splitlines()
    assert "published: by others" in heading
    assert "100 pictures" in heading
    assert columns.split()[-1] == "verdict"
    assert row.split()[:2] == ["layer4", "12"]
    assert row.split()[-1] == "agrees"
    assert allowed.split()[0] == "allowed"
    assert verdict == "village: the weights are loaded right"


def test_published_figures_that_do_not(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish(folder)
    swap_units(folder)
    assert verify(folder) == 1
    out = capsys.readouterr().out
    assert "differs" in out
    assert "NOT the weights that were measured" in out


def test_figures_of_another_architecture_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish(folder, units=512)
    assert verify(folder) == 1
    assert capsys.readouterr().out.count("\n") == 1


def test_stored_figures_of_every_layer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(folder)
    assert verify(folder) == 0
    out = capsys.readouterr().out
    assert "stored with its dissection" in out
    assert [line.split()[0] for line in out.splitlines()[2:4]] == ["layer4", "layer6"]


def test_one_stored_unit_that_is_off_is_enough(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(folder, off=1.0)
    assert verify(folder) == 1
    assert capsys.readouterr().out.splitlines()[2].split()[-2:] == ["2", "differs"]


def test_nothing_to_compare_with_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(folder) == 2
    assert verify(folder, "castle") == 2
    assert verify(folder, "church") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "unitbrush dissect village" in err.splitlines()[0]
    assert "castle" in err.splitlines()[1]
    assert "unitbrush fetch church" in err.splitlines()[2]
    assert err.count("\n") == 3
