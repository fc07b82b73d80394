"""A painter's process as Ray Serve runs it, but in this one; `make test-cluster` runs it, as it needs Ray."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from server.cluster.remote import RemotePainter
from server.errors import PictureError
from server.model.catalog import Catalog
from server.painting.painter import Painter
from server.painting.parsing import parse_picture
from server.painting.picture import Picture
from tests.helpers.serving import settings_in

pytest.importorskip("ray", reason="make test-cluster installs it")

from ray import serve

from server.cluster import application, replica

BATCH = 4


@pytest.fixture
def remote(installed: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> RemotePainter:
    """Draws by a painter of its own, which takes frames together."""
    loaded: dict[str, Painter] = {}
    # Two things that only a cluster has: what a process knows of its deployment, and multiplexing.
    config = SimpleNamespace(max_ongoing_requests=100)
    monkeypatch.setattr(serve, "get_replica_context", lambda: SimpleNamespace(_deployment_config=config))

    async def painter_of(self: replica.Replica, model: str) -> Painter:
        if model not in loaded:
            loaded[model] = await self._in_thread(partial(replica._load, self._settings, model))
        return loaded[model]

    monkeypatch.setattr(replica.Replica, "_painter_of", painter_of)
    settings = settings_in(installed, device="cpu", frame_batch=BATCH)
    handle = serve.run(application.painters(settings), _local_testing_mode=True)
    return RemotePainter(partial(application.ask, handle), application.LOST, catalog)


def painted(seed: int, **edit: object) -> Picture:
    return parse_picture({"model": "village", "seed": seed, "edits": [{"op": "draw", "concept": "tree", **edit}]})


@pytest.fixture
def painter(catalog: Catalog) -> Painter:
    """What it should draw as."""
    return Painter(catalog, precision="float32")


def test_a_replica_gives_what_a_painter_does(remote: RemotePainter, painter: Painter) -> None:
    picture = painted(7, mask={"rect": [0.1, 0.2, 0.6, 0.9]})
    assert np.array_equal(remote.render(picture), painter.render(picture))
    assert np.array_equal(remote.frame(picture, draft=True), painter.frame(picture, draft=True))
    assert np.array_equal(remote.labels(picture), painter.labels(picture))
    assert np.array_equal(remote.covered(picture), painter.covered(picture))
    assert np.array_equal(remote.featuremaps(picture, "layer4"), painter.featuremaps(picture, "layer4"))


def test_frames_that_are_taken_together_are_each_its_own(remote: RemotePainter, painter: Painter) -> None:
    pictures = [painted(seed, mask=None) for seed in range(3 * BATCH)]
    with ThreadPoolExecutor(len(pictures)) as threads:
        frames = list(threads.map(remote.frame, pictures))
    for frame, picture in zip(frames, pictures, strict=True):
        assert np.array_equal(frame, painter.frame(picture))


def test_an_error_is_the_callers_alone(remote: RemotePainter) -> None:
    wrong = painted(1, mask=None, layer="layer99")
    with ThreadPoolExecutor(2) as threads:
        bad, good = threads.submit(remote.frame, wrong), threads.submit(remote.frame, painted(1, mask=None))
        with pytest.raises(PictureError, match="layer99"):
            bad.result()
        assert good.result().shape == (32, 32, 3)
