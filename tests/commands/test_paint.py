from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from server.cli import main
from server.painting.imaging import read_document
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import write_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_model(folder)
    return folder


@pytest.fixture(autouse=True)
def _model_from_the_environment(model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(model / "models"))
    monkeypatch.setenv("UNITBRUSH_RESULTS_DIR", str(model / "dissect_results"))
    monkeypatch.chdir(tmp_path)


def document_in(path: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(read_document(Path(path).read_bytes()))
    return document


def test_flags_become_a_document_in_the_png() -> None:
    mask = Image.fromarray(np.full((4, 4), 255, np.uint8))
    mask.save("mask.png")
    flags = [
        "--seed",
        "7",
        "--draw",
        "tree",
        "--rect",
        "0.1,0.2,0.6,0.9",
        "--units",
        "3",
        "--strength",
        "0.5",
        "--layer",
        "layer6",
    ]
    flags += [
        "--remove",
        "door",
        "--draw",
        "sky",
        "--stroke",
        "0.2,0.7,0.3,0.72",
        "--stroke",
        "0.5,0.5",
        "--radius",
        "0.1",
    ]
    flags += ["--remove", "sky", "--mask", "mask.png"]
    assert main(["paint", *flags, "-o", "out.png"]) == 0
    document = document_in("out.png")
    assert (document["model"], document["seed"]) == ("village", 7)
    first, second, third, fourth = document["edits"]
    assert first == {
        "op": "draw",
        "concept": "tree",
        "mask": {"rect": [0.1, 0.2, 0.6, 0.9]},
        "units": 3,
        "strength": 0.5,
        "layer": "layer6",
    }
    assert second == {"op": "remove", "concept": "door", "mask": None, "strength": 1.0}
    strokes = [{"points": [[0.2, 0.7], [0.3, 0.72]], "radius": 0.1}, {"points": [[0.5, 0.5]], "radius": 0.1}]
    assert third["mask"] == {"strokes": strokes}
    assert fourth["mask"].keys() == {"png"}


async def test_the_file_is_what_the_server_renders(model: Path, tmp_path: Path) -> None:
    document = {"seed": 3, "edits": [{"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 0.5, 1]}}]}
    Path("picture.json").write_text(json.dumps(document))
    for name, form in (("a.png", "png"), ("a.jpg", "jpeg"), ("a.webp", "webp")):
        assert main(["paint", "picture.json", "-o", name]) == 0
        async with asgi_client(settings_in(model, data_dir=tmp_path / "data")) as client:
            answer = await client.post(f"/api/v1/render?format={form}", json=document)
        assert Path(name).read_bytes() == answer.content


def test_directions_and_clean_go_over_those_of_the_document() -> None:
    Path("picture.json").write_text(json.dumps({"seed": 7, "directions": {"season": 1, "night": 1}}))
    flags = ["--direction", "season=-0.5", "--direction", "night=0", "--clean"]
    assert main(["paint", "picture.json", *flags]) == 0
    document = document_in("picture.png")
    assert (document["directions"], document["clean"]) == ({"season": -0.5}, True)


def test_a_painted_png_can_be_painted_on() -> None:
    assert main(["paint", "--seed", "3", "--draw", "tree", "-o", "first.png"]) == 0
    assert main(["paint", "first.png", "--remove", "door", "-o", "second.png"]) == 0
    assert [e["concept"] for e in document_in("second.png")["edits"]] == ["tree", "door"]
    assert main(["paint", "second.png", "--seed", "4", "-o", "third.png"]) == 0
    assert document_in("third.png")["seed"] == 4


def test_documents_come_from_stdin_and_images_go_to_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream:
        def __init__(self, data: bytes = b"") -> None:
            self.buffer = io.BytesIO(data)

    out = Stream()
    monkeypatch.setattr(sys, "stdin", Stream(b'{"seed": 3}'))
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["paint", "-", "-o", "-"]) == 0
    assert json.loads(read_document(out.buffer.getvalue()))["seed"] == 3


def test_the_size_can_be_chosen() -> None:
    assert main(["paint", "--size", "64", "-o", "large.png"]) == 0
    assert Image.open("large.png").size == (64, 64)


@pytest.mark.parametrize("arguments", [["/dev/zero"], ["--draw", "tree", "--mask", "/dev/zero"]])
def test_a_file_without_end_is_not_read(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paint", *arguments]) == 2
    assert "has more than" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--draw", "dragon"],
        ["--model", "castle"],
        ["--seed", "-1"],
        ["--draw", "tree", "--rect", "0,0,1"],
        ["--draw", "tree", "--rect", "0.5,0,0.5,1"],
        ["--draw", "tree", "--rect", "a,b,c,d"],
        ["--draw", "tree", "--stroke", "0.1,0.2,0.3"],
        ["--draw", "tree", "--rect", "0,0,1,1", "--stroke", "0.1,0.2"],
        ["--draw", "tree", "--mask", "nowhere.png"],
        ["--draw", "tree", "--units", "1000"],
        ["--draw", "tree", "--strength", "2"],
        ["--direction", "spring=1"],
        ["--direction", "season"],
        ["--direction", "season=much"],
        ["--direction", "season=nan"],
        ["--direction", "season=9"],
        ["directions.json", "--direction", "season=1"],
        ["--size", "1"],
        ["--size", "100000"],
        ["broken.json"],
        ["list.json"],
        ["plain.png"],
        ["edits.json", "--draw", "tree"],
        ["-o", "nowhere/out.png"],
    ],
)
def test_bad_input_writes_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.json").write_text("{")
    Path("list.json").write_text("[]")
    Path("directions.json").write_text('{"seed": 1, "directions": 7}')
    Path("edits.json").write_text('{"seed": 1, "edits": 7}')
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save("plain.png")
    before = sorted(Path().iterdir())
    given = arguments if "-o" in arguments else [*arguments, "-o", "out.png"]
    assert main(["paint", *given]) == 2
    err = capsys.readouterr().err
    assert err.startswith("unitbrush: ")
    assert err.count("\n") == 1
    assert sorted(Path().iterdir()) == before


def test_an_existing_file_survives_a_failure() -> None:
    Path("out.png").write_bytes(b"precious")
    assert main(["paint", "--draw", "dragon", "-o", "out.png"]) == 2
    assert Path("out.png").read_bytes() == b"precious"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_an_output_that_takes_nothing_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = io.TextIOWrapper(io.BufferedWriter(io.FileIO("/dev/full", "w")))
    for out in (full, None):
        monkeypatch.setattr(sys, "stdout", out)
        assert main(["paint", "-o", "-"]) == 2
        err = capsys.readouterr().err
        assert err.startswith("unitbrush: cannot write to stdout: ")
        assert err.count("\n") == 1
    with pytest.raises(OSError, match="space"):
        full.close()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_a_document_is_read_in_the_encodings_that_editors_write(encoding: str) -> None:
    Path("picture.json").write_text(json.dumps({"seed": 5}), encoding)
    assert main(["paint", "picture.json"]) == 0
    assert document_in("picture.png")["seed"] == 5


@pytest.mark.parametrize(("form", "kind"), [("JPEG", "a JPEG"), ("GIF", "a GIF"), ("WEBP", "a WebP"), ("BMP", "a BMP")])
def test_a_file_that_is_refused_is_called_what_it_is(form: str, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (4, 4)).save("file", form)
    for arguments in (["file"], ["--draw", "tree", "--mask", "file"]):
        assert main(["paint", *arguments]) == 2
        assert f"is {kind};" in capsys.readouterr().err


def test_a_picture_with_foreign_text_and_a_large_profile_can_be_painted_on() -> None:
    assert main(["paint", "--seed", "3", "-o", "first.png"]) == 0
    info = PngInfo()
    info.add_text("Comment", "x" * 2**23, zip=True)
    info.add_itxt("unitbrush", read_document(Path("first.png").read_bytes()))
    Image.open("first.png").save("second.png", pnginfo=info, icc_profile=bytes(2**22))
    assert main(["paint", "second.png", "-o", "third.png"]) == 0
    assert document_in("third.png")["seed"] == 3
