"""`schemathesis run` over the whole OpenAPI document of a real server, with all its checks and what config it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from server.inversion.invert import Frame as InversionFrame
from server.inversion.invert import Inversion, Inverting
from server.inversion.missing import missing
from server.model.catalog import Model
from server.model.pixels import Pixels
from server.painting.base import encode_base
from server.painting.picture import Picture
from server.styles.fast import FastStyle
from server.styles.slow import Frame, Repainting
from server.web.routes import inversion, styles
from tests.helpers.serving import settings_in, threaded_server
from tests.helpers.tiny import write_context, write_model, write_translator, write_units

# For a longer run: UNITBRUSH_TEST_EXAMPLES=500 python -m pytest -s tests/test_schemathesis.py
EXAMPLES = os.environ.get("UNITBRUSH_TEST_EXAMPLES")
# What can be wrong with a picture's document, 500 cases, is tried at `/render` and `/pictures` in a short run; calls
# that take the same document have their examples and random bodies.
SHORTER = "compare|composite|inspect|proposals|receptivity|segment|style|style/slow|translate|variations"
SHORT = f"""
[[operations]]
include-path-regex = "^/api/v1/({SHORTER})$"
phases.coverage.enabled = false
"""


def repainted(pixels: Pixels, *args: Any) -> Repainting:
    """Slow style in no time: what is looked at here is the calls."""
    yield Frame(1, 2, pixels)
    return pixels


def inverted(model: Model, own: Pixels, *args: Any) -> Inverting:
    """And likewise what is one's own."""
    yield InversionFrame(1, 1, own)
    r = np.zeros([getattr(model.generator.layer("layer4"), name) for name in ("units", "height", "width")], np.float32)
    return Inversion(Picture(model.name, base=encode_base("layer4", r)), own, missing(own, own, model))


def test_every_call_keeps_to_the_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(styles, "repaint", repainted)
    monkeypatch.setattr(inversion, "invert", inverted)
    monkeypatch.setattr(FastStyle, "paint", lambda self, pixels, *args: pixels)
    write_model(tmp_path)
    write_translator(tmp_path)
    write_units(tmp_path / "dissect_results" / "village")
    write_context(tmp_path / "dissect_results" / "village")
    with threaded_server(settings_in(tmp_path)) as address:
        options = ["--checks", "all", "--max-examples", EXAMPLES or "3", "--seed", "1", "--generation-deterministic"]
        config = tmp_path / "schemathesis.toml"
        usual = (Path(__file__).resolve().parent.parent / "schemathesis.toml").read_text()
        config.write_text(usual if EXAMPLES else usual + SHORT)
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
        command += [f"http://{address}/openapi.json", *options]
        environment = {**os.environ, "NO_PROXY": "*", "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path / "hypothesis")}
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    print(run.stdout)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr
