"""A model's artifact units as its dissection stored them, read without torch; `clean` in a picture ablates them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from server.results.dissection import DissectionError

FILE_NAME = "artifacts.json"
SCHEMA = 1

ArtifactUnits = tuple[tuple[str, tuple[int, ...]], ...]  # layers in the stored order, each with its units


def load_artifacts(folder: Path) -> ArtifactUnits:
    """The artifact units in `folder/artifacts.json`, layer by layer; empty where none were found or none sought.

    The file is `{"schema": 1, "units": [{"layer": name, "unit": number, ...}, ...], ...}`; in an older one `layer`
    stands beside `units`, once for all of them. Raises DissectionError where it is damaged or of another schema.
    """
    path = folder / FILE_NAME
    found: dict[str, list[int]] = {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise DissectionError(f"{path} has schema {document['schema']!r}, not {SCHEMA}: run `unitbrush dissect`")
        for entry in document["units"]:
            layer, unit = _unit({"layer": document.get("layer"), **entry})
            found.setdefault(layer, []).append(unit)
    except FileNotFoundError:
        return ()
    except DissectionError:
        raise
    except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DissectionError(f"{path} holds no artifact units this version can read") from error
    return tuple((layer, tuple(dict.fromkeys(units))) for layer, units in found.items())


def _unit(entry: Mapping[str, object]) -> tuple[str, int]:
    layer, unit = entry["layer"], entry["unit"]
    if not isinstance(layer, str) or isinstance(unit, bool) or not isinstance(unit, int) or unit < 0:
        raise ValueError(f"{unit!r} of {layer!r} is no unit")
    return layer, unit
