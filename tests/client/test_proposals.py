from __future__ import annotations

from dataclasses import fields

import numpy as np

from server.client import AsyncClient
from server.client.proposals import Proposals
from server.web.routes import proposals


async def test_a_thing_is_a_mask(painting: AsyncClient) -> None:
    picture = painting.picture("village", seed=5)
    found = await picture.proposals()
    thing = found.thing_at(0.3, 0.4, radius=0.2)
    assert thing.shape == (found.height, found.width) == (32, 32)
    assert thing[12, 9]
    regions = found.regions_at(0.3, 0.4)
    assert any(np.array_equal(thing, region) for region in regions)
    assert [int(region.sum()) for region in regions] == sorted(int(region.sum()) for region in regions)
    assert regions[-1].all()
    assert (await picture.draw("tree", png=thing).image()).size == (32, 32)


def test_it_has_what_the_server_tells() -> None:
    assert {field.name for field in fields(Proposals)} == set(proposals.Proposals.model_fields)
