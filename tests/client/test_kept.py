from __future__ import annotations

import pytest

from server.client import AsyncClient, UnitbrushProblem


async def test_a_kept_picture_goes_on_step_by_step(painting: AsyncClient) -> None:
    picture = painting.picture("village", seed=3).draw("tree", rect=(0, 0, 0.5, 0.5))
    kept = await painting.keep(picture)
    assert (kept.picture, kept.revision, kept.name, kept.can_undo) == (picture, 1, "", False)
    changed = await kept.put(kept.picture.draw("door").move(season=1))
    assert (kept.picture, changed.revision, changed.can_undo) == (picture, 2, True)
    assert changed.picture == picture.draw("door").move(season=1)
    assert changed.created == kept.created <= changed.changed
    back = await changed.undo()
    assert (back.picture, back.can_redo) == (picture, True)
    assert (await (await back.redo()).rename(" Three ")).name == "Three"
    now = await painting.open(kept.id)
    assert now == await kept.reload()
    assert (await now.reset()).picture == picture.undo().move(season=1)


async def test_a_picture_changed_meanwhile_is_not_lost(painting: AsyncClient) -> None:
    kept = await painting.keep(painting.picture("village", seed=3))
    other = await (await painting.open(kept.id)).put(kept.picture.draw("tree"))
    with pytest.raises(UnitbrushProblem) as caught:
        await kept.put(kept.picture.draw("door"))
    assert caught.value.status == 412
    with pytest.raises(UnitbrushProblem):
        await kept.delete()
    kept = await kept.reload()
    assert kept == other
    await kept.delete()
    with pytest.raises(UnitbrushProblem) as caught:
        await painting.open(kept.id)
    assert (caught.value.status, caught.value.type) == (404, "urn:unitbrush:problem:unknown-picture")


async def test_a_kept_picture_stays_with_its_scene(painting: AsyncClient) -> None:
    z = [0.5, -1, 2, 0, 0, 0, 0, 1 / 3]
    kept = await painting.keep(painting.picture("village", z=z, clean=True))
    assert (await kept.put(painting.picture("village", z=z))).picture.document.get("clean") is None
    with pytest.raises(ValueError, match="keep the other scene as a new picture"):
        await kept.put(painting.picture("village", seed=3))


async def test_there_may_be_nothing_to_undo(painting: AsyncClient) -> None:
    kept = await painting.keep(painting.picture("village", seed=3))
    with pytest.raises(UnitbrushProblem) as caught:
        await kept.undo()
    assert (caught.value.status, caught.value.title) == (409, "There is nothing to undo or redo")
