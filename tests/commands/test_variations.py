from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.cli import main
from server.model.catalog import Catalog
from server.painting.imaging import encode, read_document
from server.painting.painter import Painter
from server.painting.parsing import parse_picture
from server.painting.picture import picture_to_json

DOCUMENT = {
    "model": "village",
    "seed": 3,
    "edits": [{"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 0.5, 1]}}],
}


@pytest.fixture(autouse=True)
def _a_document_and_its_model(installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(installed / "models"))
    monkeypatch.setenv("UNITBRUSH_RESULTS_DIR", str(installed / "dissect_results"))
    monkeypatch.chdir(tmp_path)
    Path("picture.json").write_text(json.dumps(DOCUMENT))


def test_every_seed_has_its_file(catalog: Catalog, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["variations", "picture.json", "--seeds", "5,6", "-o", "others"]) == 0
    assert capsys.readouterr().out.split() == [str(Path("others") / f"{seed}.png") for seed in (5, 6)]
    for seed in (5, 6):
        picture = parse_picture({**DOCUMENT, "seed": seed})
        expected = encode(Painter(catalog).render(picture), "png", picture_to_json(picture))
        assert Path("others", f"{seed}.png").read_bytes() == expected


def test_without_seeds_there_are_six_random_ones() -> None:
    assert main(["paint", "picture.json", "-o", "picture.png"]) == 0
    for _ in range(2):
        assert main(["variations", "picture.png"]) == 0
    files = list(Path("variations").iterdir())
    assert len(files) == 12
    document = json.loads(read_document(files[0].read_bytes()))
    assert document["seed"] == int(files[0].stem)
    assert document["edits"][0]["concept"] == "tree"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["picture.json", "--seeds", "1,two"], "write them as 1,2,3"),
        (["picture.json", "--seeds", "4294967296"], "from 0 to 4294967295"),
        (["picture.json", "--seeds", ""], "write them as 1,2,3"),
        (["picture.json", "--size", "4"], "it takes 8 to 4096 pixels"),
        (["picture.json", "-o", "picture.json"], "cannot make the folder picture.json"),
        (["picture.json", "-o", "no/folder"], "cannot make the folder no/folder"),
        (["nothing.json"], "cannot read nothing.json"),
        ([], "document"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["variations", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
