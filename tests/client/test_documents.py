from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from server.client import Client, UnitbrushProblem
from server.client.documents import Source, read_source
from server.painting.imaging import encode
from tests.client.conftest import URL

DOCUMENT = {"version": 1, "model": "village", "seed": 42, "edits": [{"op": "draw", "concept": "tree", "mask": None}]}
JSON = json.dumps(DOCUMENT)


def in_link(data: bytes) -> str:
    """As a link's fragment has bytes."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def packed(data: bytes) -> bytes:
    """As a link's fragment has a document, by raw deflate."""
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush()


LINK = f"http://127.0.0.1:8000/studio/#p={in_link(packed(JSON.encode()))}"


@pytest.mark.parametrize(
    "source",
    [
        DOCUMENT,
        JSON,
        f"\n {JSON}",
        JSON.encode(),
        JSON.encode("utf-16"),
        LINK,
        f"http://127.0.0.1:8000/#j={in_link(JSON.encode())}",
        encode(np.zeros((4, 4, 3), np.uint8), "png", JSON),
    ],
)
def test_a_picture_is_read_from_wherever_it_lies(source: Source, tmp_path: Path) -> None:
    client = Client(URL)
    expected = client.picture("village", 42).draw("tree")
    assert client.load(source) == expected
    if isinstance(source, bytes):
        (tmp_path / "file").write_bytes(source)
        assert client.load(tmp_path / "file") == client.load(str(tmp_path / "file")) == expected


def test_a_document_may_leave_its_model_to_the_caller() -> None:
    client = Client(URL)
    assert client.load('{"seed": 3}', "village") == client.picture("village", 3)
    with pytest.raises(UnitbrushProblem, match="names its model"):
        client.load({"seed": 3})


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{", "not JSON"),
        ({"seed": 3, "model": "village", "colour": 1}, "colour"),
        (LINK[:-9], "broken off|damaged"),
        (f"http://a/#p={in_link(b'nothing')}", "damaged"),
        ("http://a/#p=%", "damaged"),
        (f"http://a/#p={in_link(packed(bytes(2**24)))}", "more than any picture"),
        (encode(np.zeros((4, 4, 3), np.uint8)), "no text 'unitbrush'"),
        (b"\xff\xd8\xff\xe0", "not JSON"),
    ],
)
def test_what_holds_no_picture_is_a_problem(source: Source, words: str) -> None:
    with pytest.raises(UnitbrushProblem, match=words):
        Client(URL).load(source)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        read_source("none.json")
