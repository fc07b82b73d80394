"""The packages' one direction: web -> painting -> model -> results, the laboratory beside them, nothing back. And their
maps: each tells what its modules hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVER = Path(__file__).parents[1] / "server"
ROOT = ("errors", "files", "settings", "steps")
SERVING = ("inversion", "inpainting", "styles", "painting", "model", "results", *ROOT)
# What the modules of each package, and the modules beside the packages, may import of `server`.
ALLOWED = {
    **dict.fromkeys(ROOT, ROOT),
    "results": ROOT,
    "model": ("results", *ROOT),
    "painting": ("model", "results", *ROOT),
    "styles": ("painting", "model", "results", *ROOT),
    "inpainting": ("painting", "model", "results", *ROOT),
    "inversion": ("styles", "painting", "model", "results", *ROOT),
    "web": SERVING,
    "client": ("painting", *ROOT),
    "lab": SERVING,
    "app": ("web", *SERVING),
    "cluster": ("app", "web", *SERVING),
    "cli": ("app", "commands", "web", *SERVING),
    "commands": ("app", "cli", "cluster", "lab", "web", *SERVING),
}


def package_of(name: str) -> str:
    """The package, or the module beside the packages, that a dotted name below `server` lies in."""
    return name.split(".")[1]


def imported(source: str, module: str) -> Iterator[tuple[int, str]]:
    """The line and the dotted name of everything below `server` that a module imports, wherever the statement stands:
    at the top, in a function, under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")[: -node.level] if node.level else []
            start = ".".join([*base, *filter(None, [node.module])])
            names = [f"{start}.{alias.name}" for alias in node.names]
        for name in names:
            if name.startswith("server.") and name != "server.__version__":
                yield node.lineno, name


def wrong_arrows(source: str, module: str) -> list[str]:
    """The imports of a module that its package may not have, one line each."""
    own = package_of(module)
    return [
        f"{module} line {line} imports {name}"
        for line, name in imported(source, module)
        if package_of(name) not in (own, *ALLOWED[own])
    ]


def test_no_import_runs_back() -> None:
    wrong = []
    for path in sorted(SERVER.rglob("*.py")):
        parts = path.relative_to(SERVER.parent).with_suffix("").parts
        if parts != ("server", "__init__"):
            wrong += wrong_arrows(path.read_text(encoding="utf-8"), ".".join(parts))
    assert wrong == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("server.results.units", "from server.lab.dissect.running.work import Arrays"),
        ("server.results.units", "import server.model.weights"),
        ("server.model.catalog", "def load():\n    from server.painting.mask import Mask\n    return Mask"),
        ("server.painting.edits", "if TYPE_CHECKING:\n    from server.web.services import Services"),
        ("server.painting.painter", "from server import model, web"),
        ("server.painting.painter", "from ..lab import dissect"),
        ("server.web.engine", "from server.lab.frechet import power"),
        ("server.inpainting.ways", "from server.lab.bench.timing import measure"),
        ("server.styles.images", "from server.inversion.own import square"),
        ("server.lab.bench.wire", "from server.app import create_app"),
        ("server.cli", "import server.lab"),
        ("server.client.calls", "from server.web.schemas import Model"),
        ("server.client.calls", "from server.model.pixels import Pixels"),
        ("server.commands.paint", "from server.client import Client"),
        ("server.errors", "from server.model.catalog import Model"),
        ("server.results.reading", "from server.commands import paint"),
    ],
)
def test_an_arrow_that_runs_back_is_seen(module: str, source: str) -> None:
    assert len(wrong_arrows(source, module)) == 1


def test_arrows_that_run_forward_are_not() -> None:
    source = (
        "from server import __version__, errors\nfrom server.model import catalog\nfrom . import mask\nimport torch"
    )
    assert wrong_arrows(source, "server.painting.edits") == []


MOST_LINES = 30  # of a map: more is no overview


def unmapped(package: Path) -> list[str]:
    """The modules and packages in a package that its docstring does not name: `so`, or first in a row of a table."""
    source = (package / "__init__.py").read_text(encoding="utf-8")
    text = ast.get_docstring(ast.parse(source)) or ""
    names = re.findall(r"`[a-z0-9_.]+`|^ *[a-z0-9_]+(?=  )", text, re.M)
    named = {name.strip(" `").rpartition(".")[2] for name in names}
    paths = [path for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    return sorted({path.stem for path in paths} - named - {"__init__"})


@pytest.mark.parametrize(
    "package", [path.parent for path in sorted(SERVER.rglob("__init__.py"))], ids=lambda path: path.name
)
def test_each_package_is_a_map_of_its_modules(package: Path) -> None:
    assert unmapped(package) == []
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8")))
    assert text is not None
    assert 4 <= len(text.splitlines()) <= MOST_LINES


def test_a_module_that_no_map_names_is_seen(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("deep/__init__", "first", "second", "third"):
        (tmp_path / f"{name}.py").touch()
    (tmp_path / "__init__.py").write_text('"""A map of third things.\n\n- `first`: one\n\n    second   another\n"""\n')
    assert unmapped(tmp_path) == ["deep", "third"]
