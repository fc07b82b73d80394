"""Fetching published weights, from a server in a thread."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
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
from server.lab.published import PUBLISHED, TITLES
from server.model.card import read_card
from server.model.catalog import Catalog
from server.model.progressive import ProgressiveGenerator


class Handler(BaseHTTPRequestHandler):
    """Serves `body`, the way the test says."""

    body: ClassVar[bytes] = b""
    cut: ClassVar[int | None] = None  # break off behind that many bytes
    step: ClassVar[int | None] = None  # so many bytes an answer
    ranges: ClassVar[bool] = True
    partial: ClassVar[bool] = False  # a 206 whether or not a range was asked for
    declared: ClassVar[bool] = True
    chunked: ClassVar[bool] = False
    drops: ClassVar[bool] = False  # before a word is said
    length: ClassVar[str | None] = None  # declared in the place of the true one
    part: ClassVar[str | None] = None  # told of in the place of the true one, where a range is asked for
    encoding: ClassVar[str | None] = None
    stalls: ClassVar[threading.Event | None] = None  # after what is sent, until then
    location: ClassVar[str | None] = None  # sends everybody on
    asked: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        cls = type(self)
        cls.asked.append(self.headers.get("Range"))
        if cls.drops:
            return
        if cls.location is not None:
            self.send_response(302)
            self.send_header("Location", cls.location)
            self.end_headers()
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
        body = cls.body[start:] if cls.encoding is None else gzip.compress(cls.body[start:])
        self.send_response(206 if start or cls.partial else 200)
        if cls.encoding is not None:
            self.send_header("Content-Encoding", cls.encoding)
        if cls.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif cls.declared:
            self.send_header("Content-Length", cls.length or str(len(body)))
        if start and cls.part:
            self.send_header("Content-Range", cls.part)
        self.end_headers()
        sent = body[: cls.step] if cls.cut is None else cls.body[start : cls.cut]
        self.wfile.write(b"%x\r\n%b" % (len(body), sent) if cls.chunked else sent)
        if cls.chunked and len(sent) == len(body):
            self.wfile.write(b"\r\n0\r\n\r\n")
        if cls.stalls is not None:
            cls.stalls.wait()

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


def goes_on(served: tuple[str, type[Handler]], weights: bytes, folder: Path) -> bool:
    """Whether a part lies there that the next attempt, from a good server, goes on from; that attempt succeeds."""
    assert Catalog(folder, folder).names() == ()  # nothing half-written is taken for a model
    address, handler = served
    handler.asked.clear()
    assert fetch("church", folder, address).read_bytes() == weights
    return handler.asked[0] is not None


def refused(served: tuple[str, type[Handler]], folder: Path) -> str:
    """Why it cannot be fetched, in one line."""
    with pytest.raises(FetchError) as caught:
        fetch("church", folder, served[0])
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_good_file(served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = fetch("church", tmp_path, served[0], lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == weights
    assert files(tmp_path) == ["model.json", path.name]
    assert seen[-1] == (len(weights), len(weights))
    card = read_card(tmp_path / "church")
    assert card.generator == path
    assert card.sha256 == file_sha256(path)
    assert (card.title, card.family) == ("Churches (LSUN)", "Progressive GAN")
    assert card.source == f"https://gandissect.csail.mit.edu/models/{path.name}"
    assert card.citation is not None
    assert "GAN Dissection" in card.citation


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
    assert handler.asked == [None, "bytes=1000-"]  # at once, but the next answer brought no more
    handler.cut = None
    assert fetch("church", tmp_path, address).read_bytes() == weights
    assert handler.asked == [None, "bytes=1000-", "bytes=1000-"]


def test_as_long_as_every_answer_brings_more_it_goes_on_by_itself(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path
) -> None:
    address, handler = served
    handler.step = -(-len(weights) // 5)
    assert fetch("church", tmp_path, address).read_bytes() == weights
    assert handler.asked == [None, *(f"bytes={i * handler.step}-" for i in range(1, 5))]


def test_an_interrupted_download_goes_on(served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path) -> None:
    address, handler = served

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    handler.step = 1000
    with pytest.raises(KeyboardInterrupt):
        fetch("church", tmp_path, address, interrupt)
    handler.step = None
    assert goes_on(served, weights, tmp_path)
    assert handler.asked == ["bytes=1000-"]


def test_a_server_that_drips_is_not_asked_for_ever(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path
) -> None:
    handler = served[1]
    handler.step = 10
    assert "broke off at 80 of" in refused(served, tmp_path)
    assert len(handler.asked) == fetching.TRIES
    handler.step = None
    assert goes_on(served, weights, tmp_path)


@pytest.mark.parametrize("chunked", [True, False])
def test_an_end_that_was_not_told_may_be_none(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path, chunked: bool
) -> None:
    handler = served[1]
    handler.declared, handler.chunked, handler.cut = False, chunked, 1000
    assert "go on" in refused(served, tmp_path)
    handler.cut = None
    assert goes_on(served, weights, tmp_path)
    assert handler.asked == ["bytes=1000-"]


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("ranges", [True, False])
def test_another_file_whose_length_is_not_told_is_no_model(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path, ranges: bool, chunked: bool
) -> None:
    handler = served[1]
    handler.declared, handler.chunked, handler.ranges, handler.body = False, chunked, ranges, b"x" * 5000
    for _ in range(2):
        assert "not what was published, or not all of it" in refused(served, tmp_path)
    handler.body = weights
    goes_on(served, weights, tmp_path)


def test_a_part_that_is_longer_than_the_file_is_begun_again(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path
) -> None:
    address, handler = served
    (tmp_path / "church").mkdir()
    (tmp_path / "church" / (fetching.PUBLISHED["church"] + ".part")).write_bytes(weights + b"more")
    assert fetch("church", tmp_path, address).read_bytes() == weights
    assert handler.asked == [f"bytes={len(weights) + 4}-", None]


def test_a_stall_ends_in_one_line_and_goes_on(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = served[1]
    monkeypatch.setattr(fetching, "TIMEOUT", 0.2)
    handler.cut, handler.stalls = 1000, threading.Event()
    try:
        assert "broke off at 1000 of" in refused(served, tmp_path)
        assert (tmp_path / "church" / (fetching.PUBLISHED["church"] + ".part")).read_bytes() == weights[:1000]
        handler.cut = 0
        assert "timed out" in refused(served, tmp_path)
    finally:
        handler.stalls.set()
    handler.cut, handler.stalls = None, None
    monkeypatch.undo()
    monkeypatch.setitem(fetching.PUBLISHED, "church", f"proggan_church-{hashlib.sha256(weights).hexdigest()[:8]}.pth")
    assert goes_on(served, weights, tmp_path)
    assert handler.asked == ["bytes=1000-"]


@pytest.mark.parametrize("encoding", ["gzip", "br", "x\x1b[31m"])
def test_another_encoding_is_one_line(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path, encoding: str
) -> None:
    handler = served[1]
    handler.cut = 1000
    refused(served, tmp_path)
    handler.cut, handler.encoding = None, encoding
    assert "another encoding" in refused(served, tmp_path)
    handler.encoding = None
    assert goes_on(served, weights, tmp_path)
    assert handler.asked == ["bytes=1000-"]


@pytest.mark.parametrize("location", ["/models/proggan_church", "ftp://127.0.0.1:1/x", "file:///etc/passwd", "//\x01"])
def test_redirects_that_lead_nowhere_are_one_line(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path, location: str
) -> None:
    handler = served[1]
    handler.location = location
    refused(served, tmp_path)
    assert files(tmp_path) == []
    handler.location = None
    assert not goes_on(served, weights, tmp_path)


def test_a_part_that_nobody_asked_for_is_not_taken(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path
) -> None:
    served[1].partial = True
    assert "another part" in refused(served, tmp_path)
    served[1].partial = False
    assert not goes_on(served, weights, tmp_path)


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


def test_a_whole_file_is_taken_whatever_length_was_declared(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path
) -> None:
    served[1].length = str(len(weights) + 1)
    assert fetch("church", tmp_path, served[0]).read_bytes() == weights


def test_another_part_than_was_asked_for_is_not_taken(
    served: tuple[str, type[Handler]], weights: bytes, tmp_path: Path
) -> None:
    address, handler = served
    handler.cut, handler.part = 1000, "bytes 0-999/2000"
    with pytest.raises(FetchError, match="broke off"):
        fetch("church", tmp_path, address)
    handler.cut = None
    handler.asked.clear()
    assert fetch("church", tmp_path, address).read_bytes() == weights
    assert handler.asked == ["bytes=1000-", None]  # begun again, by itself


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


def test_every_published_file_is_known_by_the_start_of_its_sha256() -> None:
    scenes = ("church", "bedroom", "conferenceroom", "diningroom", "kitchen", "livingroom", "restaurant", "celebhq")
    assert set(PUBLISHED) == set(TITLES) == set(scenes)
    for name, file_name in PUBLISHED.items():
        assert re.fullmatch(rf"proggan_{name}(outdoor)?-[0-9a-f]{{8}}\.pth", file_name)


def test_only_published_names(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="church"):
        fetch("atlantis", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(FetchError, match="cannot be written"):
        fetch("church", tmp_path / "models")
