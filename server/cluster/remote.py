"""What draws by painters elsewhere. A picture's pixels depend on its document alone, so where a painter is lost,
another one is asked.
"""

import logging
from collections.abc import Callable
from typing import Any, Protocol, cast

import numpy as np

from server.errors import UnitbrushError
from server.model.catalog import Catalog
from server.model.pixels import Pixels
from server.painting.edits import Check, Covered, go_on
from server.painting.painter import Featuremaps, Labels
from server.painting.picture import Picture
from server.web.engine import Busy

log = logging.getLogger(__name__)

ATTEMPTS = 4  # with as many painters, all but the last of which are lost on the way
CHECK_SECONDS = 0.25


class Response(Protocol):
    """What a painter will answer: an array, or the error it met."""

    def result(self, *, timeout_s: float) -> Any:
        """Wait for it. Raises TimeoutError where it is not there in time."""

    def cancel(self) -> None:
        """Say that nobody waits for it."""


# Calls a method of some painter that holds the model or will load it: the method's name, the model's, the arguments.
Ask = Callable[..., Response]


class RemotePainter:
    """The methods of a `Painter`, each of which waits for one elsewhere. For any number of threads.

    They raise what the painter's raise, and Busy where painters are lost one after another. lost: the errors that say
    so. catalog: the studio's own, which knows what models there are.
    """

    def __init__(self, ask: Ask, lost: tuple[type[Exception], ...], catalog: Catalog) -> None:
        self._ask, self._lost, self._catalog = ask, lost, catalog

    def render(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        return cast(Pixels, self._drawn("render", picture, check, draft))

    def frame(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        return cast(Pixels, self._drawn("frame", picture, check, draft))

    def featuremaps(self, picture: Picture, layer: str, check: Check = go_on) -> Featuremaps:
        return cast(Featuremaps, self._drawn("featuremaps", picture, check, layer))

    def labels(self, picture: Picture, check: Check = go_on) -> Labels:
        return cast(Labels, self._drawn("labels", picture, check))

    def covered(self, picture: Picture, check: Check = go_on) -> Covered:
        return cast(Covered, self._drawn("covered", picture, check))

    def _drawn(self, method: str, picture: Picture, check: Check, *arguments: object) -> Any:
        self._catalog.get(picture.model)  # a stranger's name for a model is no reason to look for a painter
        for _ in range(ATTEMPTS):
            try:
                answer = _wait(self._ask(method, picture.model, picture, *arguments), check)
            except self._lost as error:
                log.warning("a painter is lost: %s", " ".join(str(error).split())[:200])
                check()
                continue
            if isinstance(answer, UnitbrushError):
                raise answer
            return np.array(answer)  # one's own: what came lies in memory that processes share, and can't be written to
        raise Busy("painters are lost one after another; try again in a moment")


def _wait(response: Response, check: Check) -> Any:
    """The answer. Raises what `check` raises meanwhile, and tells the painter then."""
    while True:
        try:
            return response.result(timeout_s=CHECK_SECONDS)
        except TimeoutError:
            try:
                check()
            except BaseException:
                response.cancel()
                raise
