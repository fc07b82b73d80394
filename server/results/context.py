"""The context table of a dissection: what each concept can be drawn on.

`dissect_results/<model>/context.json`, written by `unitbrush dissect`:

    {"schema": 1, "concepts": ["sky", "tree", ...],     what may stand in the mask
     "draw": {"tree": {"sky": {"pictures": 12, "before": 0.02, "drawn": 0.61, "visible": 0.9}, "tree": null, ...}}}

`draw` has, by the drawn concept and then by what stood in the mask, the drawn concept's share of the mask before and
after, and the part of the pictures where one sees it appear; null where too few such places were found.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NotRequired

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from server.results.names import Names, load_names, renamed
from server.results.reading import Number, Text, Whole, read_json, reading

FILE_NAME = "context.json"
SCHEMA = 1


class Gain(TypedDict):
    """What drawing a concept on another one gave."""

    pictures: Annotated[Whole, Field(ge=1)]
    before: Number
    drawn: Number
    visible: NotRequired[Number | None]


class ContextTable(TypedDict):
    """A context table."""

    concepts: list[Text]
    draw: dict[Text, dict[Text, Gain | None]]


_adapter = TypeAdapter(ContextTable)


def load_context(folder: Path, names: Names | None = None) -> ContextTable:
    """The members `concepts` and `draw` of `folder/context.json`. names: of its concepts, those in `folder` by default.

    Raises DissectionError where the file is missing, damaged or of another schema.
    """
    path, names = folder / FILE_NAME, load_names(folder) if names is None else names
    with reading(path, "context table"):
        document = read_json(path, SCHEMA)
        return _adapter.validate_python(renamed(document, names))
