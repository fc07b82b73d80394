from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dissection.handmade import UNITS, HandmadeGenerator, passes
from server.dissection.artifacts import find_artifacts


def test_a_clean_generator_has_no_artifact_units() -> None:
    found, document = find_artifacts(passes(), "layer1", range(20))
    assert found == []
    assert document["units"] == []
    assert document["without_all"] == document["entropy"]


def test_a_unit_that_spoils_pictures_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unit 3 turns everything grey, which the segmenter cannot name."""
    tail, trunk = HandmadeGenerator.tail, HandmadeGenerator.trunk

    def grey(self: HandmadeGenerator, r: Tensor, layer: str) -> Tensor:
        dirt = r[:, 3].abs().mean((1, 2)).clamp(max=1)[:, None, None, None]
        return tail(self, r, layer) * (1 - 0.6 * dirt)

    def always_on(self: HandmadeGenerator, z: Tensor, layer: str) -> Tensor:
        r = trunk(self, z, layer)
        r[:, 3] = torch.rand(len(z), 1, 1, generator=torch.Generator().manual_seed(len(z))) * 0.5 + 0.3
        return r

    monkeypatch.setattr(HandmadeGenerator, "tail", grey)
    monkeypatch.setattr(HandmadeGenerator, "trunk", always_on)
    found, document = find_artifacts(passes(), "layer1", range(20), candidates=UNITS)
    assert [a.unit for a in found] == [3]
    assert found[0].without < found[0].entropy
    assert found[0].better > 0.9
    assert document["without_all"] == pytest.approx(found[0].without, abs=1e-4)
