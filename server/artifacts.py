"""A model's artifact units as its dissection stored them, read without torch; `clean` in a picture ablates them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from server.dissection.results import DissectionError

FILE_NAME = "artifacts.json"
SCHEMA = 1

ArtifactUnits = tuple[tuple[str, tuple[int, ...]], ...]  # layers in the stored order, each with its units


def load_artifacts(folder: Path) -> ArtifactUnits:
    """The artifact units in `folder/artifacts.json`, layer by layer; empty where none were found or none sought.

    The file is `{"schema": 1, "units": [{"layer": name, "unit": number, ...}, ...], ...}`; where a unit names no layer,
    the document's own `layer` holds. Raises DissectionError where it is damaged or of another schema.
    """
    path = folder / FILE_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise DissectionError(f"{path} has schema {document['schema']!r}, not {SCHEMA}: run `unitbrush dissect`")
        found: dict[str, dict[int, None]] = {}
        for entry in document["units"]:
            layer = entry["layer"] if "layer" in entry else document["layer"]
            found.setdefault(str(layer), {})[_unit(entry)] = None
        return tuple((layer, tuple(units)) for layer, units in found.items())
    except FileNotFoundError:
        return ()
    except DissectionError:
        raise
    except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DissectionError(f"{path} holds no artifact units this version can read") from error


def _unit(entry: Mapping[str, object]) -> int:
    unit = entry["unit"]
    if isinstance(unit, bool) or not isinstance(unit, int) or unit < 0:
        raise ValueError(f"{unit!r} is no unit")
    return unit
