from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from server.cli import main
from server.lab.directions import predictor, run
from server.painting.imaging import read_document
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import write_model


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny model without directions, its folders in the environment."""
    write_model(tmp_path)
    (tmp_path / "dissect_results" / "village" / "directions.json").unlink()
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("UNITBRUSH_RESULTS_DIR", str(tmp_path / "dissect_results"))
    return tmp_path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options of a run of seconds."""
    for module in (predictor, run):
        monkeypatch.setattr(module, "HELD_OUT", 20)
    monkeypatch.setattr(predictor, "WIDTHS", (4, 4, 8, 8))
    return ["--scenes", "120", "--samples", "60", "--measured", "3"]


async def test_what_it_finds_is_served_and_painted(
    model: Path, quick: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["directions", "village", *quick]) == 0
    results = model / "dissect_results" / "village"
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()[1:]] == list(run.NAMES)
    assert Image.open(results / "directions.jpg").format == "JPEG"
    assert not (results / ".directions").exists()
    async with asgi_client(settings_in(model)) as client:
        found = (await client.get("/api/v1/models/village/directions")).json()["directions"]
        assert [d["name"] for d in found] == list(run.NAMES)
        plain, moved = [
            (await client.post("/api/v1/render", json={"seed": 5, **more})).content
            for more in ({}, {"directions": {"season": 2.5}})
        ]
    assert plain != moved
    out = model / "picture.png"
    assert main(["paint", "--seed", "5", "--direction", "season=2.5", "-o", str(out)]) == 0
    assert json.loads(read_document(out.read_bytes()))["directions"] == {"season": 2.5}
    assert Image.open(io.BytesIO(moved)).tobytes() == Image.open(out).tobytes()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["castle"],
        ["village", "--samples", "0"],
        ["village", "--samples", "23"],
        ["village", "--samples", "many"],
        ["village", "--scenes", "5"],
        ["village", "--measured", "0"],
        ["village", "--segmenter", "nowhere.safetensors"],
        ["village", "--out", "{folder}/file/below"],
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    model: Path, quick: list[str], arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "file").write_text("taken")
    before = sorted(model.rglob("*"))
    given = [a.format(folder=model) for a in arguments]
    options = [o for pair in zip(quick[::2], quick[1::2], strict=True) if pair[0] not in given for o in pair]
    assert main(["directions", *given, *(options if given else [])]) == 2
    told = [
        line for line in capsys.readouterr().err.replace("\r", "\n").splitlines() if "%|" not in line and line.strip()
    ]
    assert len(told) == 1
    assert told[0].startswith("unitbrush: ")
    assert sorted(model.rglob("*")) == before
