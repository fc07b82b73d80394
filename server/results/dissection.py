"""The stored dissection of a model: what the server needs of it, loaded without torch in milliseconds.

A folder `dissect_results/<model>/` holds `dissection.json`:

    {"schema": 1, "model": "village", "source": "where the numbers come from",
     "brushes": [
       {"concept": "tree", "layer": "layer6", "best": true, "ranking": "contrast", "recommended_units": 60,
        "draw_effect": 0.44, "remove_effect": 0.31,
        "units": [{"unit": 17, "iou": 0.21, "effect": 0.03, "level": 1.9, "score": 0.8}, ...best first],
        "remove": {"best": true, "ranking": "causal removing", "recommended_units": 8, "units": [17, 4, ...best first]},
        "weak": ["removing"]}]}

A brush is what one concept is painted with at one layer: a ranking, a level for each of its units, and what
it was measured to do. Every concept has one brush a dissected layer, and one of them is its best. `remove`
is the ranking that its removal goes by, and says whether this layer is the best to remove at; without it
(older results have none) removing goes by the units it is drawn with. `weak` names what it does not do
clearly better than random units. `null` stands where a number was never measured; `recommended_units`,
`source`, `ranking`, `score`, `remove` and `weak` may be left out.

Concepts are read under what people call them, where `names.json` says so (`server.results.names`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from server.errors import DissectionError
from server.results import netdissect
from server.results.brush import DEFAULT_UNITS, Dissection, check
from server.results.names import FILE_NAME as NAMES
from server.results.names import Names, load_names
from server.results.reading import read_json, reading

SCHEMA = 1
FILE_NAME = "dissection.json"

_adapter = TypeAdapter(Dissection)


def is_dissected(folder: Path) -> bool:
    """Whether a dissection is there, damaged or not."""
    return any((folder / name).exists() for name in (FILE_NAME, netdissect.FILE_NAME))


def load_dissection(folder: Path) -> Dissection:
    """What is stored in `folder`, under what people call its concepts there.

    Raises DissectionError where there is nothing, or it is unreadable, or the names are.
    """
    return with_names(stored_dissection(folder), load_names(folder))


def with_names(dissection: Dissection, names: Names) -> Dissection:
    """The same brushes under other names. Raises DissectionError where two concepts would have one name."""
    if not names:
        return dissection
    brushes = tuple(replace(b, concept=names.get(b.concept, b.concept)) for b in dissection.brushes)
    named = replace(dissection, brushes=brushes)
    try:
        check(named)
    except DissectionError as error:
        raise DissectionError(f"{NAMES} gives two concepts one name: {error.detail}") from error
    return named


def stored_dissection(folder: Path) -> Dissection:
    """Read `folder/dissection.json`, or without one the `dissect.json` of the 2018 tool, under the names there.

    Raises DissectionError where neither is there or it is unreadable.
    """
    path = folder / FILE_NAME
    if not path.exists() and (folder / netdissect.FILE_NAME).exists():
        return netdissect.read_netdissect(folder)
    with reading(path, "dissection"):
        document = read_json(path, SCHEMA)
        for entry in document["brushes"]:
            if entry.get("recommended_units") is None:
                entry["recommended_units"] = min(DEFAULT_UNITS, len(entry["units"]))
        dissection = _adapter.validate_python(document)
        check(dissection)
        return dissection
