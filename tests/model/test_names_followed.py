"""`names.json` edited while its model is in use."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from server.model import catalog as catalogs
from server.model.catalog import Catalog
from server.painting.painter import Painter
from server.painting.parsing import parse_picture
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import write_context, write_model, write_units


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model(tmp_path)
    write_units(results_in(tmp_path))
    write_context(results_in(tmp_path))
    return tmp_path


def results_in(folder: Path) -> Path:
    return folder / "dissect_results" / "village"


def catalog_in(folder: Path) -> Catalog:
    return Catalog(folder / "models", folder / "dissect_results")


def call(folder: Path, names: object) -> None:
    (results_in(folder) / "names.json").write_text(names if isinstance(names, str) else json.dumps(names))


def concepts(catalog: Catalog) -> tuple[str, ...]:
    model = catalog.get("village")
    assert model.segmenter is not None
    assert set(model.segmenter.concepts) == set(model.dissection.concepts)
    return model.dissection.concepts


def test_a_picture_painted_before_a_concept_was_named_is_the_same_afterwards(folder: Path) -> None:
    painter = Painter(catalog_in(folder))
    edits = [
        {"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 0.5, 1]}},
        {"op": "remove", "concept": "door", "mask": {"concept": "sky"}},
    ]
    old = parse_picture({"model": "village", "seed": 3, "edits": edits})
    before = painter.render(old)
    call(folder, {"tree": "oak", "sky": "air"})
    assert (painter.render(old) == before).all()
    edits[0]["concept"] = "oak"
    edits[1]["mask"] = {"concept": "air"}
    assert (painter.render(parse_picture({"model": "village", "seed": 3, "edits": edits})) == before).all()
    # A concept that has the name is meant, not one that had it.
    call(folder, {"tree": "door", "door": "tree"})
    edits[0]["concept"], edits[1] = "door", {**edits[1], "concept": "tree", "mask": {"concept": "sky"}}
    assert (painter.render(parse_picture({"model": "village", "seed": 3, "edits": edits})) == before).all()


def test_names_count_as_soon_as_they_are_written(folder: Path) -> None:
    catalog = catalog_in(folder)
    assert concepts(catalog) == ("tree", "door", "sky")
    first = catalog.get("village")
    call(folder, {"tree": "oak"})
    assert concepts(catalog) == ("oak", "door", "sky")
    call(folder, {"tree": "oak tree", "sky": "air"})
    assert concepts(catalog) == ("oak tree", "door", "air")
    assert catalog.get("village").generator is first.generator
    assert not catalog.is_current(first)
    assert catalog.is_current(catalog.get("village"))
    (results_in(folder) / "names.json").unlink()
    assert concepts(catalog) == ("tree", "door", "sky")


def test_the_file_is_read_only_when_it_has_changed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []
    own = catalogs.load_names
    monkeypatch.setattr(catalogs, "load_names", lambda path: (reads.append(path), own(path))[1])
    call(folder, {"tree": "oak"})
    catalog = catalog_in(folder)
    assert len({id(catalog.get("village")) for _ in range(5)}) == 1
    assert len(reads) == 1
    call(folder, {"tree": "a beech"})
    assert len({id(catalog.get("village")) for _ in range(5)}) == 1
    assert len(reads) == 2


@pytest.mark.parametrize("damaged", ["{", {"tree": "a", "door": "a"}, {"tree": "door"}, {"tree": 3}])
def test_damaged_names_are_one_line_in_the_log_and_the_old_ones_stay(
    folder: Path, damaged: object, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = catalog_in(folder)
    call(folder, damaged)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert concepts(catalog) == ("tree", "door", "sky"), "the stored ones at the start"
    (record,) = caplog.records
    assert "names.json" in record.message
    assert "\n" not in record.message
    call(folder, {"tree": "oak"})
    assert concepts(catalog) == ("oak", "door", "sky")
    call(folder, damaged)
    assert concepts(catalog) == ("oak", "door", "sky"), "and the last good ones later"


def test_a_region_is_found_by_what_its_name_means_now(folder: Path) -> None:
    painter = Painter(catalog_in(folder))

    def drawn(brush: str, where: str) -> bytes:
        edit = {"op": "draw", "concept": brush, "layer": "layer4", "mask": {"concept": where}}
        document = {"version": 1, "model": "village", "seed": 3, "edits": [edit]}
        return painter.render(parse_picture(document)).tobytes()

    before = {where: drawn("sky", where) for where in ("tree", "door")}
    assert before["tree"] != before["door"]
    call(folder, {"tree": "door", "door": "tree"})
    assert {where: drawn("sky", where) for where in ("door", "tree")} == {
        "door": before["tree"],
        "tree": before["door"],
    }


async def test_a_running_server_goes_by_the_new_names_everywhere(folder: Path) -> None:
    async with asgi_client(settings_in(folder)) as client:

        async def named() -> list[set[str]]:
            base = "/api/v1/models"
            (model,) = (await client.get(base)).json()["models"]
            brushes = (await client.get(f"{base}/village/concepts")).json()["concepts"]
            seen = (await client.post("/api/v1/segment", json={"model": "village", "seed": 1})).json()["concepts"]
            context = (await client.get(f"{base}/village/context")).json()["concepts"]
            units = (await client.get(f"{base}/village/layers/layer4/units")).json()["units"]
            rankings = await client.get("/api/rankings", params={"project": "village", "layer": "layer4"})
            return [
                set(model["concepts"]),
                {brush["name"] for brush in brushes},
                set(seen),
                set(context),
                {match["concept"] for unit in units for match in unit["matches"]},
                {ranking["name"].removesuffix("-iou") for ranking in rankings.json()["res"]},
            ]

        async def version() -> str:
            return str((await client.get("/api/v1/models")).json()["models"][0]["version"])

        async def drawing(concept: str) -> int:
            edit = {"op": "draw", "concept": concept, "mask": {"rect": [0.2, 0.2, 0.6, 0.6]}}
            answer = await client.post("/api/v1/render", json={"model": "village", "seed": 1, "edits": [edit]})
            return answer.status_code

        matched = [{"tree", "door"}] * 2
        assert await named() == [{"tree", "door", "sky"}] * 3 + matched + [{"tree", "door", "sky"}]
        before = await version()
        call(folder, {"tree": "oak"})
        renamed = [{"oak", "door", "sky"}] * 3 + [{"oak", "door"}] * 2 + [{"oak", "door", "sky"}]
        assert await named() == renamed
        assert await version() != before, "what a document draws may be another thing now"
        assert (await drawing("oak"), await drawing("tree"), await drawing("elm")) == (200, 200, 422)
        call(folder, "{")
        assert await named() == renamed
