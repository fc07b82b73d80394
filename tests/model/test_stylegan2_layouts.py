"""Reading StyleGAN2: files and wrappers of both layouts are read, and what is none is refused in one line."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from server.errors import WeightError
from server.model.stylegan2 import StyleGAN2Generator
from server.model.weights import load_generator
from tests.helpers.stylegan2_weights import LATENT_DIM, LAYOUTS, W_DIM, random_weights, tensors_a, tensors_b

State = dict[str, Tensor]


def image(generator: Any, z: Tensor) -> Tensor:
    drawn: Tensor = generator.tail(generator.trunk(z, "layer1"), "layer1")
    return drawn


def saved(folder: Path, state: Any) -> Path:
    torch.save(state, folder / "G.pt")
    return folder / "G.pt"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_depth_widths_and_resolution_are_read_off_the_weights(tmp_path: Path, layout: str) -> None:
    path = saved(tmp_path, LAYOUTS[layout](random_weights((6, 5, 7, 4), mapping=8)))
    generator = load_generator(path)
    assert isinstance(generator, StyleGAN2Generator)
    assert (generator.family, generator.resolution, generator.latent_dim) == ("StyleGAN2", 32, LATENT_DIM)
    assert generator.w_shape == (8, W_DIM)
    assert [(x.name, x.units, x.height, x.width) for x in generator.layers] == [
        ("layer1", 6, 4, 4),
        ("layer2", 5, 8, 8),
        ("layer3", 5, 8, 8),
        ("layer4", 7, 16, 16),
        ("layer5", 7, 16, 16),
        ("layer6", 4, 32, 32),
        ("layer7", 4, 32, 32),
    ]


def test_eight_to_1024_pixels_are_read(tmp_path: Path) -> None:
    for side, widths in ((8, (3, 2)), (1024, (2,) * 9)):
        for tensors in LAYOUTS.values():
            generator = load_generator(saved(tmp_path, tensors(random_weights(widths))))
            assert (generator.resolution, generator.layers[-1].height) == (side, side)


def test_a_constant_that_makes_larger_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightError, match="of 1280x1024 pixels"):
        load_generator(saved(tmp_path, tensors_b(random_weights((2,) * 9, across=5))))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_sees_through_what_checkpoints_wrap_generators_in(tmp_path: Path, layout: str) -> None:
    state = LAYOUTS[layout](random_weights())
    z = torch.randn(2, LATENT_DIM)
    expected = image(load_generator(saved(tmp_path, state), truncation=0.5), z)
    others = {name: torch.zeros_like(tensor) for name, tensor in state.items()}
    average = {name: state[name] for name in ("latent_avg",) if name in state}
    inner = {name: tensor for name, tensor in state.items() if name != "latent_avg"}
    wrapped: list[Any] = [
        {"g_ema": state},
        {"g": others, "d": {"convs.0.0.weight": torch.zeros(2)}, "g_ema": inner, **average, "ada_aug_p": 0.1},
        {"G": others, "G_ema": state, "cur_nimg": 3},
        {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}},
        {**average, **{f"g_ema.{name}": tensor for name, tensor in inner.items()}},
    ]
    for one in wrapped:
        assert torch.equal(image(load_generator(saved(tmp_path, one), truncation=0.5), z), expected)
    for one in (state, wrapped[-1], {f"G_ema.{name}": tensor.half() for name, tensor in state.items()}):
        save_file(one, tmp_path / "G.safetensors")
        drawn = image(load_generator(tmp_path / "G.safetensors", truncation=0.5), z)
        torch.testing.assert_close(drawn, expected, atol=0.3, rtol=0)  # one of them is in half precision


class _Module(nn.Module):
    """As a person's own network would be pickled, whole."""


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("name", ["ffhq.pkl", "ffhq.pt"])
def test_a_pickle_of_whole_modules_is_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps({"G_ema": _Module()}))
    with pytest.raises(WeightError, match=r"torch\.save\(generator\.state_dict\(\)"):
        load_generator(tmp_path / name)
    torch.save({"G_ema": _Module()}, tmp_path / name)
    with pytest.raises(WeightError, match=r"torch\.save\(generator\.state_dict\(\)"):
        load_generator(tmp_path / name)


def without(*names: str) -> Callable[[State], State]:
    """Without the tensors whose names hold one of these."""
    return lambda state: {name: t for name, t in state.items() if not any(part in name for part in names)}


def changed(name: str, change: Callable[[Tensor], Tensor]) -> Callable[[State], State]:
    return lambda state: {**state, name: change(state[name])}


def added(name: str, *shape: int) -> Callable[[State], State]:
    return lambda state: {**state, name: torch.zeros(shape)}


def wider(t: Tensor) -> Tensor:
    return torch.cat([t, t], -1)


def nan(t: Tensor) -> Tensor:
    return t * float("nan")


