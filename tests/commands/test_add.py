"""`unitbrush add`: generators from files and from code, and that no folder's code runs unless it is trusted."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from server.cli import main
from server.errors import WeightError
from server.lab.add import told_range
from server.model.catalog import Catalog
from server.model.own import load_weights
from server.model.progressive import ProgressiveGenerator
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture, Rect
from tests.helpers.networks import LATENT, Dcgan, Skips, initialised
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import WIDTHS, save_generator

CODE = """
import torch
from tests.helpers.networks import Dcgan, Noisy, Skips, initialised

open("imported", "a").close()

def dcgan():
    return initialised(Dcgan(), 9)

def skips():
    return initialised(Skips(), 9)

def broken():
    raise RuntimeError("no\\nway")

def number():
    return 7

class Changing(Dcgan):
    calls = 0
    def forward(self, z):
        Changing.calls += 1
        return super().forward(z) + Changing.calls
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder commands run in, with a module in it."""
    (tmp_path / "own_networks.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "own_networks", raising=False)
    return tmp_path


def add(*arguments: str) -> int:
    return main(["add", *arguments, "--models-dir", "models"])


def catalog(trusted: tuple[str, ...] = ()) -> Catalog:
    return Catalog(Path("models"), Path("dissect_results"), "mine", trusted)


def units_picture(layer: str) -> Picture:
    edit = Edit("draw", mask=Rect((0.0, 0.0, 0.5, 1.0)), units=(0, 3), levels=(2.0, -1.0), layer=layer)
    return Picture("mine", 5, edits=(edit,))


def test_a_file_of_a_known_family_is_installed_by_its_layout(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    save_generator(folder / "own.safetensors", ProgressiveGenerator(8, WIDTHS))
    assert add("mine", "--weights", "own.safetensors") == 0
    out = capsys.readouterr().out
    assert "mine: Progressive GAN, 32 pixels" in out
    assert "layer4 (12 units, 8x8)" in out
    assert "unitbrush dissect mine --segmenter clusters --models-dir models" in out
    card = json.loads((folder / "models" / "mine" / "model.json").read_text())
    assert card["family"] == "Progressive GAN"
    assert set(card["sha256"]) == {"generator.safetensors"}
    model = catalog().get()
    assert (model.dissection.concepts, model.edit_layer) == ((), "layer5")
    plain = Painter(catalog()).render(Picture("mine", 5))
    edited = Painter(catalog()).render(units_picture("layer4"))
    assert (plain != edited).any()
    assert add("mine", "--weights", "own.safetensors") == 2
    assert "replace it with --replace" in capsys.readouterr().err
    assert add("mine", "--weights", "own.safetensors", "--replace") == 0


def test_a_network_of_ones_own_is_installed_and_painted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = "own_networks:dcgan"
    network = initialised(Dcgan(), 4)
    torch.save({"epoch": 3, "netG": {f"module.{k}": v for k, v in network.state_dict().items()}}, folder / "w.pt")
    assert add("mine", "--module", reference, "--weights", "w.pt", "--latent", str(LATENT)) == 0
    out, err = capsys.readouterr()
    for text in (
        "mine: own module, 32 pixels, latents of 12 numbers",
        "layers: main.2 (32 units, 4x4), main.5 (16 units, 8x8), main.8 (8 units, 16x16)",
        "range of its images: -1 to 1",
        "  main.7: 8 units, 16x16",
        f"unitbrush dissect mine --segmenter clusters --models-dir models --trust-module {reference}",
    ):
        assert text in out
    assert f"UNITBRUSH_TRUSTED_MODULES={reference}" in err
    card = json.loads((folder / "models" / "mine" / "model.json").read_text())
    assert (card["module"], card["layers"], card["latent_dim"]) == (reference, ["main.2", "main.5", "main.8"], LATENT)
    for trusted in ((reference,), ("mine",)):
        painter = Painter(catalog(trusted))
        z = torch.from_numpy(np.random.RandomState(5).standard_normal(LATENT).astype(np.float32))[None]
        expected = (network(z[:, :, None, None])[0].permute(1, 2, 0) * 127.5 + 128).clamp(0, 255).byte().numpy()
        assert int(np.abs(painter.render(Picture("mine", 5)).astype(int) - expected).max()) <= 1
        for layer in card["layers"]:
            assert (
                painter.render(units_picture(layer)) == Painter(catalog(trusted)).render(units_picture(layer))
            ).all()
            assert (painter.render(units_picture(layer)) != expected).mean() > 0.1


def test_no_folder_runs_code_that_is_not_trusted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add("mine", "--module", "own_networks:dcgan", "--latent", str(LATENT)) == 0
    (folder / "imported").unlink()
    __import__("sys").modules.pop("own_networks")
    document = folder / "picture.json"
    document.write_text('{"model": "mine", "seed": 1}')
    with pytest.raises(WeightError, match=r"mine: .* give --trust-module own_networks:dcgan"):
        catalog(("other", "own_networks:skips")).get()
    where = ["--models-dir", "models", "--results-dir", "results"]
    assert main(["paint", str(document), *where]) == 2
    assert main(["dissect", "mine", *where]) == 2
    errors = capsys.readouterr().err.splitlines()[-2:]
    assert all("--trust-module own_networks:dcgan" in line for line in errors)
    assert not (folder / "imported").exists()
    assert main(["paint", str(document), *where, "--trust-module", "mine"]) == 0
    assert (folder / "imported").exists()


def test_the_setting_trusts_as_the_option_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert add("mine", "--module", "own_networks:dcgan", "--latent", str(LATENT)) == 0
    monkeypatch.setenv("UNITBRUSH_TRUSTED_MODULES", "other:thing, own_networks:dcgan")
    (folder / "picture.json").write_text('{"model": "mine", "seed": 1}')
    assert main(["paint", "picture.json", "--models-dir", "models", "--results-dir", "results"]) == 0


def test_ranges_and_layers_can_be_given(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add("mine", "--module", "own_networks:skips", "--latent", str(LATENT)) == 0
    assert "range of its images: 0 to 1, as a few" in capsys.readouterr().out
    options = ("--range", "0", "2", "--layers", "third", "first", "--replace")
    assert add("mine", "--module", "own_networks:skips", "--latent", str(LATENT), *options) == 0
    assert "range of its images: 0 to 2\n" in capsys.readouterr().out
    card = json.loads((folder / "models" / "mine" / "model.json").read_text())
    assert (card["range"], card["layers"]) == ([0, 2], ["first", "third"])
    assert [layer.name for layer in catalog(("mine",)).get().generator.layers] == ["first", "third"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["mine"], "give --weights FILE"),
        (["../mine", "--weights", "w.pt"], "is no name of a model"),
        (["mine", "--weights", "missing.pt"], "missing.pt: No such file"),
        (["mine", "--weights", "w.pt", "--latent", "9"], "are for a network of your own"),
        (["mine", "--module", "own_networks:broken"], "makes no network (RuntimeError: no way)"),
        (["mine", "--module", "own_networks:number"], "makes a int, no torch.nn.Module"),
        (["mine", "--module", "own_networks:absent"], "makes no network (AttributeError"),
        (["mine", "--module", "nowhere.at_all:x"], "makes no network (ModuleNotFoundError"),
        (["mine", "--module", "own_networks"], "names no factory; write it as package.module:factory"),
        (["mine", "--module", "own_networks:dcgan"], "takes no latents of 100 numbers"),
        (["mine", "--module", "own_networks:dcgan", "--latent", "12", "--layers", "x"], "has no layer 'x'; there are"),
        (["mine", "--module", "own_networks:dcgan", "--latent", "12", "--range", "1", "0"], "a lower and a higher"),
        (["mine", "--module", "own_networks:Changing", "--latent", "12"], "another image from the same latent"),
        (["mine", "--module", "own_networks:skips", "--latent", "12", "--weights", "w.pt"], "of another network"),
    ],
)
def test_what_cannot_be_added_is_told_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    torch.save(Dcgan().state_dict(), folder / "w.pt")
    assert add(*arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line
    assert not (folder / "models" / "mine").exists()


def test_weights_go_in_by_their_names_whatever_they_are_wrapped_in(tmp_path: Path) -> None:
    source = initialised(Skips(), 1)
    state = source.state_dict()
    save_file(state, tmp_path / "plain.safetensors")
    torch.save({"g_ema": state, "g": initialised(Skips(), 2).state_dict()}, tmp_path / "ema.pt")
    torch.save({f"_orig_mod.module.{name}": t for name, t in state.items()}, tmp_path / "wrapped.pt")
    for name in ("plain.safetensors", "ema.pt", "wrapped.pt"):
        network = Skips()
        load_weights(network, tmp_path / name)
        assert all(torch.equal(t, state[name]) for name, t in network.state_dict().items())
    torch.save(source, tmp_path / "whole.pt")
    with pytest.raises(WeightError, match="pickled objects other than tensors"):
        load_weights(Skips(), tmp_path / "whole.pt")
    torch.save({**state, "out.bias": torch.full((1,), torch.nan)}, tmp_path / "nan.pt")
    with pytest.raises(WeightError, match=r"out\.bias holds numbers that are not finite"):
        load_weights(Skips(), tmp_path / "nan.pt")
    torch.save({**state, "out.bias": torch.zeros(2)}, tmp_path / "shape.pt")
    with pytest.raises(WeightError, match=r"out\.bias has the shape \(2,\), expected \(1,\)"):
        load_weights(Skips(), tmp_path / "shape.pt")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((-0.9, 0.8), (-1, 1)),
        ((0.0, 0.97), (0, 1)),
        ((0.1, 250), (0, 255)),
        ((-1.3, 1.2), (-1, 1)),
        ((-3, 260), (0, 255)),
    ],
)
def test_a_range_is_told_from_a_few_images(values: tuple[float, float], expected: tuple[float, float]) -> None:
    assert told_range(*values) == expected


async def test_a_server_lists_and_paints_what_it_trusts(folder: Path) -> None:
    assert add("mine", "--module", "own_networks:dcgan", "--latent", str(LATENT)) == 0
    document = {
        "model": "mine",
        "seed": 3,
        "edits": [{"op": "draw", "mask": None, "units": [1], "levels": [2], "layer": "main.5"}],
    }
    for trusted in (("own_networks:dcgan",), ()):
        settings = settings_in(folder, default_model="mine", trusted_modules=trusted)
        async with asgi_client(settings) as client:
            models = (await client.get("/api/v1/models")).json()["models"]
            drawn: httpx.Response = await client.post("/api/v1/render", json=document)
            if trusted:
                assert [(m["name"], m["concepts"], m["edit_layer"]) for m in models] == [("mine", [], "main.5")]
                assert drawn.status_code == 200
                assert (await client.get("/api/v1/models/mine/concepts")).json() == {"concepts": []}
            else:
                assert models == []
                assert (drawn.status_code, "--trust-module" in drawn.json()["detail"]) == (500, True)
