from __future__ import annotations

import pytest
import torch

from server.model.catalog import Catalog
from server.painting.painter import Painter
from server.painting.precision import Drafts, compare_drafts
from server.steps import finished


def test_a_draft_is_worth_its_error_where_it_is_faster_and_close() -> None:
    assert Drafts(0.5, 0.5, 7).worth_it
    assert not Drafts(1.1, 0.5, 7).worth_it
    assert not Drafts(0.5, 9.0, 80).worth_it


def test_drafts_are_compared_with_float32(catalog: Catalog) -> None:
    generator = catalog.get().generator
    exact, low = generator.frozen(), generator.frozen(torch.bfloat16)
    drafts = finished(compare_drafts(exact, low, "layer4", seconds=0.0))
    assert drafts.time > 0
    assert 0 < drafts.mean_error < 4
    assert drafts.largest_error >= drafts.mean_error
    same = finished(compare_drafts(exact, exact, "layer4", seconds=0.0))
    assert (same.mean_error, same.largest_error) == (0, 0)


@pytest.mark.parametrize(("precision", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_a_precision_that_is_named_is_used(catalog: Catalog, precision: str, dtype: torch.dtype) -> None:
    painter = Painter(catalog, precision=precision)  # type: ignore[arg-type]
    painter.drafts = Drafts(1.5 if dtype == torch.bfloat16 else 0.1, 0.5, 7)
    assert painter.draft_dtype == dtype


def test_what_was_measured_decides_over_what_the_processor_says(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: True, raising=False)
    painter = Painter(catalog)
    assert painter.draft_dtype == torch.bfloat16
    finished(painter.measure_drafts())
    assert painter.drafts is not None
    for drafts, dtype in ((Drafts(0.5, 0.5, 7), torch.bfloat16), (Drafts(1.5, 0.5, 7), torch.float32)):
        painter.drafts = drafts
        assert painter.draft_dtype == dtype


def test_where_bfloat16_is_emulated_nothing_is_measured(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False, raising=False)
    painter = Painter(catalog)
    finished(painter.measure_drafts())
    assert painter.drafts is None
    assert painter.draft_dtype == torch.float32
