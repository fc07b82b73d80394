from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from server.cli import main
from server.lab.bench.compared import MISSING
from server.lab.bench.drags import drag_lines, read_drag
from tests.helpers.tiny import write_model

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    write_model(tmp_path)
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("UNITBRUSH_RESULTS_DIR", str(tmp_path / "dissect_results"))
    usual = torch.get_num_threads()
    yield
    torch.set_num_threads(usual)


def test_everything_is_measured_in_one_run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")  # which says how many threads to take
    assert main(["bench", "--seconds", "0.01", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    names = [t["name"] for t in document["timings"]]
    for part in (
        "plain full pass",
        "full pass",
        "trunk",
        "tail from layer4",
        "edit, float32",
        "edit, draft",
        "frame, 1x1 cells",
        "frame, 2x2, corner",
        "frame, 2x2 cells, jpeg",
        "encode png",
        "HTTP",
        "live",
    ):
        assert any(name.startswith(part) for name in names), part
    assert document["timings"][0]["of_plain_pass"] == 1.0
    assert set(document["thread_choice"]["alone"]) == set(document["thread_choice"]["beside"]) >= {"1"}
    assert document["drafts"] == "float32" or document["bfloat16"]["time"] > 0
    assert document["drafts"] in ("float32", "bfloat16")
    assert all(t["median_ms"] > 0 and t["runs"] >= 5 for t in document["timings"])
    assert document["model"] == {"name": "village", "resolution": 32, "size": [32, 32]}
    assert document["server_peak_bytes"] > 2**20
    assert [crowd["painters"] for crowd in document["painters"]] == [1, 4]
    assert all(crowd["edits_per_second"] > 0 and crowd["floor_ms"] > 0 for crowd in document["painters"])


def test_the_table_has_a_line_for_each_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--seconds", "0.01", "--no-server"]) == 0
    out = capsys.readouterr().out
    assert "full pass" in out
    assert "of plain pass" in out
    assert "HTTP" not in out


def test_a_missing_opencv_is_one_line_of_the_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert main(["bench", "--seconds", "0.001", "--no-server", "--threads", "1"]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if "OpenCV" in line] == [MISSING]


def test_threads_and_precision_that_are_given_are_not_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--threads", "1", "--precision", "float32", "--seconds", "0.001", "--no-server", "--json"]
    assert main(["bench", *arguments]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["drafts"], document["bfloat16"]) == ("float32", None)
    assert document["machine"]["threads"] == 1
    assert document["thread_choice"]["alone"] is None


def test_a_run_is_plotted_and_compared_with_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["bench", "--seconds", "0.001", "--no-server", "--threads", "1"]
    assert main([*arguments, "--json"]) == 0
    old, image = tmp_path / "old.json", tmp_path / "bench.svg"
    old.write_text(capsys.readouterr().out)
    assert main([*arguments, "--against", str(old), "--plot", str(image)]) == 0
    assert "measured in both runs" in capsys.readouterr().out
    assert "plain full pass" in image.read_text()


@pytest.fixture
def late_brushes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that has its picture well before its brushes, as on a busy machine."""
    page = tmp_path / "frontend"
    shutil.copytree(ROOT / "frontend", page)
    loader = page / "js" / "server" / "model-loader.js"
    asked = "const [ownConcepts, ownDirections] ="
    text = loader.read_text()
    assert asked in text
    loader.write_text(text.replace(asked, f"await new Promise((later) => setTimeout(later, 3000));\n{asked}"))
    monkeypatch.setenv("UNITBRUSH_FRONTEND_DIR", str(page))


@pytest.mark.usefixtures("late_brushes")
def test_drags_in_a_browser_are_measured_by_turns_with_another_checkout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "bench",
        "--browser",
        "--seconds",
        "1",
        "--against",
        str(ROOT),
        "--turns",
        "1",
        "--busy",
        "1",
        "--json",
    ]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    document = json.loads(out)
    drag, before = document["drag"], document["before"]
    assert document["model"] == {"name": "village", "resolution": 32, "size": [32, 32]}
    assert document["browser"].startswith("Chromium ")
    assert document["first_picture_ms"] > 0
    for one in (drag, before["drag"]):
        assert (one["turns"], one["seconds"] >= 1, one["events"] >= 2) == (1, True, True)
        assert 0 < one["median_ms"] <= one["slow_ms"]
        assert one["frames_per_second"] > 0
        costs = one["costs_ms"]
        assert 0 < costs["page: scripts"] < costs["page: tasks"]
        assert {"process: browser", "process: renderer"} <= set(costs)
    assert before["shares"]["median_ms"] == pytest.approx(drag["median_ms"] / before["drag"]["median_ms"], 0.05)
    lines = drag_lines(document)
    for figure in ("median_ms", "slow_ms", "frames_per_second"):
        assert f"{drag[figure]:.1f}" in lines
        assert f"{before['drag'][figure]:.1f}" in lines
    assert "beside 1 " in lines
    (tmp_path / "old.json").write_text(out)
    assert read_drag(tmp_path / "old.json")["drag"] == drag


@pytest.mark.parametrize("missing", ["playwright", "chromium"])
def test_a_missing_browser_is_one_line(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if missing == "playwright":
        monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    else:
        monkeypatch.setenv("PATH", "")
        monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", "/nowhere")
    assert main(["bench", "--browser"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert f"install {missing}" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seconds", "0"],
        ["--seconds", "x"],
        ["--model", "castle"],
        ["--browser", "--no-server"],
        ["--browser", "--plot", "x"],
        ["--browser", "--against", "/nowhere.json"],
        ["--browser", "--against", "/"],
        ["--browser", "--turns", "0"],
        ["--turns", "2"],
        ["--busy", "1"],
        ["--against", "/nowhere.json"],
        ["--precision", "float8"],
        ["--painters", "1,0"],
        ["--painters", "many"],
    ],
)
def test_bad_input_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
