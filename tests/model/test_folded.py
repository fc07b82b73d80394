"""The painting generator computes what the plain one computes."""

from __future__ import annotations

import pytest
import torch

from server.model import folded
from server.model.folded import FoldedGenerator
from server.model.progressive import ProgressiveGenerator

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
