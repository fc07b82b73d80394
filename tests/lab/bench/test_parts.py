from __future__ import annotations

import pytest
import torch

from server.lab.bench.parts import plain_pass
from server.model.catalog import Catalog
from server.painting.painter import Painter


def test_the_plain_pass_draws_what_the_generator_draws(catalog: Catalog) -> None:
    generator = catalog.get().generator
    z = torch.randn(2, generator.latent_dim)
    with torch.inference_mode():
        torch.testing.assert_close(plain_pass(generator, "cpu")(z), generator(z), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("hardware", "dtype"), [(False, torch.float32), (True, torch.bfloat16)])
def test_drafts_are_in_bfloat16_only_where_the_processor_has_it(
    painter: Painter, monkeypatch: pytest.MonkeyPatch, hardware: bool, dtype: torch.dtype
) -> None:
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: hardware, raising=False)
    assert painter.draft_dtype is dtype
