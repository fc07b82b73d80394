"""Fetching published weights, from a server in a thread."""

from __future__ import annotations

import hashlib
import io
import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from server.files import file_sha256
from server.lab import fetch as fetching
from server.lab.fetch import FetchError, fetch
from server.model.card import read_card
from server.model.progressive import ProgressiveGenerator


class Handler(BaseHTTPRequestHandler):
    """Serves `body`, the way the test says."""

    body: ClassVar[bytes] = b""
    cut: ClassVar[int | None] = None  # break off behind that many bytes
    ranges: ClassVar[bool] = True
    declared: ClassVar[bool] = True
    drops: ClassVar[bool] = False  # before a word is said
    length: ClassVar[str | None] = None  # declared in the place of the true one
    part: ClassVar[str | None] = None  # told of in the place of the true one, where a range is asked for
    asked: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        cls = type(self)
        cls.asked.append(self.headers.get("Range"))
        if cls.drops:
            return
        if not self.path.startswith("/models/proggan_church"):
            self.send_error(404)
            return
        start = 0
        if cls.ranges and (wanted := self.headers.get("Range")):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(cls.body):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        if cls.declared:
            self.send_header("Content-Length", cls.length or str(len(cls.body) - start))
        if start and cls.part:
            self.send_header("Content-Range", cls.part)
        self.end_headers()
        self.wfile.write(cls.body[start : cls.cut])

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def weights() -> bytes:
    out = io.BytesIO()
    torch.manual_seed(0)
    torch.save({"state_dict": ProgressiveGenerator(8, (8, 6)).state_dict()}, out)
    return out.getvalue()


@pytest.fixture
def served(weights: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, type[Handler]]]:
    """The address of a server of `weights` under the name they would be published by, and its handler."""

    class Fresh(Handler):
        body = weights
        asked: ClassVar[list[str | None]] = []

    prefix = hashlib.sha256(weights).hexdigest()[:8]
    monkeypatch.setitem(fetching.PUBLISHED, "church", f"proggan_church-{prefix}.pth")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Fresh)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/models/", Fresh
    server.shutdown()
    server.server_close()
    thread.join()


def files(folder: Path) -> list[str]:
    return sorted(f.name for f in (folder / "church").iterdir())


