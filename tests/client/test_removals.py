from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from server.client import AsyncClient, UnitbrushProblem
from server.client.answers import Job
from server.client.removals import Comparison, Removal
from server.inpainting.ways import ways_with
from server.web.routes import comparison


async def test_what_is_removed_is_removed_in_every_way(painting: AsyncClient) -> None:
    picture = painting.picture("village", seed=5).remove("tree", rect=(0.3, 0.3, 0.6, 0.6)).draw("door")
    told: list[Job] = []
    removals = await picture.compare(on_progress=told.append)
    assert [removal.way for removal in removals] == list(ways_with(None))
    assert all(removal.ms > 0 for removal in removals)
    assert told
    brush = np.asarray(removals[0].decoded())
    assert np.array_equal(brush, np.asarray(await picture.undo().image()))
    assert await picture.compare(0) is not None


async def test_what_is_drawn_is_not_compared(painting: AsyncClient) -> None:
    with pytest.raises(UnitbrushProblem, match="draws"):
        await painting.picture("village", seed=5).draw("tree").compare(0)


def test_they_have_what_the_server_tells() -> None:
    assert {field.name for field in fields(Comparison)} == set(comparison.Comparison.model_fields)
    assert {field.name for field in fields(Removal)} == set(comparison.Removal.model_fields)
