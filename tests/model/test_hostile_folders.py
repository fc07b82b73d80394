"""Strangers' folders beside a good model: whatever stands in them, the good one works, and failures are told once."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from server.errors import UnknownModel
from server.model.catalog import Catalog
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture
from server.web.routes.studio import Studio
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import write_model

HUGE = "1" + "0" * 400
SURROGATE = "\ud800"
NESTED = "[" * 100_000
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
WRONG: list[Any] = [5, -1, 1.5, True, None, [], {}, "", "x" * 5000, SURROGATE, "\0", "a\nb", [[]], {"a": {"b": 1}}]

# Damages a model: its folder of weights and that of its results.
Damage = Callable[[Path, Path], object]


def text(name: str, content: str) -> Damage:
    """That text in the place of a file, of the results where the name begins with a slash."""
    return lambda model, results: place(model, results, name).write_text(content, errors="surrogatepass")


def place(model: Path, results: Path, name: str) -> Path:
    return results / name[1:] if name.startswith("/") else model / name


def card(**members: Any) -> Damage:
    return text("model.json", json.dumps({"schema": 1, **members}))


def member(name: str, path: tuple[str | int, ...], value: str) -> Damage:
    """A member of a JSON document, replaced by that JSON."""

    def damage(model: Path, results: Path) -> None:
        file = place(model, results, name)
        document = json.loads(file.read_text())
        at = document
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = "<here>"
        file.write_text(json.dumps(document).replace('"<here>"', value))

    return damage


def segmenter(**meta: str) -> Damage:
    def damage(model: Path, results: Path) -> None:
        path = model / "segmenter.safetensors"
        known = {"concepts": '["sky", "tree", "door"]', "widths": "[6, 6, 6, 6]"}
        save_file(load_file(path), path, metadata={**known, **meta})

    return damage


def segmenter_of(change: Callable[[torch.Tensor], torch.Tensor]) -> Damage:
    """A segmenter of other numbers."""

    def damage(model: Path, results: Path) -> None:
        path = model / "segmenter.safetensors"
        meta = {"concepts": '["sky", "tree", "door"]', "widths": "[6, 6, 6, 6]"}
        save_file({name: change(tensor) for name, tensor in load_file(path).items()}, path, metadata=meta)

    return damage


def instead(name: str, make: Callable[[Path], object]) -> Damage:
    """Something else in the place of a file."""

    def damage(model: Path, results: Path) -> None:
        path = place(model, results, name)
        path.unlink(missing_ok=True)
        make(path)

    return damage


def of_2018(**changed: str) -> Damage:
    """Results of the 2018 tool, with members of its units and rankings replaced by that JSON."""

    def damage(model: Path, results: Path) -> None:
        (results / "dissection.json").unlink()
        known = {"level": "1.0", "score": "-0.5", "concept": '"tree-iou"', "layer": '"layer4"', **changed}
        unit, score = f'{{"unit": 0, "level": {known["level"]}}}', known["score"]
        ranking = f'{{"name": {known["concept"]}, "score": [{", ".join([score] * 12)}]}}'
        layer = f'{{"layer": {known["layer"]}, "units": [{", ".join([unit] * 12)}], "rankings": [{ranking}]}}'
        (results / "dissect.json").write_text(f'{{"layers": [{layer}]}}')

    return damage


def tensors(change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Damage:
    def damage(model: Path, results: Path) -> None:
        save_file(change(load_file(model / "generator.safetensors")), model / "generator.safetensors")

    return damage


def second(model: Path, results: Path) -> None:
    (model / "generator.safetensors").rename(model / "a.safetensors")
    shutil.copy(model / "a.safetensors", model / "b.safetensors")


FILES = ("model.json", "generator.safetensors", "segmenter.safetensors", "/dissection.json", "/directions.json")
FILES = (*FILES, "/artifacts.json")
UNIT: tuple[str | int, ...] = ("brushes", 0, "units", 0)
THINGS: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a loop": lambda path: path.symlink_to(path),
    "a device without end": lambda path: path.symlink_to("/dev/zero"),
    "a link to nothing": lambda path: path.symlink_to("/nowhere/at/all"),
    "nothing": lambda path: None,
    "an empty file": Path.touch,
    "a pointer of Git LFS": lambda path: path.write_text(POINTER),
    "bytes": lambda path: path.write_bytes(bytes(range(256)) * 9),
    "a list": lambda path: path.write_text("[1, 2]"),
    "nested without end": lambda path: path.write_text(NESTED),
    "a file with a hole": lambda path: os.truncate(path, 2**33) if path.touch() is None else None,
}
DAMAGES: dict[str, Damage] = {
    **{f"{name} is {thing}": instead(name, make) for name in FILES for thing, make in THINGS.items()},
    **{
        f"card's {key} is {value!r:.20}": card(**{key: value})
        for key in ("schema", "title", "license", "generator", "sha256", "scenes", "family", "source", "citation")
        for value in WRONG
    },
    "card's title is huge": text("model.json", f'{{"schema": 1, "title": {HUGE}}}'),
    "card's schema is huge": text("model.json", f'{{"schema": {HUGE}}}'),
    "card's scenes are huge": text("model.json", f'{{"schema": 1, "scenes": [{HUGE}, 1e999, NaN, "3"]}}'),
    "card's number has too many digits": text("model.json", f'{{"schema": 1, "scenes": [{"9" * 10_000}]}}'),
    "card's generator has 300 letters": card(generator="x" * 300),
    "card's generator has 300 letters and an end": card(generator="x" * 300 + ".safetensors"),
    "card's hash is no text": card(sha256={"generator.safetensors": 5}),
    "card's hash is wrong": card(sha256={"generator.safetensors": "0" * 64}),
    "card's hash is a surrogate": card(sha256={"generator.safetensors": SURROGATE}),
    "card in UTF-16": lambda model, results: (model / "model.json").write_bytes('{"schema": 1}'.encode("utf-16")),
    **{
        f"level is {value:.9}": member("/dissection.json", (*UNIT, "level"), value)
        for value in (HUGE, f"-{HUGE}", "1e999", "1e39", "-1e300", "NaN", "null", '"1"', "[]", "true", "9" * 5000)
    },
    **{
        f"unit is {value:.9}": member("/dissection.json", (*UNIT, "unit"), value)
        for value in (HUGE, "-1", "1.5", "null", '"0"', "99")
    },
    **{
        f"{key} is {value:.9}": member("/dissection.json", ("brushes", 0, key), value)
        for key in ("concept", "layer", "units", "recommended_units", "best", "draw_effect", "weak", "remove")
        for value in (HUGE, '"\\ud800"', "null", "{}", "[[]]")
    },
    "brushes are null": member("/dissection.json", ("brushes",), "null"),
    "model's name is a surrogate": member("/dissection.json", ("model",), '"\\ud800"'),
    **{
        f"direction's {key} is {value:.9}": member("/directions.json", ("directions", 0, key), value)
        for key in ("name", "range", "effect", "vector")
        for value in (HUGE, '"\\ud800"', "null", f"[{HUGE}]")
    },
    "direction's vector is beyond float32": member("/directions.json", ("directions", 0, "vector", 0), "1e300"),
    "latent_dim is huge": member("/directions.json", ("latent_dim",), HUGE),
    "artifact unit is huge": member("/artifacts.json", ("units", 0, "unit"), HUGE),
    "artifact units are a number": member("/artifacts.json", ("units",), "5"),
    "artifact layer is a surrogate": member("/artifacts.json", ("units", 0, "layer"), '"\\ud800"'),
    **{
        f"segmenter's {key} are {value:.9}": segmenter(**{key: value})
        for key in ("concepts", "widths")
        for value in ("5", "null", "{}", "[]", '["\\ud800", "a", "b"]', f"[{HUGE}, 6, 6, 6]", "[1e999]", NESTED, "")
    },
    "segmenter would fill the memory": segmenter(widths="[60000, 60000, 60000, 60000]"),
    "segmenter's weights are whole numbers": segmenter_of(lambda tensor: tensor.long()),
    "segmenter's weights are complex": segmenter_of(lambda tensor: tensor.to(torch.complex64)),
    "segmenter has the generator's weights": lambda model, results: shutil.copy(
        model / "generator.safetensors", model / "segmenter.safetensors"
    ),
    **{
        f"2018: {key} is {value:.9}": of_2018(**{key: value})
        for key in ("level", "score", "concept", "layer")
        for value in (HUGE, "NaN", "1e999", "null", '"\\ud800-iou"', "[]")
    },
    "2018: no sketch": of_2018(level="null", layer='"layer4"'),
    "weights are not finite": tensors(lambda state: {n: t * float("nan") for n, t in state.items()}),
    "weights are of another kind": tensors(lambda state: {f"x.{n}": t for n, t in state.items()}),
    "weights are numbers": tensors(lambda state: {n: t.long() for n, t in state.items()}),
    "no weights at all": tensors(lambda state: {"layer1.conv.weight": torch.zeros(0)}),
    "two files of weights": second,
    "a read-only folder": lambda model, results: model.chmod(0o000),
    "results are a file": lambda model, results: (shutil.rmtree(results), results.touch()),
    "results are a loop": lambda model, results: (shutil.rmtree(results), results.symlink_to(results)),
    "results are gone": lambda model, results: shutil.rmtree(results),
    "the folder is a loop": lambda model, results: (shutil.rmtree(model), model.symlink_to(model)),
    "the folder is a file": lambda model, results: (shutil.rmtree(model), model.touch()),
    "the folder is the root's": lambda model, results: (shutil.rmtree(model), model.symlink_to("/")),
}
NAMES = [b"\xff\xfe", b"a\nb", b"x" * 255, "ähre".encode(), b"%2e%2e", b"..%2f", b"a b", b"'\"<>", b"\xed\xa0\x80"]


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good model, and one of every damage."""
    folder = tmp_path_factory.mktemp("zoo")
    write_model(folder)
    for i, damage in enumerate(DAMAGES.values()):
        for kind in ("models", "dissect_results"):
            shutil.copytree(folder / kind / "village", folder / kind / f"bad{i}")
        damage(folder / "models" / f"bad{i}", folder / "dissect_results" / f"bad{i}")
    for name in NAMES:
        for kind in ("models", "dissect_results"):
            shutil.copytree(folder / kind / "village", folder / kind / os.fsdecode(name))
    return folder


