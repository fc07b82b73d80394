"""Reading weights: every published spelling draws what the NumPy reference draws, and nothing else is read."""

from __future__ import annotations

import hashlib
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from server.errors import WeightError
from server.model.generator import Activations
from server.model.progressive import ProgressiveGenerator
from server.model.weights import load_generator
from tests.helpers.reference import generate
from tests.helpers.tiny import save_generator

Blocks = list[tuple[np.ndarray, np.ndarray]]
# Two layers a resolution that differ in width, as some published files do, and one that ends inside a pair.
WIDTHS = [(6, 5, 7, 4, 3, 5), (4, 4, 6, 6, 5), (3, 2)]


def random_blocks(widths: tuple[int, ...], latent_dim: int = 5, seed: int = 0) -> tuple[Blocks, tuple[Any, Any]]:
    rng = np.random.default_rng(seed)
    inputs = (latent_dim, *widths)
    layers = [
        (
            rng.standard_normal((o, c, 4 if i == 0 else 3, 4 if i == 0 else 3)).astype(np.float32),
            rng.standard_normal(o).astype(np.float32),
        )
        for i, (c, o) in enumerate(zip(inputs, widths, strict=False))
    ]
    output = (rng.standard_normal((3, widths[-1], 1, 1)).astype(np.float32), rng.standard_normal(3).astype(np.float32))
    return layers, output


