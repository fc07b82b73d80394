"""What hostile, broken or unlucky clients send to a real server: each gets a problem document, and nothing is lost."""

from __future__ import annotations

import base64
import http.client
import io
import json
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.helpers.serving import settings_in, threaded_server
from tests.helpers.tiny import write_model

TREE = {"concept": "tree", "mask": {"rect": [0.1, 0.2, 0.6, 0.9]}}
API = "/api/v1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server: the tiny model, one with damaged weights and one with a damaged dissection."""
    folder = tmp_path_factory.mktemp("hostile")
    for name in ("village", "torn", "undissected"):
        write_model(folder, name)
    weights = folder / "models" / "torn" / "generator.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    (folder / "dissect_results" / "undissected" / "dissection.json").write_text("{")
    with threaded_server(settings_in(folder)) as address:
        yield address


@pytest.fixture
def client(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{server}{API}", trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def picture(client: httpx.Client) -> dict[str, Any]:
    """A kept picture with an edit and a direction."""
    made = client.post("/pictures", json={"seed": 3, "directions": {"season": 1}}).json()
    drawn: dict[str, Any] = client.post(f"/pictures/{made['id']}/draw", json=TREE).json()
    return drawn


def problem(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """The problem document of an answer, checked."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document.keys() >= {"type", "title", "status", "detail"}
    assert document["status"] == answer.status_code
    assert "\n" not in document["detail"]
    assert "Traceback" not in answer.text
    return document


def assert_unharmed(client: httpx.Client, picture: dict[str, Any]) -> None:
    """The picture is as it was, and shows what `/render` makes of its document."""
    assert client.get(f"/pictures/{picture['id']}").json() == picture
    shown = client.get(f"/pictures/{picture['id']}/image").content
    assert shown == client.post("/render", json=picture["picture"]).content


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def png(width: int, height: int, data: bytes, extra: bytes = b"") -> str:
    """A grey PNG that says it has that size, base64."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return base64.b64encode(parts).decode()


def whole_png() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.RandomState(0).randint(0, 256, (64, 64)).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


MASKS: dict[str, object] = {
    "no member": {},
    "two kinds": {"rect": [0, 0, 1, 1], "png": "AAAA"},
    "a list": [0, 0, 1, 1],
    "no strokes": {"strokes": []},
    "no points": {"strokes": [{"points": [], "radius": 0.1}]},
    "points beyond": {"strokes": [{"points": [[1e308, 0]], "radius": 0.1}]},
    "too many points": {"strokes": [{"points": [[0.5, 0.5]] * 5000, "radius": 0.1}]},
    "no radius": {"strokes": [{"points": [[0.5, 0.5]]}]},
    "empty rect": {"rect": [0.5, 0.5, 0.5, 0.5]},
    "empty png": {"png": ""},
    "no base64": {"png": "%%%%"},
    "no png": {"png": base64.b64encode(b"GIF89a" + bytes(99)).decode()},
    "truncated png": {"png": base64.b64encode(whole_png()[:-500]).decode()},
    "damaged png": {"png": base64.b64encode(whole_png()[:200] + bytes(200) + whole_png()[400:]).decode()},
    "huge png": {"png": png(65_000, 65_000, zlib.compress(bytes(1000)))},
    "endless png": {"png": png(2**31 - 1, 1, zlib.compress(bytes(1000)))},
    "png of no pixels": {"png": png(0, 0, zlib.compress(b""))},
    "png short of pixels": {"png": png(2048, 2048, zlib.compress(bytes(1000)))},
    "unknown region": {"concept": "dragon"},
    "region beyond": {"concept": "tree", "at": [2, 0]},
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
def test_bad_masks(client: httpx.Client, picture: dict[str, Any], mask: object) -> None:
    edit = {"concept": "tree", "mask": mask}
    address = f"/pictures/{picture['id']}"
    for answer in (
        client.post(f"{address}/draw", json=edit),
        client.post(f"{address}/remove", json=edit),
        client.put(f"{address}/edits", json={"edits": [{"op": "draw", **edit}]}),
        client.post("/render", json={"seed": 1, "edits": [{"op": "draw", **edit}]}),
        client.post("/pictures", json={"seed": 1, "edits": [{"op": "draw", **edit}]}),
    ):
        assert "mask" in problem(answer, 422)["pointer"]
    assert_unharmed(client, picture)


def test_a_png_that_swells_takes_no_memory(client: httpx.Client, picture: dict[str, Any]) -> None:
    """200 MB of zeros behind a header of 8x8 pixels, and the same as a text chunk: read as far as the size goes."""
    swollen = zlib.compress(bytes(200_000_000), 9)
    text = chunk(b"zTXt", b"Comment\0\0" + swollen)
    rows = zlib.compress(bytes(8 * 9))
    for data in (png(8, 8, swollen), png(8, 8, rows, text)):
        begin = time.perf_counter()
        answer = client.post(
            "/render", json={"seed": 1, "edits": [{"op": "draw", "concept": "tree", "mask": {"png": data}}]}
        )
        assert time.perf_counter() - begin < 5
        if answer.status_code != 200:
            problem(answer, 422)
    assert_unharmed(client, picture)


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"concept": "tree", "mask": {"rect": [0, 0,',
    "not utf-8": b'{"concept": "\xff\xfe", "mask": null}',
    "a lone surrogate": b'{"concept": "\\ud800", "mask": null}',
    "NaN": b'{"concept": "tree", "mask": null, "strength": NaN}',
    "infinity": b'{"concept": "tree", "mask": null, "strength": -Infinity}',
    "a number past every float": b'{"concept": "tree", "mask": null, "strength": 1e999}',
    "a number of a thousand digits": b'{"concept": "tree", "mask": null, "units": ' + b"9" * 1000 + b"}",
    "brackets": b"[" * 200_000,
    "nested masks": b'{"concept": "tree", "mask": ' + b'{"rect": ' * 5000 + b"0" + b"}" * 5001,
    "a trailing comma": b'{"concept": "tree", "mask": null,}',
    "two documents": b'{"concept": "tree", "mask": null}{}',
    "python": b"{'concept': 'tree', 'mask': None}",
    "a pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "a string": b'"tree"',
    "null": b"null",
    "a name of nothing but zeros": b'{"concept": "\\u0000", "mask": null}',
    "a name of a megabyte": b'{"concept": "' + b"x" * 2**20 + b'", "mask": null}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_bad_bodies(client: httpx.Client, picture: dict[str, Any], body: bytes) -> None:
    kind = {"Content-Type": "application/json"}
    address = f"/pictures/{picture['id']}"
    calls = [("POST", f"{address}/{op}") for op in ("draw", "remove")]
    calls += [("PUT", f"{address}/{part}") for part in ("edits", "directions", "clean")]
    calls += [("POST", f"/{call}") for call in ("render", "segment", "inspect", "receptivity")]
    for method, path in calls:
        detail = problem(client.request(method, path, content=body, headers=kind), 400, 422)["detail"]
        assert len(detail) < 1000, detail[:200]
    assert_unharmed(client, picture)


def test_unknown_names(client: httpx.Client, picture: dict[str, Any]) -> None:
    edit = {"op": "draw", "mask": None, "concept": "tree"}
    for document, status, kind in [
        ({"model": "castle"}, 404, "unknown-model"),
        ({"edits": [{**edit, "concept": "dragon"}]}, 422, "unknown-concept"),
        ({"edits": [{**edit, "layer": "layer99"}]}, 422, "unknown-layer"),
        ({"edits": [{**edit, "units": 13}]}, 422, "invalid-picture"),
        ({"edits": [{**edit, "units": [12], "levels": [1.0], "layer": "layer4"}]}, 422, "invalid-picture"),
        ({"directions": {"spring": 1}}, 422, "unknown-direction"),
        ({"directions": {"season": 3}}, 422, "invalid-picture"),
    ]:
        for call in ("render", "pictures"):
            found = problem(client.post(f"/{call}", json={"seed": 1, **document}), status)
            assert found["type"].endswith(kind)
    for path in ("models/castle/concepts", "models/castle/directions", "models/castle/images/1", "pictures/nobody"):
        problem(client.get(f"/{path}"), 404)
    for path in ("pictures/%00", "pictures/%ED%A0%80", "models/..%2f..%2fetc/concepts", "models/%00/images/1"):
        problem(client.get(f"/{path}"), 404)
    assert_unharmed(client, picture)


@pytest.mark.parametrize(("model", "kind"), [("torn", "unreadable-weights"), ("undissected", "unreadable-dissection")])
def test_damaged_files_of_a_model_are_told_and_stop_no_other(
    client: httpx.Client, picture: dict[str, Any], model: str, kind: str
) -> None:
    assert [m["name"] for m in client.get("/models").json()["models"]] == ["village"]
    for answer in (
        client.post("/render", json={"model": model, "seed": 1}),
        client.post("/pictures", json={"model": model, "seed": 1}),
        client.get(f"/models/{model}/concepts"),
        client.get(f"/models/{model}/images/1"),
    ):
        assert problem(answer, 500)["type"].endswith(kind)
    assert_unharmed(client, picture)


def send(server: str, *parts: bytes, pause: float = 0) -> bytes:
    """What a server answers to these bytes, until it has answered once or closed."""
    host, port = server.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return b"%d " % answer.status + answer.read()


def head(server: str, path: str, *lines: str) -> bytes:
    fixed = [f"POST {API}{path} HTTP/1.1", f"Host: {server}", "Content-Type: application/json"]
    return "\r\n".join([*fixed, *lines, "", ""]).encode()


def test_a_body_over_the_limit_in_chunks_without_a_length(
    server: str, client: httpx.Client, picture: dict[str, Any]
) -> None:
    piece = b"%x\r\n" % 2**20 + b" " * 2**20 + b"\r\n"
    start = head(server, f"/pictures/{picture['id']}/draw", "Transfer-Encoding: chunked")
    answer = send(server, start, *[piece] * 9, b"0\r\n\r\n")
    assert answer.startswith(b"413 ")
    assert json.loads(answer[4:])["type"] == "urn:unitbrush:problem:body-too-large"
    assert_unharmed(client, picture)


def test_a_length_over_the_limit_is_refused_before_the_body_comes(
    server: str, client: httpx.Client, picture: dict[str, Any]
) -> None:
    start = head(server, f"/pictures/{picture['id']}/draw", f"Content-Length: {2**40}", "Expect: 100-continue")
    assert send(server, start).startswith(b"413 ")
    assert_unharmed(client, picture)


def test_bodies_that_never_end_are_given_up_with_their_client(
    server: str, client: httpx.Client, picture: dict[str, Any]
) -> None:
    host, port = server.split(":")
    for start in (
        head(server, f"/pictures/{picture['id']}/draw", "Content-Length: 100"),
        head(server, f"/pictures/{picture['id']}/draw", "Transfer-Encoding: chunked") + b"5\r\n",
        b"POST /api/v1/ren",
        b"nonsense\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(start + b'{"co')
    assert_unharmed(client, picture)


NAMES = {
    "300 letters": "a" * 300,
    "5000 letters": "a" * 5000,
    "dots": "%2e%2e",
    "a slash": "a%2f..%2fb",
    "a backslash": "..%5cvillage",
    "zero": "%00",
    "a lone surrogate": "%ED%A0%80",
    "no utf-8": "%ff%fe",
    "a line break": "a%0d%0aSet-Cookie:%20b=c",
    "a template": "%7B%7B7*7%7D%7D",
    "a script": "%3Cscript%3E",
    "a superscript": "%C2%B2",
    "a long number": "9" * 5000,
    "a negative number": "-1",
    "infinity": "1e999",
    "nothing": "%20",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_names_in_addresses(server: str, client: httpx.Client, picture: dict[str, Any], name: str) -> None:
    root = f"http://{server}"
    kept = f"{root}{API}/pictures/{picture['id']}"
    for path in (
        f"{root}/{name}",
        f"{root}/js/{name}",
        f"{root}/dissect/{name}",
        f"{root}/dissect/{name}/",
        f"{root}/dissect/village/{name}",
        f"{root}{API}/{name}",
        f"{root}{API}/models/{name}/concepts",
        f"{root}{API}/models/{name}/directions",
        f"{root}{API}/models/{name}/context",
        f"{root}{API}/models/{name}/images/1",
        f"{root}{API}/models/{name}/layers/layer4/units",
        f"{root}{API}/models/village/layers/{name}/units",
        f"{root}{API}/models/{name}/layers/layer4/units/1",
        f"{root}{API}/models/village/images/{name}",
        f"{root}{API}/models/village/layers/layer4/units/{name}",
        f"{root}{API}/models/village/images/1?size={name}",
        f"{root}{API}/models/village/images/1?format={name}",
        f"{root}{API}/models/village/layers/layer4/units?offset={name}x",
        f"{root}{API}/models/village/layers/layer4/units?limit={name}",
        f"{root}{API}/models/village/layers/layer4/units?min_iou={name}",
        f"{root}{API}/pictures/{name}",
        f"{root}{API}/pictures/{name}/image",
    ):
        problem(client.get(httpx.URL(path)), 404, 422)
    for method, path in (
        ("POST", f"{root}{API}/pictures/{name}/undo"),
        ("DELETE", f"{root}{API}/pictures/{name}"),
        ("DELETE", f"{kept}/edits/{name}"),
    ):
        problem(client.request(method, httpx.URL(path)), 404, 405, 422)
    assert_unharmed(client, picture)


def test_numbers_beyond_every_integer(client: httpx.Client, picture: dict[str, Any]) -> None:
    for number in (2**31, 2**63, 2**64, 10**400):
        problem(client.delete(f"/pictures/{picture['id']}/edits/{number}"), 404)
        problem(client.get(f"/models/village/layers/layer4/units/{number}"), 404)
        problem(client.get(f"/models/village/images/{number}"), 422, 404) if number >= 2**32 else None
        problem(client.get("/models/village/images/1", params={"size": number}), 422)
        problem(client.post("/render", content=b'{"seed": %d}' % (number << 2)), 422, 400)
    for number in ("nan", "inf", "-inf", "1e999", "0x1"):
        problem(client.get("/models/village/layers/layer4/units", params={"offset": number}), 422)
        problem(client.get("/models/village/layers/layer4/units", params={"min_iou": number}), 422, 404)
    assert_unharmed(client, picture)


@pytest.mark.parametrize("text", ["\\ud800", "\\udfff\\ud800", "a\\u0000b"])
def test_texts_that_are_no_unicode(client: httpx.Client, picture: dict[str, Any], text: str) -> None:
    bodies = {
        "/qr": '{"text": "%s"}',
        "/render": '{"seed": 1, "model": "%s"}',
        "/pictures": '{"seed": 1, "directions": {"%s": 1}}',
        "/inspect": '{"picture": {"seed": 1}, "layer": "%s", "point": [0, 0]}',
        "/receptivity": '{"picture": {"seed": 1}, "concept": "%s"}',
    }
    for path, body in bodies.items():
        answer = client.post(path, content=(body % text).encode(), headers={"Content-Type": "application/json"})
        assert answer.status_code < 500
        if answer.status_code >= 400:
            problem(answer, 400, 404, 422)
    assert_unharmed(client, picture)


def test_sockets_where_there_are_none(server: str) -> None:
    for path in ("/nothing", "/", f"{API}/pictures", "/dissect/village/", "/dissect/" + "a" * 300):
        handshake = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
        lines = [f"GET {path} HTTP/1.1", f"Host: {server}", *handshake, f"Sec-WebSocket-Key: {'A' * 22}=="]
        assert send(server, "\r\n".join([*lines, "", ""]).encode())[:4] in (b"403 ", b"404 "), path