@pytest.fixture(scope="module")
def catalog(zoo: Path) -> Catalog:
    return Catalog(zoo / "models", zoo / "dissect_results")


def test_there_are_many() -> None:
    assert len(DAMAGES) > 200


@pytest.mark.parametrize("damage", range(len(DAMAGES)), ids=list(DAMAGES))
def test_a_damaged_folder_is_left_out_or_used_and_its_failure_is_one_line(catalog: Catalog, damage: int) -> None:
    name = f"bad{damage}"
    try:
        model = catalog.get(name)
    except Exception as error:
        assert type(error).__module__ == "server.errors", error  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
        assert len(str(error).encode()) < 2000 or isinstance(error, UnknownModel)  # noqa: PT017
    else:
        picture = Picture(name, 1, edits=(Edit("draw", None, None, (0,), (1.0,), 1.0, "layer4"),))
        Painter(catalog).render(replace(picture, directions=dict.fromkeys(model.directions.names, 0.1)))
        if model.segmenter is not None:
            Painter(catalog).labels(Picture(name, 1))
        for level in (u.level for brush in model.dissection.brushes for u in brush.units):
            assert np.isfinite(np.float32(level))
    assert catalog.get().dissection.concepts == ("tree", "door", "sky")


async def test_the_list_of_models_is_answered_and_failures_are_told_once(
    zoo: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Studio, "read_all", lambda self: None)
    async with asgi_client(settings_in(zoo, data_dir=tmp_path / "data")) as client:
        first = await client.get("/api/v1/models")
        assert first.status_code == 200
        names = [model["name"] for model in first.json()["models"]]
        assert names[0] == "village"
        assert {"ähre", "a b", "%2e%2e"} <= set(names)
        drawn = await client.post("/api/v1/render", json={"seed": 1})
        assert drawn.status_code == 200
        told = [m.split(" is left out: ")[0] for m in caplog.messages if "is left out" in m]
        assert len(told) == len(set(told)) > 50
        assert any("xff" in name or "udcff" in name for name in told)

        def read(*_: object) -> None:
            raise AssertionError("something is read anew")

        caplog.clear()
        for module in ("catalog.read_card", "catalog.open_generator", "catalog.read_dissection", "card.read_json"):
            monkeypatch.setattr(f"server.model.{module}", read)
        assert (await client.get("/api/v1/models")).json() == first.json()
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
        for name in ("bad0", "nobody", "%FF%FE", "%ED%A0%80"):
            answer = await client.get(f"/api/v1/models/{name}/concepts")
            assert answer.status_code in (404, 500)
            assert answer.json()["status"] == answer.status_code