def new_names(n: int) -> tuple[list[str], str, str]:
    side = 4 * 2 ** ((n - 1) // 2)
    return [f"layer{i + 1}" for i in range(n)], f"output_{side}x{side}", "wscale.b"


def old_names(n: int) -> tuple[list[str], str, str]:
    return [f"features.{i}" for i in range(n)], "output", "wscale.b"


def lineage_names(n: int) -> tuple[list[str], str, str]:
    return [f"layer{i}" for i in range(n)], f"output{(n - 1) // 2}", "wscale.bias"


def lineage_names_from_one(n: int) -> tuple[list[str], str, str]:
    names, output, _ = new_names(n)
    return names, output, "wscale.bias"


SPELLINGS = [new_names, old_names, lineage_names, lineage_names_from_one]
Spelling = Callable[[int], tuple[list[str], str, str]]


def state_dict(layers: Blocks, output: tuple[Any, Any], spelling: Spelling = new_names) -> dict[str, torch.Tensor]:
    names, output_name, bias = spelling(len(layers))
    state = {}
    for name, (w, b) in zip([*names, output_name], [*layers, output], strict=True):
        state[f"{name}.conv.weight"] = torch.from_numpy(w)
        state[f"{name}.{bias}"] = torch.from_numpy(b)
    if bias == "wscale.bias":
        state["lod"] = torch.tensor(0.0)
    return state


def save(path: Path, state: dict[str, Any], how: str) -> Path:
    if how == "safetensors":
        path = path.with_suffix(".safetensors")
        save_file(state, path)
    elif how == "pth":
        torch.save(state, path)
    elif how == "old pth":
        torch.save(state, path, _use_new_zipfile_serialization=False)
    else:
        torch.save({"state_dict": state, "epoch": 3}, path)
    return path


@pytest.mark.parametrize("how", ["safetensors", "pth", "old pth", "state_dict"])
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("widths", WIDTHS)
def test_draws_what_the_reference_draws(tmp_path: Path, widths: tuple[int, ...], spelling: Spelling, how: str) -> None:
    layers, output = random_blocks(widths)
    generator = load_generator(save(tmp_path / "weights.pth", state_dict(layers, output, spelling), how))
    assert [layer.units for layer in generator.layers] == list(widths)
    z = np.random.default_rng(7).standard_normal(5)
    expected = generate(z, layers, output)
    latent = torch.from_numpy(z.astype(np.float32))[None]
    for layer, r in zip(generator.layers, expected, strict=False):
        np.testing.assert_allclose(generator.trunk(latent, layer.name).r[0].numpy(), r, atol=2e-5, rtol=1e-4)
        np.testing.assert_allclose(
            generator.tail(Activations(torch.from_numpy(r.astype(np.float32))[None]), layer.name)[0].numpy(),
            expected[-1],
            atol=5e-5,
            rtol=1e-4,
        )
    assert generator(latent).shape == (1, 3, generator.resolution, generator.resolution)


def test_saved_and_read_again_is_the_same(tmp_path: Path) -> None:
    generator = ProgressiveGenerator(5, (6, 4))
    save_generator(tmp_path / "g.safetensors", generator)
    read = load_generator(tmp_path / "g.safetensors")
    z = torch.randn(2, 5)
    assert torch.equal(read(z), generator(z))
    assert not any(p.requires_grad for p in read.parameters())


def test_half_precision_is_read_as_float32(tmp_path: Path) -> None:
    layers, output = random_blocks((4, 4))
    state = {name: t.half() for name, t in state_dict(layers, output).items()}
    generator = load_generator(save(tmp_path / "w.pth", state, "safetensors"))
    assert generator.block("layer1").conv.weight.dtype == torch.float32


def test_the_hash_must_fit(tmp_path: Path) -> None:
    layers, output = random_blocks((4, 4))
    path = save(tmp_path / "w.pth", state_dict(layers, output), "pth")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    load_generator(path, sha256)
    load_generator(path, sha256[:8].upper())
    wrong = ("0" if sha256[0] != "0" else "1") + sha256[1:]
    for bad in (wrong, wrong[:8], sha256[:4], ""):
        if bad:
            with pytest.raises(WeightError, match="SHA-256"):
                load_generator(path, bad)
    published = tmp_path / f"proggan_church-{sha256[:8]}.pth"
    published.write_bytes(path.read_bytes())
    load_generator(published)
    mislabelled = tmp_path / f"proggan_church-{wrong[:8]}.pth"
    mislabelled.write_bytes(path.read_bytes())
    with pytest.raises(WeightError, match="SHA-256"):
        load_generator(mislabelled)


class _Evil:
    """Unpickling it would call a function."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("/nonexistent/touched"),))


def broken_states() -> dict[str, dict[str, Any]]:
    layers, output = random_blocks((4, 6, 5))
    good = state_dict(layers, output)
    weight, bias = "layer2.conv.weight", "layer2.wscale.b"

    def but(**changed: Any) -> dict[str, Any]:
        named = {key.replace("__", "."): value for key, value in changed.items()}
        return {name: t for name, t in {**good, **named}.items() if t is not None}

    nan = good[weight].clone()
    nan[0, 0, 0, 0] = float("nan")
    return {
        "no tensors": {},
        "a layer is missing": {n: t for n, t in good.items() if not n.startswith("layer2")},
        "no output": {n: t for n, t in good.items() if not n.startswith("output")},
        "no bias": {n: t for n, t in good.items() if n != bias},
        "a stranger": {**good, "mapping.fc.weight": torch.zeros(3)},
        "twice in two spellings": {**good, "layer2.wscale.bias": good[bias].clone()},
        "not finite": {**good, weight: nan},
        "infinite": {**good, bias: torch.full((6,), float("inf"))},
        "integers": {**good, bias: torch.zeros(6, dtype=torch.int64)},
        "wrong inputs": {**good, weight: torch.zeros(6, 9, 3, 3)},
        "wrong kernel": {**good, weight: torch.zeros(6, 4, 5, 5)},
        "flat kernel": {**good, weight: torch.zeros(6)},
        "scalar kernel": {**good, "layer1.conv.weight": torch.zeros(())},
        "wrong bias": {**good, bias: torch.zeros(7)},
        "no units": {**good, weight: torch.zeros(0, 4, 3, 3), bias: torch.zeros(0)},
        "four colours": {
            **good,
            "output_8x8.conv.weight": torch.zeros(4, 5, 1, 1),
            "output_8x8.wscale.b": torch.zeros(4),
        },
        "output of another size": {
            **{n: t for n, t in good.items() if not n.startswith("output")},
            "output_64x64.conv.weight": good["output_8x8.conv.weight"],
            "output_64x64.wscale.b": good["output_8x8.wscale.b"],
        },
        "starts at two": {n.replace("layer3", "layer4").replace("layer2", "layer3"): t for n, t in good.items()},
    }


@pytest.mark.parametrize("how", ["safetensors", "pth"])
@pytest.mark.parametrize("what", broken_states())
def test_refuses_in_one_line_what_is_no_generator(tmp_path: Path, what: str, how: str) -> None:
    path = save(tmp_path / "w.pth", broken_states()[what], how)
    with pytest.raises(WeightError) as error:
        load_generator(path)
    assert "\n" not in str(error.value)
    assert path.name in str(error.value)


def test_refuses_objects_that_are_no_tensors(tmp_path: Path) -> None:
    for i, thing in enumerate([_Evil(), {"state_dict": _Evil()}, [1, 2], {"layer1": "x"}, {1: torch.zeros(2)}, 5]):
        path = tmp_path / f"{i}.pth"
        torch.save(thing, path)
        with pytest.raises(WeightError):
            load_generator(path)
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(_Evil(), protocol=2))
    with pytest.raises(WeightError, match=r"pickled|damaged"):
        load_generator(tmp_path / "plain.pth")


def prefixed(prefix: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda state: {prefix + name: tensor for name, tensor in state.items()}


def below(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def wrap(state: dict[str, Any]) -> dict[str, Any]:
        for name in reversed(names):
            state = {"epoch": 3, name: state, "discriminator": {"conv.weight": torch.zeros(2)}}
        return state

    return wrap


WRAPPINGS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    **{name: below(name) for name in ("g_ema", "generator", "model_state_dict", "state_dict", "G", "netG", "ema")},
    **{name: below(name) for name in ("g_ema_state_dict", "state_dict_ema", "model_ema", "g_running", "avgG")},
    **{name: below(name) for name in ("generator_state_dict", "netG_state_dict", "G_state_dict", "net_g", "network")},
    "nested": below("state_dict", "generator"),
    "nested twice": below("model", "model_state_dict", "G"),
    "module.": prefixed("module."),
    "module.module.": prefixed("module.module."),
    "_orig_mod.": prefixed("_orig_mod."),
    "below, prefixed": lambda state: below("g_ema")(prefixed("module.")(state)),
    "prefixes of several networks": lambda state: {
        "state_dict": {
            **prefixed("generator.")(state),
            "discriminator.conv.weight": torch.zeros(2),
            "loss.weight": torch.zeros(1),
        }
    },
    "a moving average beside the generator": lambda state: {
        "g": {name: torch.zeros_like(tensor) for name, tensor in state.items()},
        "g_ema": state,
    },
    "an average of torch's": lambda state: {"n_averaged": torch.tensor(3), **prefixed("module.")(state)},
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_sees_through_what_checkpoints_wrap_generators_in(tmp_path: Path, wrapping: str, spelling: Spelling) -> None:
    state = state_dict(*random_blocks((4, 6)), spelling)
    z = torch.randn(2, 5)
    expected = load_generator(save(tmp_path / "plain.pth", state, "pth"))(z)
    wrapped = WRAPPINGS[wrapping](state)
    for name in ("epoch.ckpt", "G.PT", "pytorch_model.bin"):
        torch.save(wrapped, tmp_path / name)
        assert torch.equal(load_generator(tmp_path / name)(z), expected)
    if all(isinstance(value, torch.Tensor) for value in wrapped.values()):
        save_file(wrapped, tmp_path / "G.SafeTensors")
        assert torch.equal(load_generator(tmp_path / "G.SafeTensors")(z), expected)


def test_tensors_without_numbers_are_refused(tmp_path: Path) -> None:
    state = state_dict(*random_blocks((4, 6)))
    torch.save({name: tensor.to("meta") for name, tensor in state.items()}, tmp_path / "w.pth")
    with pytest.raises(WeightError, match="not a plain tensor"):
        load_generator(tmp_path / "w.pth")


def test_wrappers_without_end_are_refused(tmp_path: Path) -> None:
    torch.save(below(*["state_dict"] * 50)({"layer1": torch.zeros(2)}), tmp_path / "w.pth")
    with pytest.raises(WeightError):
        load_generator(tmp_path / "w.pth")


@pytest.mark.parametrize("name", ["generator.safetensors", "proggan_church-7e701dd5.pth", "g.pt"])
def test_a_pointer_of_git_lfs_is_called_that(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 132\n")
    for sha256 in (None, "0" * 64):
        with pytest.raises(WeightError, match="Git LFS pointer"):
            load_generator(tmp_path / name, sha256)


def test_a_date_in_a_name_is_no_hash(tmp_path: Path) -> None:
    state = state_dict(*random_blocks((4, 6)))
    assert load_generator(save(tmp_path / "my-gan-20240131.pth", state, "pth")).latent_dim == 5


@pytest.mark.parametrize("how", ["safetensors", "pth", "old pth"])
def test_refuses_truncated_and_damaged_files(tmp_path: Path, how: str) -> None:
    layers, output = random_blocks((4, 6))
    path = save(tmp_path / "w.pth", state_dict(layers, output), how)
    whole = path.read_bytes()
    for length in (0, 1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 70):
        path.write_bytes(whole[:length])
        with pytest.raises(WeightError) as error:
            load_generator(path)
        assert "\n" not in str(error.value)
    path.write_bytes(b"\xff" * 200 + whole[200:])
    with pytest.raises(WeightError):
        load_generator(path)


def test_refuses_files_that_grow_when_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.model.weights.MAX_BYTES", 2**20)
    layers, output = random_blocks((4, 6))
    state = state_dict(layers, output)
    path = tmp_path / "w.pth"
    torch.save({**state, "layer2.conv.weight": torch.zeros(1).expand(6, 2**18)}, path)
    assert path.stat().st_size < 10_000
    with pytest.raises(WeightError, match="more numbers"):
        load_generator(path)
    torch.save(state, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/99", bytes(2**20))
    assert path.stat().st_size < 20_000
    with pytest.raises(WeightError, match="unpacks to"):
        load_generator(path)


def test_refuses_missing_files_folders_and_too_large_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightError, match="No such file"):
        load_generator(tmp_path / "missing.safetensors")
    (tmp_path / "folder.pth").mkdir()
    with pytest.raises(WeightError):
        load_generator(tmp_path / "folder.pth")
    layers, output = random_blocks((4, 6))
    path = save(tmp_path / "w.pth", state_dict(layers, output), "pth")
    monkeypatch.setattr("server.model.weights.MAX_BYTES", 1000)
    with pytest.raises(WeightError, match="more than a generator needs"):
        load_generator(path)


def test_reading_weights_imports_no_sympy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch does, for half a second, to make random numbers for a network whose weights are read next."""
    save_generator(tmp_path / "generator.safetensors", ProgressiveGenerator(latent_dim=4, widths=(3, 2)))
    monkeypatch.delitem(sys.modules, "torch.fx.experimental.symbolic_shapes", raising=False)
    monkeypatch.setitem(sys.modules, "sympy", None)
    assert load_generator(tmp_path / "generator.safetensors").latent_dim == 4
