"""What people call concepts: names in the place of those that a dissection has, such as "region 3".

`dissect_results/<model>/names.json`, first written by `unitbrush dissect --segmenter clusters`, then edited by hand:

    {"region 1": "face", "region 2": "background", "region 3": "region 3"}

Other results keep the names on the left, and are read under those on the right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from server.errors import DissectionError
from server.files import read_text
from server.results.reading import MAX_BYTES, Text, reason

FILE_NAME = "names.json"

Names = Mapping[str, str]

_adapter: TypeAdapter[dict[str, str]] = TypeAdapter(dict[Text, Annotated[Text, Field(max_length=64)]])


def load_names(folder: Path) -> Names:
    """The names in `folder/names.json`, none where there is no such file.

    Raises DissectionError where it is damaged, or gives two concepts one name.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return {}
    try:
        names = _adapter.validate_python(json.loads(read_text(path, MAX_BYTES)))
        twice = {name for name in names.values() if list(names.values()).count(name) > 1}
        if twice:
            raise ValueError(f"{min(twice)!r} stands for two concepts")
        return names
    except (OSError, ValueError, RecursionError) as error:
        raise DissectionError(f"{path} holds no names of concepts ({reason(error)}); correct or delete it") from error


def renamed(document: Any, names: Names) -> Any:
    """A JSON document with other names of concepts, wherever they stand as text or as keys."""
    if isinstance(document, str):
        return names.get(document, document)
    if isinstance(document, Mapping):
        return {names.get(key, key): renamed(value, names) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [renamed(value, names) for value in document]
    return document
