"""The client in a process of its own: what importing it loads, and what it says where httpx is missing."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "fastapi", "starlette", "uvicorn", "server.web", "server.app", "server.settings")


def run(code: str) -> subprocess.CompletedProcess[str]:
    """What a new interpreter does with the code."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_importing_it_loads_no_torch_and_starts_nothing() -> None:
    done = run(
        "import sys, threading\n"
        "from server.client import AsyncClient, Client\n"
        "Client('http://127.0.0.1:1').picture('village', 1).draw('tree', rect=(0, 0, 1, 1)).json\n"
        f"print([name for name in {HEAVY} if name in sys.modules], threading.active_count())"
    )
    assert (done.stdout, done.stderr) == ("[] 1\n", "")


def test_without_httpx_one_line_says_what_to_install() -> None:
    done = run("import sys\nsys.modules['httpx'] = None\nimport server.client")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last == "ImportError: server.client needs httpx, which comes with unitbrush[client]: pip install httpx"