def test_a_model_that_was_put_right_is_read_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_model(tmp_path)
    write_model(tmp_path, "abbey")
    path = tmp_path / "dissect_results" / "abbey" / "dissection.json"
    whole = path.read_text()
    path.write_text("{")
    catalog = Catalog(tmp_path / "models", tmp_path / "dissect_results")
    for _ in range(3):
        assert [model.name for model in catalog.usable()] == ["village"]
    assert len(caplog.messages) == 1
    path.write_text(whole)
    assert [model.name for model in catalog.usable()] == ["village", "abbey"]


@pytest.mark.parametrize("name", ["network.pth", "G.pt", "pytorch_model.bin", "epoch=3.ckpt", "my weights.safetensors"])
def test_the_only_file_of_weights_is_the_generator_whatever_its_name(tmp_path: Path, name: str) -> None:
    write_model(tmp_path)
    path = tmp_path / "models" / "village" / "generator.safetensors"
    state = load_file(path)
    path.unlink()
    if name.endswith(".safetensors"):
        save_file(state, path.with_name(name))
    else:
        torch.save({"state_dict": state}, path.with_name(name))
    for other in ("judge.safetensors", "training.safetensors", "discriminator.pth", ".half.pth", "x.pth.part"):
        path.with_name(other).write_bytes(b"not a generator")
    assert Catalog(tmp_path / "models", tmp_path / "dissect_results").get().weights.name == name


