"""Reading a file of a results folder: whatever is wrong with it becomes one line, a DissectionError."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from server.errors import DissectionError

MAX_BYTES = 64 * 1024 * 1024  # of a file, unpacked

# What the dataclasses of results hold, as it is read: nothing is converted.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True, min_length=1)]


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
        reason = " ".join(_reason(error).split())[:200]
        raise DissectionError(
            f"{path} holds no {what} this version can read ({reason}): run `unitbrush {command}` for this model"
        ) from error


def read_json(path: Path, schema: int) -> Any:
    """The JSON document of that schema in a file. To be called within `reading`, which knows what it raises."""
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES} bytes")
    document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    if document["schema"] != schema:
        raise ValueError(f"it has schema {document['schema']!r}, not {schema}")
    return document


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number of JSON")
