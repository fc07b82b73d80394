"""StyleGAN2: both layouts draw what the NumPy reference draws, edited and not, plain and frozen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from server.errors import UnknownLayer
from server.model.generator import Activations, Generator, joined
from server.model.stylegan2 import StyleGAN2Generator
from server.model.stylegan2_layouts import read_stylegan2
from tests.helpers.stylegan2_reference import Array, draw, map_latent
from tests.helpers.stylegan2_weights import LATENT_DIM, LAYOUTS, W_DIM, WIDTHS, random_weights, tensors_a

EDITED = {1: (0, 2), 3: (1,), 4: (2, 0)}  # units by the number of a layer, from 1
LEVEL = 1.5


def make(side: int = 16, layout: str = "rosinality's", truncation: float = 1.0) -> StyleGAN2Generator:
    return read_stylegan2(LAYOUTS[layout](random_weights(WIDTHS[side])), truncation)


def edit(r: Array, number: int) -> Array:
    """The units at a level in the upper left quarter."""
    edited = r.copy()
    for unit in EDITED[number]:
        edited[unit, : r.shape[1] // 2, : r.shape[2] // 2] = LEVEL
    return edited


def run(generator: Generator, a: Activations, numbers: tuple[int, ...]) -> Array:
    """The image from the output of layer1, edited at the layers of these numbers. (3, R, R)."""
    at = "layer1"
    for number in sorted(numbers):
        a, at = generator.advance(a, at, f"layer{number}"), f"layer{number}"
        r = edit(a.r[0].double().numpy(), number)
        a = a.edited(torch.from_numpy(r[None]).to(a.r))
    return generator.tail(a, at)[0].double().numpy()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_constant_that_is_no_square_makes_pictures_that_are_none(layout: str) -> None:
    weights = random_weights(WIDTHS[16], across=6)
    plain = read_stylegan2(LAYOUTS[layout](weights))
    assert (plain.size, plain.resolution) == ((16, 24), 24)
    assert [(layer.height, layer.width) for layer in plain.layers] == [(4, 6), *[(8, 12)] * 2, *[(16, 24)] * 2]
    z = np.random.default_rng(7).standard_normal(LATENT_DIM).astype(np.float32)
    w = np.tile(map_latent(weights, z), (len(weights.layers) + 1, 1))
    expected = draw(weights, w, {n: lambda r, n=n: edit(r, n) for n in (1, 3, 4)})[-1]  # type: ignore[misc]
    with torch.inference_mode():
        for generator in (plain, plain.frozen()):
            a = generator.trunk(torch.from_numpy(z)[None], "layer1")
            assert np.abs(run(generator, a, (1, 3, 4)) - expected).max() < 1e-4


@pytest.mark.parametrize("edited", [(), (1, 3, 4)])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("side", WIDTHS)
def test_draws_what_the_reference_draws(side: int, layout: str, edited: tuple[int, ...]) -> None:
    weights, plain = random_weights(WIDTHS[side]), make(side, layout)
    z = np.random.default_rng(7).standard_normal(LATENT_DIM).astype(np.float32)
    w = np.tile(map_latent(weights, z), (len(weights.layers) + 1, 1))
    expected = draw(weights, w, {n: lambda r, n=n: edit(r, n) for n in edited})  # type: ignore[misc]
    with torch.inference_mode():
        for generator in (plain, plain.frozen()):
            assert generator.resolution == side
            a = generator.trunk(torch.from_numpy(z)[None], "layer1")
            assert np.abs(run(generator, a, edited) - expected[-1]).max() < 1e-4
            if not edited:
                for layer, r in zip(generator.layers, expected, strict=False):
                    a = generator.trunk(torch.from_numpy(z)[None], layer.name)
                    assert a.r.shape == (1, layer.units, layer.height, layer.width)
                    assert np.abs(a.r[0].double().numpy() - r).max() < 1e-4
                    assert np.abs(generator.tail(a, layer.name)[0].double().numpy() - expected[-1]).max() < 1e-4


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layer_has_its_own_w(layout: str) -> None:
    weights, plain = random_weights(), make(layout=layout)
    w = np.random.default_rng(8).standard_normal(plain.w_shape).astype(np.float32)
    expected = draw(weights, w)[-1]
    for generator in (plain, plain.frozen()):
        a = generator.trunk_from_w(torch.from_numpy(w)[None], "layer2")
        assert np.abs(generator.tail(a, "layer2")[0].double().numpy() - expected).max() < 1e-4
    with pytest.raises(UnknownLayer):
        plain.trunk_from_w(torch.from_numpy(w)[None], "layer9")


@pytest.mark.parametrize(("layout", "bound"), [("rosinality's", np.inf), ("NVIDIA's", 256.0)])
def test_activations_are_bounded_as_their_training_bounds_them(layout: str, bound: float) -> None:
    weights = random_weights()
    loud = replace(weights, layers=[replace(layer, bias=200 * layer.bias) for layer in weights.layers])
    z = np.random.default_rng(7).standard_normal(LATENT_DIM).astype(np.float32)
    w = np.tile(map_latent(loud, z), (len(loud.layers) + 1, 1))
    expected = draw(loud, w, bound=bound)
    scale = np.abs(expected[-1]).max()
    assert np.abs(draw(loud, w)[-1] - draw(loud, w, bound=256.0)[-1]).max() > 0.1 * scale, "that matters here"
    plain = read_stylegan2(LAYOUTS[layout](loud))
    with torch.inference_mode():
        for generator in (plain, plain.frozen()):
            a = generator.trunk(torch.from_numpy(z)[None], "layer3")
            assert np.abs(a.r[0].double().numpy() - expected[2]).max() < 1e-5 * np.abs(expected[2]).max()
            assert np.abs(generator.tail(a, "layer3")[0].double().numpy() - expected[-1]).max() < 1e-5 * scale


@pytest.mark.parametrize("truncation", [0.0, 0.5, 1.0])
def test_truncation_goes_towards_the_stored_average(truncation: float) -> None:
    generator = make(truncation=truncation)
    z = np.random.default_rng(9).standard_normal(LATENT_DIM).astype(np.float32)
    expected = map_latent(random_weights(), z, truncation)
    for each in (generator, generator.frozen()):
        w = each.trunk(torch.from_numpy(z)[None], "layer1").beside[0]
        assert w.shape == (1, *generator.w_shape) == (1, 6, W_DIM)
        np.testing.assert_allclose(w[0].numpy(), np.tile(expected, (6, 1)), atol=1e-5)


def test_an_average_that_is_not_stored_is_the_mean_of_many() -> None:
    tensors = tensors_a(random_weights())
    del tensors["latent_avg"]
    generator = read_stylegan2(tensors, truncation=0.0)
    many = read_stylegan2(tensors).mapping(torch.randn(20_000, LATENT_DIM, generator=torch.manual_seed(1)))
    w = generator.trunk(torch.zeros(1, LATENT_DIM), "layer1").beside[0]
    torch.testing.assert_close(w[0, 0], many.mean(0), atol=0.05 * float(many.std()), rtol=0)


def test_without_stored_noise_none_is_added() -> None:
    tensors = {name: tensor for name, tensor in tensors_a(random_weights()).items() if "noise" not in name}
    silent = {name: tensor * (".noise." not in name) for name, tensor in tensors_a(random_weights()).items()}
    z = torch.randn(1, LATENT_DIM)
    torch.testing.assert_close(image(read_stylegan2(tensors), z), image(read_stylegan2(silent), z))


def image(generator: Generator, z: torch.Tensor) -> torch.Tensor:
    return generator.tail(generator.trunk(z, "layer1"), "layer1")


def test_several_pictures_are_drawn_as_one_is() -> None:
    plain = make(64)
    z = torch.randn(3, LATENT_DIM)
    for generator in (plain, plain.frozen()):
        whole = image(generator, z)
        torch.testing.assert_close(whole, torch.cat([image(generator, one[None]) for one in z]), atol=1e-4, rtol=1e-4)
        parts = joined([generator.trunk(one[None], "layer4") for one in z])
        torch.testing.assert_close(generator.tail(parts, "layer4"), whole, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(generator.tail(parts[1:], "layer4"), whole[1:], atol=1e-4, rtol=1e-4)


def test_gradients_go_through_the_tail() -> None:
    generator = make()
    a = generator.trunk(torch.randn(2, LATENT_DIM), "layer3")
    r = a.r.clone().requires_grad_()
    generator.tail(a.edited(r), "layer3").square().mean().backward()
    assert r.grad is not None
    assert bool((r.grad != 0).any((2, 3)).all())


def test_drafts_stay_close() -> None:
    plain = make(64)
    draft = plain.frozen(torch.bfloat16)
    z = torch.randn(1, LATENT_DIM)
    a = draft.trunk(z, "layer4")
    assert [tensor.dtype for tensor in (a.r, *a.beside)] == [torch.bfloat16, torch.float32, torch.float32]
    expected, found = image(plain, z), draft.tail(a, "layer4")
    assert found.dtype == torch.float32
    assert float((found - expected).abs().mean()) < 0.03 * float(expected.std())


def test_the_frozen_weights_are_its_own() -> None:
    plain = make()
    frozen = plain.frozen()
    z = torch.randn(1, LATENT_DIM)
    before = image(frozen, z)
    for tensor in plain.state_dict().values():
        tensor.zero_()
    assert torch.equal(image(frozen, z), before)
    assert frozen.frozen() is frozen
    with pytest.raises(ValueError, match="frozen for"):
        frozen.frozen(torch.bfloat16)
