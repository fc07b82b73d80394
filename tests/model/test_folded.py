"""The painting generator computes what the plain one computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from server.model import folded
from server.model.folded import FoldedGenerator
from server.model.progressive import ProgressiveGenerator
from tests.helpers.reference import Array, generate

# Odd widths too: packed kernels pad them.
WIDTHS = [(16, 12, 8, 8), (5, 7, 3), (32, 48, 33, 9)]


def make(widths: tuple[int, ...]) -> ProgressiveGenerator:
    torch.manual_seed(3)
    return ProgressiveGenerator(8, widths).eval().requires_grad_(False)


@pytest.mark.parametrize("widths", WIDTHS)
def test_agrees_with_the_plain_generator_at_every_layer(widths: tuple[int, ...]) -> None:
    plain = make(widths)
    painting = FoldedGenerator(plain)
    z = torch.randn(1, 8)
    whole = plain(z)
    for layer in plain.layers:
        a = painting.trunk(z, layer.name)
        torch.testing.assert_close(a.r, plain.trunk(z, layer.name).r, atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(painting.tail(a, layer.name), whole, atol=1e-4, rtol=1e-3)


def edit(r: Array) -> Array:
    """Two units at a level in the upper left quarter."""
    edited = r.copy()
    edited[[0, 2], : r.shape[1] // 2, : r.shape[2] // 2] = 1.5
    return edited


@pytest.mark.parametrize("numbers", [(), (1, 3, 4)])
# 16, 64 and 256 pixels. Where a few units come near zero together, PixelNorm makes much of their rounding.
@pytest.mark.parametrize("widths", [(16, 17, 15), (16, 17, 18, 15, 16), (16, 15, 18, 17, 16, 15, 16)])
def test_draws_what_the_reference_draws(widths: tuple[int, ...], numbers: tuple[int, ...]) -> None:
    plain = make(widths)
    z = np.random.default_rng(7).standard_normal(8).astype(np.float32)
    blocks = [plain.block(name) for name in (*(layer.name for layer in plain.layers), plain.output_name)]
    arrays = [(block.conv.weight.double().numpy(), block.wscale.b.double().numpy()) for block in blocks]
    expected = generate(z, arrays[:-1], arrays[-1], dict.fromkeys(numbers, edit))[-1]
    for generator in (plain, FoldedGenerator(plain)):
        a, at = generator.trunk(torch.from_numpy(z)[None], "layer1"), "layer1"
        for number in numbers:
            a, at = generator.advance(a, at, f"layer{number}"), f"layer{number}"
            a = a.edited(torch.from_numpy(edit(a.r[0].double().numpy())[None]).to(a.r))
        assert np.abs(generator.tail(a, at)[0].double().numpy() - expected).max() < 1e-4


@pytest.mark.parametrize("widths", WIDTHS)
def test_agrees_where_packed_kernels_are_missing(widths: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(*_: object) -> None:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(folded, "_packed", unavailable)
    plain = make(widths)
    z = torch.randn(1, 8)
    painting = FoldedGenerator(plain)
    torch.testing.assert_close(painting.tail(painting.trunk(z, "layer3"), "layer3"), plain(z), atol=1e-4, rtol=1e-3)


def test_wrong_packed_kernels_are_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folded, "_packed", lambda block, *_: lambda x: torch.zeros(1, block.wscale.b.shape[0], 1, 1))
    plain = make(WIDTHS[0])
    z = torch.randn(1, 8)
    painting = FoldedGenerator(plain)
    torch.testing.assert_close(painting.tail(painting.trunk(z, "layer3"), "layer3"), plain(z), atol=1e-4, rtol=1e-3)


def test_bfloat16_stays_close() -> None:
    plain = make(WIDTHS[0])
    draft = FoldedGenerator(plain, torch.bfloat16)
    z = torch.randn(1, 8)
    image = draft.tail(draft.trunk(z, "layer4"), "layer4")
    assert image.dtype == torch.float32
    assert float((image - plain(z)).abs().mean()) < 0.03


def test_the_weights_are_its_own() -> None:
    plain = make(WIDTHS[0])
    painting = FoldedGenerator(plain)
    z = torch.randn(1, 8)
    before = painting.tail(painting.trunk(z, "layer4"), "layer4")
    for p in plain.parameters():
        p.data.zero_()
    assert torch.equal(painting.tail(painting.trunk(z, "layer4"), "layer4"), before)


def test_a_block_tells_how_often_it_multiplies_for_a_cell() -> None:
    plain = make(WIDTHS[0])
    painting, seen = FoldedGenerator(plain), []
    for name in (*(layer.name for layer in plain.layers), plain.output_name):
        block, local = plain.block(name), painting.local(name)
        if local is not None:
            assert local.work == block.kernel().numel() // (4 if block.up else 1)
            seen.append(block.up)
    assert set(seen) == {True, False}
