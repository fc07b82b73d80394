"""The picture: a model, a latent, directions it moves along, and a list of edits. The image is a pure function of it.

    picture = Picture(model="village", seed=42, edits=(Edit("draw", "tree", Rect(0.1, 0.5, 0.4, 0.8)),))
    picture_to_json(picture)    # the canonical document: one spelling for each picture
    digest(picture)             # and its SHA-256

Reading a document somebody sent is `server.painting.parsing`'s matter; these dataclasses are taken as valid.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from server.painting.mask import Mask, Png, Rect, Stroke, Strokes

VERSION = 1


@dataclass(frozen=True)
class Edit:
    """One draw or remove.

    units: how many of the brush's top units (None for the recommended number), or explicit unit numbers; then
    a draw has a level for each and the concept is a label that may be missing. strength: 0..1, blends towards
    the constant. layer: None for the concept's best layer.
    """

    op: Literal["draw", "remove"]
    concept: str | None
    mask: Mask = None
    units: int | tuple[int, ...] | None = None
    strength: float = 1.0
    layer: str | None = None
    levels: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Picture:
    """A model's name, a seed (0..2**32-1) or a latent z in its place, and edits, earliest first.

    directions: names and amounts that move the latent, by name, none of them 0. clean: whether the model's artifact
    units are set to zero before the edits, everywhere.
    """

    model: str
    seed: int | None = None
    edits: tuple[Edit, ...] = ()
    z: tuple[float, ...] | None = None
    directions: tuple[tuple[str, float], ...] = ()
    clean: bool = False


def ordered(amounts: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Amounts of directions as a picture holds them: by name, without those that are 0."""
    return tuple((name, float(amount)) for name, amount in sorted(amounts.items()) if amount != 0)


def latent(picture: Picture, latent_dim: int) -> NDArray[np.float32]:
    """The latent the picture starts from, before any direction moves it: (latent_dim,).

    The length of an explicit z is `check`'s matter.
    """
    if picture.z is not None:
        return np.asarray(picture.z, np.float32)
    return np.random.RandomState(picture.seed).standard_normal(latent_dim).astype(np.float32)


def picture_to_dict(picture: Picture) -> dict[str, Any]:
    """The document, JSON-able. What has its default is left out, but for `strength` and a null `mask`."""
    document: dict[str, Any] = {"version": VERSION, "model": picture.model}
    if picture.z is None:
        document["seed"] = picture.seed
    else:
        document["z"] = [_float(v) for v in picture.z]
    document |= looks_to_dict(picture)
    document["edits"] = [edit_to_dict(e) for e in picture.edits]
    return document


def looks_to_dict(picture: Picture) -> dict[str, Any]:
    """The members of the document that change the whole scene and can be undone: `directions` and `clean`."""
    document: dict[str, Any] = {}
    if picture.directions:
        document["directions"] = {name: _float(amount) for name, amount in picture.directions}
    if picture.clean:
        document["clean"] = True
    return document


def edit_to_dict(edit: Edit) -> dict[str, Any]:
    """One edit of the document."""
    document: dict[str, Any] = {"op": edit.op}
    if edit.concept is not None:
        document["concept"] = edit.concept
    document["mask"] = _mask_to_dict(edit.mask)
    if edit.units is not None:
        document["units"] = list(edit.units) if isinstance(edit.units, tuple) else edit.units
    if edit.levels is not None:
        document["levels"] = [_float(v) for v in edit.levels]
    document["strength"] = _float(edit.strength)
    if edit.layer is not None:
        document["layer"] = edit.layer
    return document


def picture_to_json(picture: Picture) -> str:
    """The canonical document: sorted keys, no spaces, the shortest digits that read back the same."""
    return json.dumps(
        picture_to_dict(picture), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(picture: Picture) -> str:
    """SHA-256 of the canonical document, in hex."""
    return hashlib.sha256(picture_to_json(picture).encode()).hexdigest()


def _mask_to_dict(mask: Mask) -> dict[str, Any] | None:
    if mask is None:
        return None
    if isinstance(mask, Strokes):
        return {"strokes": [_stroke_to_dict(s) for s in mask.strokes]}
    document: dict[str, Any]
    if isinstance(mask, Rect):
        document = {"rect": [_float(v) for v in (mask.x0, mask.y0, mask.x1, mask.y1)]}
    elif isinstance(mask, Png):
        document = {"png": mask.data}
    else:
        document = {"concept": mask.concept}
        if mask.at is not None:
            document["at"] = [_float(v) for v in mask.at]
    if mask.erase:
        document["erase"] = [_stroke_to_dict(s) for s in mask.erase]
    return document


def _stroke_to_dict(stroke: Stroke) -> dict[str, Any]:
    document: dict[str, Any] = {
        "points": [[_float(x), _float(y)] for x, y in stroke.points],
        "radius": _float(stroke.radius),
    }
    if stroke.erase:
        document["erase"] = True
    return document


def _float(value: float) -> float:
    """A float that has one spelling: integers become floats, and -0.0 becomes 0.0."""
    return float(value) + 0.0
