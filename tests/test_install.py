"""The README's commands from a clean clone, and the wheel from any folder: what is committed is all that is needed.

Dependencies are not installed again: the new environments see those of this one, and pip finds them there without a
network.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.helpers.ports import free_port

REPOSITORY = Path(__file__).resolve().parent.parent
OFFLINE = ["--no-index", "--no-build-isolation"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is committed, alone in a folder."""
    if not (REPOSITORY / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no git checkout")
    folder = tmp_path_factory.mktemp("clone") / "unitbrush"
    subprocess.run(["git", "clone", "-q", "--depth", "1", REPOSITORY.as_uri(), str(folder)], check=True)
    return folder


def environment(folder: Path) -> Path:
    """A virtual environment that sees the packages of this one, but not this repository. Returns its bin folder."""
    venv.create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    packages = site.parent / "packages"
    packages.mkdir()
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "unitbrush" not in entry.name:
            (packages / entry.name).symlink_to(entry)
    (site / "outside.pth").write_text(f"{packages}\n")
    return folder / "bin"


def own_environment() -> dict[str, str]:
    """The process environment without what would configure a server or lead Python back here."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("UNITBRUSH_", "PYTHON", "VIRTUAL_ENV", "MAKE"))}


@contextmanager
def served(command: list[str], folder: Path, **settings: str) -> Iterator[httpx.Client]:
    """A client of the server that the command starts in that folder; stopped in order afterwards."""
    port = free_port()
    settings = {"UNITBRUSH_PORT": str(port), "UNITBRUSH_THREADS": "1", **settings}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**own_environment(), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
            deadline = time.monotonic() + 300
            while time.monotonic() < deadline and process.poll() is None:
                try:
                    if client.get("/readyz").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.2)
            else:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                told = process.communicate()[0].decode()
                raise AssertionError(f"no server came up: {told[-2000:]}")
            yield client
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)


def assert_paints(client: httpx.Client) -> bytes:
    """The page and the files it names are there, and the default model paints. Returns the painting."""
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    loads = re.findall(r'(?:src|href)="(?!https?:|#|data:)([^"]+)"', page.text)
    assert any(name.endswith(".js") for name in loads)
    for name in loads:
        assert client.get(name if name.startswith("/") else f"/{name}").status_code == 200, name
    (model,) = [m for m in client.get("/api/v1/models").json()["models"] if m["default"]]
    scene = {"seed": model["scenes"][0]}
    edit = {"op": "draw", "concept": model["concepts"][0], "mask": {"rect": [0.2, 0.2, 0.8, 0.8]}}
    plain = client.post("/api/v1/render", json=scene)
    painted = client.post("/api/v1/render", json={**scene, "edits": [edit]})
    assert (plain.status_code, painted.status_code) == (200, 200)
    assert Image.open(io.BytesIO(painted.content)).size == (model["resolution"],) * 2
    assert painted.content != plain.content
    return painted.content


def test_make_run_serves_the_studio_from_a_clean_clone(clone: Path) -> None:
    environment(clone / ".venv")
    command = ["make", "run", f"PYTHON={sys.executable}", f"PIP_OPTIONS={' '.join(OFFLINE)}"]
    with served(command, clone) as client:
        assert_paints(client)
    assert (clone / "data" / "pictures.sqlite3").is_file()
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
    ).stdout
    assert changed == "", "serving leaves files that git does not ignore"


def test_a_wheel_serves_and_paints_from_any_folder(clone: Path, tmp_path: Path) -> None:
    bin_folder = environment(tmp_path / "venv")
    pip = [str(bin_folder / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run = {"check": True, "env": own_environment(), "cwd": tmp_path}
    subprocess.run([*pip, "wheel", *OFFLINE, "--no-deps", "-w", str(tmp_path), str(clone)], **run)  # type: ignore[call-overload]
    (wheel,) = tmp_path.glob("unitbrush-*.whl")
    assert {"server/py.typed", "server/client/__init__.py"} <= set(zipfile.ZipFile(wheel).namelist())
    subprocess.run([*pip, "install", "--no-index", str(wheel)], **run)  # type: ignore[call-overload]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    home = {"HOME": str(tmp_path / "home"), "XDG_DATA_HOME": str(tmp_path / "home")}
    with served([str(bin_folder / "unitbrush"), "serve"], elsewhere, **home) as client:
        rendered = assert_paints(client)
    assert list(elsewhere.iterdir()) == []
    assert (tmp_path / "home" / "unitbrush" / "pictures.sqlite3").is_file()
    (elsewhere / "picture.png").write_bytes(rendered)
    painted = [str(bin_folder / "unitbrush"), "paint", "picture.png", "-o", "again.png"]
    subprocess.run(painted, cwd=elsewhere, env={**own_environment(), "OMP_NUM_THREADS": "1"}, check=True)
    assert (elsewhere / "again.png").read_bytes() == rendered