def test_of_several_files_of_weights_the_line_says_how_to_name_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_model(tmp_path)
    second(tmp_path / "models" / "village", tmp_path)
    catalog = Catalog(tmp_path / "models", tmp_path / "dissect_results")
    assert catalog.usable() == catalog.usable() == ()
    assert len(caplog.messages) == 1
    assert "'a.safetensors', 'b.safetensors'" in caplog.messages[0]
    said = caplog.messages[0].partition("model.json: ")[2]
    (tmp_path / "models" / "village" / "model.json").write_text(said)
    assert catalog.get().weights.name == "a.safetensors"


def test_a_folder_without_weights_says_what_belongs_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_model(tmp_path)
    (tmp_path / "models" / "mine").mkdir()
    (tmp_path / "models" / "mine" / "network.h5").write_bytes(b"weights")
    catalog = Catalog(tmp_path / "models", tmp_path / "dissect_results")
    assert [model.name for model in catalog.usable()] == ["village"]
    assert ".safetensors, .pth, .pt, .bin, .ckpt" in caplog.messages[0]


def test_a_folder_without_card_and_weights_is_no_model(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_model(tmp_path)
    models = tmp_path / "models"
    for name, file in (("notes", "README.md"), (".git", "config"), (".cache", "generator.safetensors")):
        (models / name).mkdir()
        (models / name / file).write_text("x")
    shutil.copytree(models / "village", models / ("x" * 65))
    catalog = Catalog(models, tmp_path / "dissect_results")
    assert catalog.names() == ("village",)
    for name in ("notes", ".git", ".cache", "x" * 65):
        with pytest.raises(UnknownModel):
            catalog.get(name)
    assert [model.name for model in catalog.usable()] == [model.name for model in catalog.usable()] == ["village"]
    assert len(caplog.messages) == 2
    assert "holds no generator" in caplog.text
    assert "more than 64 letters" in caplog.text
