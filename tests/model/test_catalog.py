"""The catalog finds models, loads them when asked, and lets a damaged one stop nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from server.errors import DissectionError, UnknownModel, WeightError
from server.model.catalog import Catalog
from tests.helpers.tiny import write_artifacts, write_directions


@pytest.fixture
def folder(installed: Path, tmp_path: Path) -> Path:
    """A copy of the installed models that a test may damage."""
    shutil.copytree(installed, tmp_path / "copy")
    return tmp_path / "copy"


def open_catalog(folder: Path) -> Catalog:
    return Catalog(folder / "models", folder / "dissect_results")


def add(folder: Path, name: str) -> None:
    for kind in ("models", "dissect_results"):
        shutil.copytree(folder / kind / "village", folder / kind / name)


def card(folder: Path, **changed: object) -> None:
    weights = folder / "models" / "village" / "generator.safetensors"
    document = {
        "schema": 1,
        "title": "A village",
        "license": "CC0-1.0",
        "generator": "generator.safetensors",
        "sha256": {"generator.safetensors": hashlib.sha256(weights.read_bytes()).hexdigest()},
        **changed,
    }
    (folder / "models" / "village" / "model.json").write_text(json.dumps(document))


def test_the_card_tells_what_the_model_is_and_the_generator_its_family_where_the_card_does_not(folder: Path) -> None:
    assert open_catalog(folder).get().family == "Progressive GAN"
    card(folder, family="A DCGAN", source=" from\n here ", citation="We, 2026")
    model = open_catalog(folder).get()
    assert (model.family, model.source, model.citation) == ("A DCGAN", "from here", "We, 2026")


@pytest.mark.parametrize(
    "value", [5, True, None, [], {}, "", " \n ", "x" * 501, "a\0b", "\x1b[31m", "\ud800", "\u202eb"]
)
def test_what_of_that_is_no_line_is_passed_over(folder: Path, value: object) -> None:
    card(folder, family=value, source=value, citation=value)
    known = open_catalog(folder).card("village")
    assert (known.family, known.source, known.citation) == (None, None, None)
    model = open_catalog(folder).get()
    assert (model.family, model.source, model.citation) == ("Progressive GAN", None, None)


def test_a_model_is_loaded_once(folder: Path) -> None:
    catalog = open_catalog(folder)
    model = catalog.get("village")
    assert catalog.get() is model
    assert model.default
    assert model.title == "Village"
    assert model.generator.resolution == 32
    assert model.dissection.concepts == ("tree", "door", "sky")


def test_the_card_names_the_model(folder: Path) -> None:
    card(folder)
    model = open_catalog(folder).get()
    assert (model.title, model.license) == ("A village", "CC0-1.0")


def test_the_default_comes_first(folder: Path) -> None:
    add(folder, "abbey")
    add(folder, "zoo")
    assert open_catalog(folder).names() == ("village", "abbey", "zoo")
    other = Catalog(folder / "models", folder / "dissect_results", default="zoo")
    assert other.names() == ("zoo", "abbey", "village")
    assert other.get().name == "zoo"


def test_folders_without_a_generator_are_no_models(folder: Path) -> None:
    (folder / "models" / "church").mkdir()
    (folder / "models" / "church" / "proggan_churchoutdoor-7e701dd5.pth.part").write_bytes(b"half")
    (folder / "models" / "README.md").write_text("not a folder")
    assert open_catalog(folder).names() == ("village",)
    assert Catalog(folder / "nowhere", folder).names() == ()


def test_a_model_that_appears_later_is_found(folder: Path) -> None:
    catalog = open_catalog(folder)
    with pytest.raises(UnknownModel):
        catalog.get("abbey")
    add(folder, "abbey")
    assert catalog.get("abbey").name == "abbey"


@pytest.mark.parametrize("name", ["atlantis", "", "..", "../models/village", "village/", "."])
def test_an_unknown_model_names_the_installed_ones(folder: Path, name: str) -> None:
    with pytest.raises(UnknownModel, match="village") as error:
        open_catalog(folder).get(name)
    assert error.value.status == 404


def test_a_damaged_model_does_not_stop_the_others(folder: Path) -> None:
    for name in ("cut", "foreign", "bare", "carded"):
        add(folder, name)
    weights = folder / "models" / "cut" / "generator.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    dissection = folder / "dissect_results" / "foreign" / "dissection.json"
    dissection.write_text(dissection.read_text().replace('"unit":7', '"unit":700'))
    shutil.rmtree(folder / "dissect_results" / "bare")
    (folder / "models" / "carded" / "model.json").write_text("{")
    catalog = open_catalog(folder)
    assert [m.name for m in catalog.usable()] == ["village", "bare"]
    assert catalog.get("bare").dissection.concepts == (), "not dissected yet: painted by its units"
    assert catalog.get("bare").edit_layer == "layer5"
    reasons = {
        "cut": (WeightError, r"^cut/generator\.safetensors: damaged"),
        "carded": (WeightError, r"^carded/model\.json: damaged"),
        "foreign": (DissectionError, "another generator"),
    }
    assert set(catalog.names()) == {"village", "bare", *reasons}
    for name, (kind, reason) in reasons.items():
        with pytest.raises(kind, match=reason) as error:
            catalog.get(name)
        assert "\n" not in str(error.value)


def test_a_damaged_segmenter_does_not_stop_the_painting(folder: Path) -> None:
    path = folder / "models" / "village" / "segmenter.safetensors"
    segmenter = open_catalog(folder).get().segmenter
    assert segmenter is not None
    assert segmenter.concepts == ("sky", "tree", "door")
    path.write_bytes(path.read_bytes()[:300])
    assert open_catalog(folder).get().segmenter is None
    path.unlink()
    assert open_catalog(folder).get().segmenter is None


def test_weights_that_are_not_the_cards_are_refused(folder: Path) -> None:
    card(folder, sha256={"generator.safetensors": "0" * 64})
    with pytest.raises(WeightError, match="SHA-256"):
        open_catalog(folder).get()


@pytest.mark.parametrize("named", ["../../village/generator.safetensors", "/etc/passwd", "", 5, "missing.safetensors"])
def test_a_card_names_no_file_outside_its_folder(folder: Path, named: object) -> None:
    card(folder, generator=named)
    assert open_catalog(folder).get().generator.resolution == 32


def test_directions_and_artifact_units_come_with_the_model(folder: Path) -> None:
    model = open_catalog(folder).get()
    assert model.directions.names == ("season", "night")
    assert model.artifacts == (("layer4", (3, 1)),)
    for name in ("directions.json", "artifacts.json"):
        (folder / "dissect_results" / "village" / name).unlink()
    model = open_catalog(folder).get()
    assert (model.directions.names, model.artifacts) == ((), ())


def test_damaged_directions_and_artifact_units_stop_nothing(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    results = folder / "dissect_results" / "village"
    for name in ("directions.json", "artifacts.json"):
        (results / name).write_text("{")
    model = open_catalog(folder).get()
    assert (model.directions.names, model.artifacts) == ((), ())
    assert [m.split()[0] for m in caplog.messages] == [
        str(results / "directions.json"),
        str(results / "artifacts.json"),
    ]


def test_those_of_another_generator_are_left_out(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    results = folder / "dissect_results" / "village"
    card(folder)
    write_directions(results, 8, generator="0" * 64)
    write_artifacts(results, "layer4", 12)
    model = open_catalog(folder).get()
    assert (model.directions.names, model.artifacts) == ((), ())
    assert [("another generator" in m) for m in caplog.messages] == [True, True]
    write_directions(results, 9)
    assert open_catalog(folder).get().directions.names == ()
    weights = folder / "models" / "village" / "generator.safetensors"
    write_directions(results, 8, generator=hashlib.sha256(weights.read_bytes()).hexdigest())
    assert open_catalog(folder).get().directions.names == ("season", "night")
