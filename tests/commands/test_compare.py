from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from server.cli import main
from server.files import INPAINTER, SEGMENTER
from server.inpainting import ways
from server.lab.compare import run, scenes
from server.settings import share_dir
from tests.helpers.tiny import write_inpainter, write_model


@pytest.fixture(autouse=True)
def _a_mask_and_the_model(installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(installed / "models"))
    monkeypatch.setenv("UNITBRUSH_RESULTS_DIR", str(installed / "dissect_results"))
    monkeypatch.chdir(tmp_path)
    mask = np.zeros((32, 32), np.uint8)
    mask[12:20, 10:18] = 255
    Image.fromarray(mask).save("mask.png")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way is run once, and not timed."""
    monkeypatch.setattr(run, "measure", lambda *given, **options: SimpleNamespace(median_ms=1.5))


def test_each_way_has_a_line_and_a_picture(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--seed", "3", "--mask", "mask.png", "--concept", "tree"]) == 0
    told = capsys.readouterr()
    assert "without Contextual Attention: " in told.err
    assert "unitbrush inpainter village" in told.err
    lines = told.out.splitlines()
    assert [line.split()[0] for line in lines] == ["way", "brush", "Navier-Stokes", "Telea", "PatchMatch"]
    for line in lines[1:]:
        assert float(line.split()[1]) > 0
        assert line.split()[2:] == 4 * ["-"]  # nobody knows the truth
    page = np.asarray(Image.open("compared.png").convert("RGB"))
    assert page.shape[1] == 6 * 34 - 2
    before, *results = (page[14:46, 34 * i : 34 * i + 32] for i in (0, 2, 3, 4, 5))
    outside = np.ones((32, 32), bool)
    outside[12:20, 10:18] = False
    for result in results[1:]:  # the inpaintings change what the mask covers, and nothing else
        assert np.array_equal(result[outside], before[outside])
        assert (result[~outside] != before[~outside]).any()


def test_a_model_with_an_inpainter_has_another_way(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(tmp_path)
    write_inpainter(tmp_path)
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(tmp_path / "models"))
    assert main(["compare", "--seed", "3", "--mask", "mask.png", "--concept", "tree"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert len({line.rindex("-") for line in told.out.splitlines()[1:]}) == 1  # the columns stand below each other
    last = told.out.splitlines()[-1]
    assert last.startswith("Contextual Attention  ")
    assert last.split()[2:] == ["1.500", *(4 * ["-"])]
    page = np.asarray(Image.open("compared.png").convert("RGB"))
    before, filled = (page[14:46, 34 * i : 34 * i + 32] for i in (0, 6))
    outside = np.ones((32, 32), bool)
    outside[12:20, 10:18] = False
    assert np.array_equal(filled[outside], before[outside])
    assert (filled[~outside] != before[~outside]).any()
    (tmp_path / "models" / "village" / INPAINTER).write_bytes(b"none")
    assert main(["compare", "--seed", "3", "--mask", "mask.png", "--concept", "tree"]) == 2
    assert "no inpainter" in capsys.readouterr().err


def test_many_scenes_are_shown_in_the_models_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def compared(*given: object) -> tuple[list[scenes.Row], Image.Image]:
        return [scenes.Row("Telea", 3.0, 17.1, 0.673, 0.652, float("nan"))], Image.new("RGB", (40, 20))

    monkeypatch.setattr(scenes, "compare_scenes", compared)
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(share_dir() / "models"))
    command = ["compare", "--scenes", "7", "--report", "--results-dir", str(tmp_path)]
    assert main(command) == 2
    assert capsys.readouterr().err.strip().endswith("run `unitbrush dissect village`")
    (tmp_path / "village" / "report").mkdir(parents=True)
    assert main(command) == 0
    script = (tmp_path / "village" / "report" / "removals.js").read_text()
    shown = json.loads(script.removeprefix("var REMOVALS = ").removesuffix(";\n"))
    assert shown["scenes"] == 7
    assert shown["rows"][0]["asks"] == ["any", "yes", "none"]
    assert (shown["rows"][0]["psnr"], shown["rows"][0]["labels"]) == (17.1, None)
    assert Image.open(tmp_path / "village" / "report" / "removals.webp").size == (40, 20)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mask", "mask.png", "--concept", "dragon"], "dragon"),
        (["--mask", "none.png", "--concept", "tree"], "cannot read none.png"),
        (["--thing", "tree0"], "only the village's scenes"),
        (["--thing", "tree0", "--mask", "mask.png"], "not allowed with"),
        (["--thing", "tree0", "-o", "out.txt"], "cannot tell an image format"),
        (["--scenes", "2"], "only the village's scenes"),
        (["--scenes", "0"], "--scenes is 0"),
        (["--mask", "mask.png", "--concept", "tree", "--report"], "--report shows what --scenes measures"),
        (["--scenes", "2", "--concept", "tree"], "takes no document and no --concept"),
        ([], "required"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


@pytest.mark.usefixtures("quick", "shipped")
def test_without_a_concept_the_brush_removes_what_the_mask_fits_best(capsys: pytest.CaptureFixture[str]) -> None:
    box = np.zeros((256, 256), np.uint8)
    box[80:210, 0:60] = 255  # around the tree at the left edge
    Image.fromarray(box).save("box.png")
    assert main(["compare", "--seed", "42", "--mask", "box.png", "-o", "named.png"]) == 0
    assert capsys.readouterr().err.startswith("the brush removes 'tree', ")
    assert main(["compare", "--seed", "42", "--mask", "box.png", "--concept", "tree"]) == 0
    assert "the brush removes" not in capsys.readouterr().err
    assert Path("named.png").read_bytes() == Path("compared.png").read_bytes()


@pytest.mark.usefixtures("quick", "shipped")
def test_where_the_truth_is_known_every_way_is_scored(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--seed", "25", "--thing", "tree0"]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["way", "ms", "PSNR", "SSIM", "distance", "labels"]
    scores = {line[:21].strip(): [float(figure) for figure in line[21:].split()[1:]] for line in lines}
    assert [*scores] == ["brush", "Navier-Stokes", "Telea", "PatchMatch", "Contextual Attention"]
    brush = scores.pop("brush")
    for psnr, ssim, distance, labels in scores.values():  # the tree is gone only where the brush took it away
        assert brush[0] > psnr > 5
        assert brush[1] > ssim
        assert brush[2] < distance
        assert brush[3] > labels


def test_without_a_concept_and_a_segmenter_one_line_asks_for_the_concept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(tmp_path)
    (tmp_path / "models" / "village" / SEGMENTER).unlink()
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("UNITBRUSH_RESULTS_DIR", str(tmp_path / "dissect_results"))
    assert main(["compare", "--mask", "mask.png"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "'village' has no segmenter that would see what the mask covers" in line


def test_an_empty_mask_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("L", (32, 32)).save("empty.png")
    assert main(["compare", "--mask", "empty.png", "--concept", "tree"]) == 2
    assert "the mask covers nothing" in capsys.readouterr().err


def test_without_the_extra_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ways, "find_spec", lambda name: None)
    assert main(["compare", "--mask", "mask.png", "--concept", "tree"]) == 2
    assert capsys.readouterr().err.strip().endswith("pip install 'unitbrush[compare]'")