# By layout: names of a mapping's layer, layer3's kernel, style, bias, noise and strength, colours, constant, average.
NAMES = {
    "rosinality's": (
        *("style.2", "convs.1.conv.weight", "convs.1.conv.modulation.weight", "convs.1.activate.bias"),
        *("noises.noise_2", "convs.1.noise.weight", "to_rgbs.0.conv.weight", "input.input", "latent_avg"),
    ),
    "NVIDIA's": (
        *("mapping.fc1", "synthesis.b8.conv1.weight", "synthesis.b8.conv1.affine.weight"),
        *("synthesis.b8.conv1.bias", "synthesis.b8.conv1.noise_const", "synthesis.b8.conv1.noise_strength"),
        *("synthesis.b8.torgb.weight", "synthesis.b4.const", "mapping.w_avg"),
    ),
}
FILTERS = {"rosinality's": "convs.0.conv.blur.kernel", "NVIDIA's": "synthesis.b8.conv0.resample_filter"}


def damages(layout: str) -> dict[str, Callable[[State], State]]:
    mapping, kernel, style, bias, noise, strength, colours, const, average = NAMES[layout]
    parts = (kernel, style, bias, noise, strength, colours, const)
    larger = "synthesis.b2048.conv0.weight" if layout == "NVIDIA's" else "convs.17.conv.weight"
    return {
        **{f"no {name}": without(name) for name in (mapping, *parts)},
        **{f"nan in {name}": changed(name, nan) for name in (*parts, average)},
        **{f"integers in {name}": changed(name, Tensor.long) for name in (*parts, average)},
        **{f"{name} is wider": changed(name, wider) for name in (kernel, style, bias, noise, colours, const, average)},
        **{f"{name} has another axis": changed(name, lambda t: torch.stack([t, t])) for name in (*parts, average)},
        **{f"{name} is empty": changed(name, lambda t: t.flatten()[:0]) for name in (*parts, average)},
        "strength of many": changed(strength, lambda t: t.reshape(1).expand(9)),
        "no mapping": without("style.", "mapping.fc"),
        "no colours": without("to_rgb", "torgb"),
        "no layers": without("conv1", "conv0", "convs", "noises"),
        "nothing but the first": without("convs", "to_rgbs", "noise_1", "noise_2", "noise_3", "noise_4", ".b8", ".b16"),
        "half a resolution": without("convs.3", "noise_4", "b16.conv1"),
        "colours of a resolution more": added(colours.replace("b8", "b32").replace("s.0", "s.2"), 3, 4, 1, 1),
        "a layer far behind": added(kernel.replace("b8", "b256").replace("s.1", "s.11"), 4, 4, 3, 3),
        "huge resolution": added(larger, 4, 4, 3, 3),
        "a mapping without end": added(f"{mapping[:-1]}77.weight", W_DIM, W_DIM),
        "a number too long": added(kernel.replace("b8", "b" + "8" * 40).replace("s.1", "s." + "1" * 40), 1),
        "a stranger": added(f"{mapping}.more", 3),
        "another filter": changed(FILTERS[layout], lambda t: torch.eye(4) / 4 * t.sum()),
        "a filter of zeros": changed(FILTERS[layout], torch.zeros_like),
        "a filter of one tap": changed(FILTERS[layout], lambda t: t[:1, :1]),
    }


@pytest.mark.parametrize("how", ["safetensors", "pt"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_refuses_in_one_line_what_is_no_generator(tmp_path: Path, layout: str, how: str) -> None:
    good = LAYOUTS[layout](random_weights())
    load_generator(saved(tmp_path, good))
    for what, damage in damages(layout).items():
        state = {name: tensor.clone().contiguous() for name, tensor in damage(good).items()}
        path = tmp_path / f"G.{how}"
        save_file(state, path) if how == "safetensors" else torch.save(state, path)
        try:
            load_generator(path)
        except WeightError as error:
            refusal = str(error)
        else:
            pytest.fail(f"read with {what}")
        assert refusal.startswith("G."), what
        assert "\n" not in refusal, what
        assert len(refusal) < 300, what


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (added("mapping.embed.weight", 4, 4), "classes"),
        (added("synthesis.b8.skip.weight", 4, 4, 1, 1), "'resnet'"),
        (without("b4.torgb", "b8.torgb"), "'orig'"),
        (without("b8.torgb"), "b8.torgb.weight is missing"),
        (added("synthesis.L0_36_512.weight", 4), "no part of a StyleGAN2"),
    ],
)
def test_what_nvidias_code_has_besides_is_called_by_its_name(
    tmp_path: Path, change: Callable[[State], State], reason: str
) -> None:
    with pytest.raises(WeightError, match=reason):
        load_generator(saved(tmp_path, change(tensors_b(random_weights()))))


def test_numbers_that_are_not_stored_are_counted(tmp_path: Path) -> None:
    state = tensors_a(random_weights())
    state["convs.1.conv.weight"] = torch.zeros(1).expand(1, 2**13, 2**13, 3, 3)
    with pytest.raises(WeightError, match="more numbers"):
        load_generator(saved(tmp_path, state))
    # Few numbers in the file, and gigabytes in each picture.
    widths = (1, 1, 1, 1, 1, 1, 1, 1, 300)
    with pytest.raises(WeightError, match="more than any known generator"):
        load_generator(saved(tmp_path, tensors_b(random_weights(widths))))


def test_a_progressive_gan_is_not_truncated(tmp_path: Path) -> None:
    state = {"layer1.conv.weight": torch.zeros(2, 2, 4, 4), "layer1.wscale.b": torch.zeros(2)}
    with pytest.raises(WeightError, match="no w to truncate"):
        load_generator(saved(tmp_path, state), truncation=0.5)
