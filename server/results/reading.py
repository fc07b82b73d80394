"""Reading a file of a results folder: whatever is wrong with it becomes one line, a DissectionError."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from server.errors import DissectionError
from server.files import is_lfs_pointer, read_text

MAX_BYTES = 64 * 1024 * 1024  # of a file, unpacked


def _encodable(text: str) -> str:
    text.encode()  # no lone surrogate, which no answer can carry
    return text


# What the dataclasses of results hold, as it is read: nothing is converted.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True, min_length=1), AfterValidator(_encodable)]


@contextmanager
def reading(path: Path, what: str, command: str = "dissect") -> Iterator[None]:
    """Within it, whatever goes wrong becomes a DissectionError that names the file and says how to get a good one.

    what: what the file should hold. command: the subcommand that writes it.
    """
    try:
        if path.exists() and not path.is_file():
            raise ValueError("it is no plain file")
        yield
    except DissectionError:
        raise
    except FileNotFoundError as error:
        raise DissectionError(f"{path} is missing: run `unitbrush {command}` for this model") from error
    except Exception as error:  # a damaged archive can raise nearly anything
        if is_lfs_pointer(path):
            raise DissectionError(f"{path} is a Git LFS pointer, not the file itself: run `git lfs pull`") from error
        raise DissectionError(
            f"{path} holds no {what} this version can read ({reason(error)}): run `unitbrush {command}` for this model"
        ) from error


def read_json(path: Path, schema: int) -> Any:
    """The JSON document of that schema in a file. To be called within `reading`, which knows what it raises."""
    document = json.loads(read_text(path, MAX_BYTES), parse_constant=_refuse)
    if document["schema"] != schema:
        raise ValueError(f"it has schema {document['schema']!r}, not {schema}")
    return document


def reason(error: Exception) -> str:
    """What went wrong, in a short line."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        text = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    else:
        text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:200]


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number of JSON")