def test_a_good_file(served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = fetch("church", tmp_path, served[0], lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == weights
    assert files(tmp_path) == ["model.json", path.name]
    assert seen[-1] == (len(weights), len(weights))
    card = read_card(tmp_path / "church")
    assert card.generator == path
    assert card.sha256 == file_sha256(path)


def test_what_is_there_is_not_fetched_again(served: tuple[str, type[Handler]], tmp_path: Path) -> None:
    fetch("church", tmp_path, served[0])
    fetch("church", tmp_path, served[0])
    assert served[1].asked == [None]


def test_a_damaged_file_that_is_there_is_replaced(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path
) -> None:
    path = fetch("church", tmp_path, served[0])
    path.write_bytes(b"damaged")
    assert fetch("church", tmp_path, served[0]).read_bytes() == weights


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_goes_on(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path, ranges: bool
) -> None:
    address, handler = served
    handler.cut, handler.ranges = 1000, ranges
    with pytest.raises(FetchError, match=r"broke off|cannot be read"):
        fetch("church", tmp_path, address)
    assert [name[-5:] for name in files(tmp_path)] == [".part"]
    handler.cut = None
    assert fetch("church", tmp_path, address).read_bytes() == weights
    assert handler.asked == [None, "bytes=1000-"]


def test_a_download_that_was_whole_but_not_moved_is_taken(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path
) -> None:
    (tmp_path / "church").mkdir()
    (tmp_path / "church" / (fetching.PUBLISHED["church"] + ".part")).write_bytes(weights)
    assert fetch("church", tmp_path, served[0]).read_bytes() == weights


def test_another_file_is_refused_and_taken_away(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path
) -> None:
    served[1].body = weights[:-1] + b"x"
    with pytest.raises(FetchError, match="SHA-256"):
        fetch("church", tmp_path, served[0])
    assert files(tmp_path) == []


def test_a_file_of_the_right_hash_that_is_no_generator_is_refused(
    served: tuple[str, type[Handler]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served[1].body = b"hello"
    prefix = hashlib.sha256(b"hello").hexdigest()[:8]
    monkeypatch.setitem(fetching.PUBLISHED, "church", f"proggan_church-{prefix}.pth")
    with pytest.raises(FetchError, match="not what was published"):
        fetch("church", tmp_path, served[0])
    assert files(tmp_path) == []


@pytest.mark.parametrize("declared", [True, False])
def test_a_file_without_end_is_refused(served: tuple[str, type[Handler]], tmp_path: Path, declared: bool) -> None:
    served[1].declared = declared
    with pytest.raises(FetchError, match="at most 5000"):
        fetch("church", tmp_path, served[0], max_bytes=5000)
    assert files(tmp_path) == []


def test_a_dropped_connection_is_one_line(served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path) -> None:
    served[1].drops = True
    with pytest.raises(FetchError, match="cannot be read") as error:
        fetch("church", tmp_path, served[0])
    assert "\n" not in str(error.value)
    served[1].drops = False
    assert fetch("church", tmp_path, served[0]).read_bytes() == weights


@pytest.mark.parametrize("length", ["9" * 8, "9" * 5000, "-5", "\xb2", "12 parsecs", "0", "100"])
def test_a_length_that_is_a_lie_does_no_harm(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path, length: str
) -> None:
    served[1].length = length
    with suppress(FetchError):
        fetch("church", tmp_path, served[0])
    served[1].length = None
    assert fetch("church", tmp_path, served[0]).read_bytes() == weights


def test_another_part_than_was_asked_for_is_not_taken(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path
) -> None:
    address, handler = served
    handler.cut, handler.part = 1000, "bytes 0-999/2000"
    with pytest.raises(FetchError, match="broke off"):
        fetch("church", tmp_path, address)
    handler.cut = None
    with pytest.raises(FetchError, match="another part"):
        fetch("church", tmp_path, address)
    assert fetch("church", tmp_path, address).read_bytes() == weights


def test_what_was_once_fetched_is_pinned_whole(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fetch("church", tmp_path, served[0])
    card = json.loads((tmp_path / "church" / "model.json").read_text())
    assert card["sha256"] == {path.name: hashlib.sha256(weights).hexdigest()}
    out = io.BytesIO()
    torch.save(ProgressiveGenerator(8, (8, 6)).state_dict(), out)
    monkeypatch.setattr(served[1], "body", out.getvalue())  # as if its digits were those in the name
    other = hashlib.sha256(out.getvalue()).hexdigest()
    monkeypatch.setitem(fetching.PUBLISHED, "church", path.name)
    path.unlink()
    card["sha256"][path.name] = other[:8] + card["sha256"][path.name][8:]
    (tmp_path / "church" / "model.json").write_text(json.dumps(card))
    with pytest.raises(FetchError, match=r"fetched before.*model\.json"):
        fetch("church", tmp_path, served[0])
    assert files(tmp_path) == ["model.json"]


def test_a_card_of_ones_own_keeps_what_it_says_and_gets_the_pin(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path
) -> None:
    own = {"schema": 1, "title": "Kirchen", "sha256": {"segmenter.safetensors": "0" * 64}, "scenes": [3]}
    (tmp_path / "church").mkdir()
    (tmp_path / "church" / "model.json").write_text(json.dumps(own))
    path = fetch("church", tmp_path, served[0])
    own["sha256"] = {"segmenter.safetensors": "0" * 64, path.name: hashlib.sha256(weights).hexdigest()}
    assert json.loads((tmp_path / "church" / "model.json").read_text()) == own
    (tmp_path / "church" / "model.json").write_text("{")
    with pytest.raises(FetchError, match="no model's card"):
        fetch("church", tmp_path, served[0])


def test_https_first_and_http_with_a_warning(
    served: tuple[str, type[Handler]],
    weights: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert fetching.BASE_URL.startswith("https://")
    secure, urlopen = served[0].replace("http://", "https://"), urllib.request.urlopen

    def without_https(request: urllib.request.Request, timeout: float) -> object:
        if request.full_url.startswith("https://"):
            raise urllib.error.URLError(ssl.SSLCertVerificationError("certificate verify failed"))
        return urlopen(request, timeout=timeout)

    monkeypatch.setattr("urllib.request.urlopen", without_https)
    with pytest.raises(FetchError, match="https"):  # an address that was asked for is the only one
        fetch("church", tmp_path, secure)
    monkeypatch.setattr(fetching, "BASE_URL", secure)
    assert fetch("church", tmp_path).read_bytes() == weights
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "plain http" in caplog.messages[0]


def test_a_missing_file_and_a_missing_server(served: tuple[str, type[Handler]], tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="404"):
        fetch("church", tmp_path, served[0] + "elsewhere/")
    with pytest.raises(FetchError, match="cannot be read"):
        fetch("church", tmp_path, "http://127.0.0.1:1/")
    with pytest.raises(FetchError, match="no http address"):
        fetch("church", tmp_path, "file:///etc/")


def test_only_published_names(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="church"):
        fetch("atlantis", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(FetchError, match="cannot be written"):
        fetch("church", tmp_path / "models")
