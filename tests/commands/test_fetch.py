from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from server.cli import main
from server.lab.published import PUBLISHED
from server.model.progressive import ProgressiveGenerator


class _Publisher(BaseHTTPRequestHandler):
    """Answers every request with `body`, the first `upto` bytes of it."""

    body: ClassVar[bytes] = b"none"  # no generator
    upto: ClassVar[int | None] = None

    def do_GET(self) -> None:
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.body) - start))
        self.end_headers()
        self.wfile.write(self.body[start : self.upto])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def handler() -> type[_Publisher]:
    return type("Fresh", (_Publisher,), {})


@pytest.fixture
def publisher(handler: type[_Publisher]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_not_what_was_published_is_refused_in_one_line(
    publisher: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", "church", "--models-dir", str(tmp_path), "--base-url", publisher]) == 2
    err = capsys.readouterr().err
    assert "not what was published" in err
    assert err.count("\n") == 1
    assert not list(tmp_path.rglob("*.pth"))


def test_a_download_that_breaks_off_is_one_line_and_goes_on_when_called_again(
    publisher: str,
    handler: type[_Publisher],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = io.BytesIO()
    torch.save(ProgressiveGenerator(8, (8, 6)).state_dict(), out)
    handler.body, handler.upto = out.getvalue(), 1000
    name = f"proggan_church-{hashlib.sha256(handler.body).hexdigest()[:8]}.pth"
    monkeypatch.setitem(PUBLISHED, "church", name)
    command = ["fetch", "church", "--models-dir", str(tmp_path), "--base-url", publisher]
    assert main(command) == 2
    err = capsys.readouterr().err
    assert "broke off at 1000 of" in err
    assert err.count("\n") == 1
    handler.upto = None
    assert main(command) == 0
    told = capsys.readouterr()
    assert told.out == f"{tmp_path / 'church' / name}\n"
    assert "is pinned in" in told.err
    assert (tmp_path / "church" / name).read_bytes() == handler.body


def test_an_unknown_name_is_one_line_that_lists_the_known(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["fetch", "castle", "--models-dir", str(tmp_path)]) == 2
    assert "church" in capsys.readouterr().err
