from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from server.cli import main


class _Refuses(BaseHTTPRequestHandler):
    """Answers every request with bytes that are no generator."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"none")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def publisher() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refuses)
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


def test_an_unknown_name_is_one_line_that_lists_the_known(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["fetch", "castle", "--models-dir", str(tmp_path)]) == 2
    assert "church" in capsys.readouterr().err
