"""A painter's process: the models that it holds, the frames that it takes together, its device's thread."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import torch
from ray import serve

from server.app import make_painter
from server.errors import UnitbrushError
from server.model.catalog import Catalog
from server.model.pixels import Pixels
from server.painting.edits import Covered
from server.painting.painter import Featuremaps, Labels, Painter
from server.painting.picture import Picture
from server.settings import Settings

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

MODELS = 3  # that a painter holds; the one used least recently makes room
BATCH_SECONDS = 0.003  # that the first frame of a batch waits for others


@dataclass(frozen=True)
class Frame:
    """A frame to be drawn. draft: whether one will do."""

    painter: Painter
    picture: Picture
    draft: bool


class Replica:
    """A process that paints. Its methods give an array, or the error that the painter's method raises: an error that is
    raised here would come as one of Ray's.

    batch: frames that it takes together, in one trip through its thread.
    """

    async def __init__(self, settings: Settings, batch: int) -> None:  # type: ignore[misc]  # Ray awaits it
        """Draw a first picture, so that nobody waits for that."""
        self._settings = settings
        threads = settings.threads or torch.get_num_threads()
        self._thread = ThreadPoolExecutor(1, "device", partial(torch.set_num_threads, threads))
        self._frames.set_max_batch_size(batch)
        self._frames.set_batch_wait_timeout_s(BATCH_SECONDS if batch > 1 else 0.0)
        await self.render(Picture(settings.default_model, 0))

    async def render(self, picture: Picture, draft: bool = False) -> Pixels | UnitbrushError:
        return await self._answer(picture, Painter.render, draft)

    async def featuremaps(self, picture: Picture, layer: str) -> Featuremaps | UnitbrushError:
        return await self._answer(picture, Painter.featuremaps, layer)

    async def labels(self, picture: Picture) -> Labels | UnitbrushError:
        return await self._answer(picture, Painter.labels)

    async def covered(self, picture: Picture) -> Covered | UnitbrushError:
        return await self._answer(picture, Painter.covered)

    async def frame(self, picture: Picture, draft: bool = False) -> Pixels | UnitbrushError:
        try:
            painter = await self._painter_of(picture.model)
        except UnitbrushError as error:
            return error
        answer: Pixels | UnitbrushError = await self._frames(Frame(painter, picture, draft))
        return answer

    @serve.batch
    async def _frames(self, frames: list[Frame]) -> list[Pixels | UnitbrushError]:
        return await self._in_thread(lambda: _drawn(frames))

    @serve.multiplexed(max_num_models_per_replica=MODELS)
    async def _painter_of(self, model: str) -> Painter:
        """What paints with one model alone, so that with it go all its caches. Raises what loading it raises."""
        return await self._in_thread(partial(_load, self._settings, model))

    async def _answer(
        self, picture: Picture, method: Callable[..., Answer], *arguments: object
    ) -> Answer | UnitbrushError:
        try:
            painter = await self._painter_of(picture.model)
        except UnitbrushError as error:
            return error
        return await self._in_thread(lambda: _outcome(method, painter, picture, *arguments))

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _load(settings: Settings, model: str) -> Painter:
    """A painter of that model, with its share of the memory for caches. Raises what loading the model raises."""
    catalog = Catalog(settings.models_dir, settings.results_dir, settings.default_model, settings.trusted_modules)
    catalog.get(model)
    share = {name: getattr(settings, name) // MODELS for name in ("trunk_cache_bytes", "pass_cache_bytes")}
    return make_painter(catalog, settings.model_copy(update=share))


def _drawn(frames: list[Frame]) -> list[Pixels | UnitbrushError]:
    """The frames, or what drawing them raises: several drafts of one model at once, finished ones by themselves."""
    answers: dict[int, Pixels | UnitbrushError] = {}
    drafts: dict[Painter, list[int]] = defaultdict(list)
    for i, frame in enumerate(frames):
        if frame.draft:
            drafts[frame.painter].append(i)
        else:
            answers[i] = _outcome(frame.painter.frame, frame.picture)
    for painter, numbers in drafts.items():
        if len(numbers) == 1:
            answers[numbers[0]] = _outcome(painter.frame, frames[numbers[0]].picture, True)
            continue
        came = _outcome(painter.drafts_of, [frames[i].picture for i in numbers])
        several = [came] * len(numbers) if isinstance(came, UnitbrushError) else came
        answers |= {i: _outcome(_given, one) for i, one in zip(numbers, several, strict=True)}
    return [answers[i] for i in range(len(frames))]


def _given(answer: Pixels | Exception) -> Pixels:
    if isinstance(answer, Exception):
        raise answer
    return answer


def _outcome(method: Callable[..., Answer], *arguments: object) -> Answer | UnitbrushError:
    """What a method gives, or the error that it raises: one of ours, or one that says as much as a caller may know."""
    try:
        return method(*arguments)
    except UnitbrushError as error:
        return error
    except Exception:
        log.exception("painting failed")
        return UnitbrushError("the painter's log says more")
