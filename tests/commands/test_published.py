"""A published generator from the publishers' file to the verdict on its levels: `fetch church`, then `verify church`.

The real weights cannot be had by a test. Here is a church of random weights in the published layout, with levels that
the reference in NumPy measures, row by row of the published latents.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from server.cli import main
from server.lab.published import PUBLISHED
from server.settings import Settings
from tests.helpers import reference

LATENT, WIDTHS = 16, (20, 20, 20, 20, 10)  # five layers: 16 pixels
PICTURES = 60
UNITS = range(0, 20, 2)  # those that the published rankings name are not all, either

Parts = dict[str, np.ndarray]  # a layer's or the output's weight and bias by name, as `layer1.conv.weight`


def church(names: Callable[[int], str], output: str) -> tuple[Parts, list[tuple[np.ndarray, np.ndarray]]]:
    """Random weights under published names, and each layer's by itself. names: of a layer, from 1."""
    rng = np.random.default_rng(5)
    parts: Parts = {}
    layers = []
    for i, units in enumerate((*WIDTHS, 3)):
        last = i == len(WIDTHS)
        inputs, k = (LATENT, *WIDTHS)[i], 4 if i == 0 else 1 if last else 3
        name = output if last else names(i + 1)
        weight = rng.standard_normal((units, inputs, k, k)).astype(np.float32)
        bias = rng.standard_normal(units).astype(np.float32)
        parts |= {f"{name}.conv.weight": weight, f"{name}.wscale.b": bias}
        layers.append((weight, bias))
    return parts, layers[:-1]


def levels(layers: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
    """The 0.99 quantiles of units of layer4 over all cells of all pictures, with the digits of published ones."""
    table = np.random.RandomState(1).standard_normal(PICTURES * LATENT).reshape(PICTURES, LATENT)
    maps = []
    for z in table:
        x = z[:, None, None]
        for number, (weight, bias) in enumerate(layers[:4], 1):
            x = reference.block(x, weight.astype(np.float64), bias.astype(np.float64), number)
        maps.append(x)
    values = np.quantile(np.stack(maps, 1).reshape(20, -1), 0.99, axis=1)
    return {str(unit): round(float(values[unit]), 2) for unit in UNITS}


NEW, OLD = "layer{}", "features.{}"
FILES: dict[str, tuple[Callable[[int], str], str, Callable[[dict[str, torch.Tensor]], Any], bool]] = {
    "new names": (NEW.format, "output_16x16", lambda state: state, True),
    "new names, as torch saved in 2018": (NEW.format, "output_16x16", OrderedDict, False),
    "in a checkpoint": (NEW.format, "output_16x16", lambda state: {"epoch": 3, "state_dict": state}, False),
    "old names": (lambda i: OLD.format(i - 1), "output", OrderedDict, False),
    "parameters": (
        lambda i: OLD.format(i - 1),
        "output",
        lambda state: OrderedDict((name, torch.nn.Parameter(tensor)) for name, tensor in state.items()),
        False,
    ),
}


class _Publisher(BaseHTTPRequestHandler):
    body: ClassVar[bytes]

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], str]]:
    """Serves a file under the published name with its own digits; gives the address."""
    handler = type("Fresh", (_Publisher,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()

    def serve(body: bytes) -> str:
        handler.body = body  # type: ignore[attr-defined]
        start = PUBLISHED["church"].rpartition("-")[0]
        monkeypatch.setitem(PUBLISHED, "church", f"{start}-{hashlib.sha256(body).hexdigest()[:8]}.pth")
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    server.shutdown()
    thread.join()
    server.server_close()


def write_levels(folder: Path, known: dict[str, float]) -> None:
    """As the levels of the real church are shipped, in all but the figures."""
    document = json.loads((Settings().results_dir / "church" / "published.json").read_text())
    assert document["latents"] == {"random_state": 1, "pictures": 1000}
    document |= {"units": WIDTHS[3], "levels": known}
    document["latents"]["pictures"] = PICTURES
    folder.mkdir(parents=True)
    (folder / "published.json").write_text(json.dumps(document))


def saved(parts: Parts, wrap: Callable[[dict[str, torch.Tensor]], Any], zipped: bool) -> bytes:
    out = io.BytesIO()
    state = {name: torch.from_numpy(array) for name, array in parts.items()}
    torch.save(wrap(state), out, _use_new_zipfile_serialization=zipped)
    return out.getvalue()


@pytest.mark.parametrize("kind", FILES)
def test_a_published_file_is_fetched_and_its_levels_agree(
    kind: str, publish: Callable[[bytes], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names, output, wrap, zipped = FILES[kind]
    parts, layers = church(names, output)
    write_levels(tmp_path / "results" / "church", levels(layers))
    models = ["--models-dir", str(tmp_path / "models")]
    assert main(["fetch", "church", *models, "--base-url", publish(saved(parts, wrap, zipped))]) == 0
    verify = ["verify", "church", *models, "--results-dir", str(tmp_path / "results")]
    assert main(verify) == 0
    out = capsys.readouterr().out
    assert "published: GAN Dissection" in out
    row = next(line.split() for line in out.splitlines() if line.split()[0] == "layer4")
    assert (row[1], row[-1]) == (str(len(UNITS)), "agrees")
    assert float(row[2]) < 1, "the figures have two digits, the sketch is of so few pictures whole"


@pytest.mark.parametrize("wrong", ["units", "layers", "scale"])
def test_a_file_of_other_weights_is_told_apart_by_its_levels(
    wrong: str, publish: Callable[[bytes], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts, layers = church(NEW.format, "output_16x16")
    write_levels(tmp_path / "results" / "church", levels(layers))
    weights, biases = "layer4.conv.weight", "layer4.wscale.b"
    if wrong == "units":
        parts |= {name: np.roll(parts[name], 1, 0) for name in (weights, biases)}
    elif wrong == "layers":
        parts |= {weights: parts["layer3.conv.weight"], "layer3.conv.weight": parts[weights]}
    else:
        parts[weights] = parts[weights] * np.float32(1.5)
    models = ["--models-dir", str(tmp_path / "models")]
    body = saved(parts, OrderedDict, False)
    assert main(["fetch", "church", *models, "--base-url", publish(body)]) == 0
    assert main(["verify", "church", *models, "--results-dir", str(tmp_path / "results")]) == 1
    assert "NOT the weights that were measured" in capsys.readouterr().out
