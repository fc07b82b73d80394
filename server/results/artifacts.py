"""A model's artifact units as its dissection stored them; `clean` in a picture ablates them.

`dissect_results/<model>/artifacts.json`, written by `unitbrush dissect`:

    {"schema": 1, "units": [{"layer": "layer6", "unit": 17, ...}, ...], ...}

In an older one `layer` stands beside `units`, once for all of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from server.results.reading import Text, Whole, read_json, reading

FILE_NAME = "artifacts.json"
SCHEMA = 1

_adapter = TypeAdapter(tuple[Text, Annotated[Whole, Field(ge=0)]])

ArtifactUnits = tuple[tuple[str, tuple[int, ...]], ...]  # layers in the stored order, each with its units


def load_artifacts(folder: Path) -> ArtifactUnits:
    """The artifact units in `folder/artifacts.json`, layer by layer; empty where none were found or none sought.

    Raises DissectionError where the file is damaged or of another schema.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return ()
    by_layer: dict[str, dict[int, None]] = {}
    with reading(path, "artifact units"):
        document = read_json(path, SCHEMA)
        for entry in document["units"]:
            layer, unit = _adapter.validate_python((entry.get("layer", document.get("layer")), entry["unit"]))
            by_layer.setdefault(layer, {})[unit] = None
    return tuple((layer, tuple(units)) for layer, units in by_layer.items())
