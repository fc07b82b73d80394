"""What stands beside a model's weights, an encoder or another network, read once for each state of its file.

translators = Beside(TRANSLATOR, translator_of)
translator = translators.of(model).value
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from server.errors import UnitbrushError, WeightError
from server.files import file_state
from server.model.catalog import Model
from server.model.generator import Generator
from server.results.reading import reason

log = logging.getLogger(__name__)

T = TypeVar("T")

State = tuple[tuple[int, int, int], ...]  # of the file and of the model's weights


@dataclass(frozen=True)
class Standing(Generic[T]):
    """What stands there. state: another one whenever its file or the model's weights change."""

    value: T
    state: State


class Beside(Generic[T]):
    """Reads a file beside a model's weights where either has changed since the last time. It keeps what it read, or why
    that could not be, one for each model, as the catalog keeps one of each model. Safe to share between threads.

    name: of the file, in the model's folder. read: what stands there; it may raise.
    """

    def __init__(self, name: str, read: Callable[[Model], T]) -> None:
        self._name, self._read = name, read
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Generator, Standing[T | UnitbrushError]]] = {}

    def of(self, model: Model) -> Standing[T]:
        """What stands beside that model. Raises what `read` raises."""
        state = _state(model.folder / self._name, model.weights)
        known = self._standing(model, state)
        if known is None:  # nobody waits for one that another is reading, but who needs that one
            with self._lock:
                known = self._standing(model, state) or self._add(model, state)
        value = known.value
        if isinstance(value, UnitbrushError):
            raise type(value)(value.detail)
        return Standing(value, known.state)

    def _standing(self, model: Model, state: State) -> Standing[T | UnitbrushError] | None:
        generator, standing = self._known.get(model.name, (None, None))
        return standing if standing is not None and generator is model.generator and standing.state == state else None

    def _add(self, model: Model, state: State) -> Standing[T | UnitbrushError]:
        value: T | UnitbrushError
        try:
            value = self._read(model)
        except UnitbrushError as error:
            # Made anew, as what was raised holds on to all that was read.
            value = type(error)(error.detail)
        except Exception as error:  # a stranger's folder
            value = WeightError(f"{self._name} of {model.name!r} cannot be read ({reason(error)})")
        if isinstance(value, WeightError):
            log.error("%s", value)
        standing = Standing(value, state)
        self._known[model.name] = model.generator, standing
        return standing


def _state(path: Path, weights: Path | None) -> State:
    return (file_state(path), *(() if weights is None else (file_state(weights),)))
