"""Reading a file of a results folder: whatever is wrong with it becomes one line, a DissectionError."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from server.errors import DissectionError


@contextmanager
def reading(path: Path, what: str, command: str = "dissect") -> Iterator[None]:
    """Within it, whatever goes wrong becomes a DissectionError that names the file and says how to get a good one.

    what: what the file should hold. command: the subcommand that writes it.
    """
    try:
        yield
    except DissectionError:
        raise
    except FileNotFoundError as error:
        raise DissectionError(f"{path} is missing: run `unitbrush {command}` for this model") from error
    except Exception as error:  # a damaged archive can raise nearly anything
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        reason = " ".join(f"{kind}{error}".split())[:200]
        raise DissectionError(
            f"{path} holds no {what} this version can read ({reason}): run `unitbrush {command}` for this model"
        ) from error


def read_json(path: Path, schema: int) -> Any:
    """The JSON document of that schema in a file. To be called within `reading`, which knows what it raises."""
    document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    if document["schema"] != schema:
        raise ValueError(f"it has schema {document['schema']!r}, not {schema}")
    return document


def number(value: object) -> float:
    """A finite number. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)


def numbers(value: object) -> tuple[float, ...]:
    """A list of finite numbers. Raises ValueError."""
    return tuple(number(entry) for entry in entries(value))


def whole(value: object) -> int:
    """A whole number. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not a whole number")
    return value


def text(value: object) -> str:
    """A text that is not empty. Raises ValueError."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is not a name")
    return value


def entries(value: object) -> list[Any]:
    """A list. Raises ValueError."""
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list")
    return value


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number of JSON")
