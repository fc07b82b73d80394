"""A PostgreSQL server of the tests' own, where its programs are installed: in a folder of its own, without a password,
on a free port of this machine, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.helpers.ports import free_port

# What else slows tests down and matters only where the power may fail. Commits still reach the kernel in their order.
FAST = ("-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=40")
START_SECONDS = 60


def postgres_folder() -> Path | None:
    """The folder of PostgreSQL's programs, None where they are not installed. Distributions keep them off the path."""
    initdb = shutil.which("initdb")
    folders = [Path(initdb).resolve().parent] if initdb else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "postgres").is_file()), None)


def _somebody() -> dict[str, Any]:
    """Who runs it: PostgreSQL refuses to run as root."""
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []} if os.getuid() == 0 else {}


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run one; gives the address of its database."""
    programs = postgres_folder()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    somebody, port = _somebody(), free_port()
    quiet = {**somebody, "stdout": subprocess.DEVNULL, "cwd": folder}
    if somebody:
        shutil.chown(folder, somebody["user"], somebody["group"])
    try:
        init = ["initdb", "-D", "data", "-U", "unitbrush", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run([programs / init[0], *init[1:]], check=True, **quiet)
        where = ("-D", "data", "-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1")
        process = subprocess.Popen([programs / "postgres", *where, *FAST], stderr=subprocess.DEVNULL, **quiet)
        try:
            ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
            deadline = time.monotonic() + START_SECONDS
            while subprocess.run(ready, check=False).returncode != 0:
                assert process.poll() is None, "PostgreSQL did not start"
                assert time.monotonic() < deadline, "PostgreSQL did not start in time"
                time.sleep(0.02)
            yield f"postgresql://unitbrush@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nobody needs what it holds
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
