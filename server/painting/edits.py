"""Edits become changes of featuremaps: which units, at which layer, to which levels.

Later edits lie over earlier ones. With the coverage times the strength as a and the level as v, two edits
compose to a' = 1-(1-a2)(1-a1) and v' = (v1 a1 (1-a2) + v2 a2)/a', and r' = r(1-a') + v' a'. Multiplied out,
that is r' = (r(1-a1) + v1 a1)(1-a2) + v2 a2: the edits applied one after another, which is how they are
computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from server.errors import NoArtifacts, NoSegmenter, PictureError, UnknownConcept, UnknownDirection, UnknownLayer
from server.painting.mask import Mask, Region
from server.painting.picture import Edit, Picture

if TYPE_CHECKING:
    from server.model.catalog import Model
    from server.model.progressive import Layer


@dataclass(frozen=True)
class Change:
    """What one edit does: at `layer`, inside the mask, blend these units by `strength` towards their levels.

    units: unit numbers, (n,). levels: the constants, (n,). op, concept: what a brush does; no concept where
    the edit lists its units itself.
    """

    layer: Layer
    units: NDArray[np.int64]
    levels: NDArray[np.float32]
    strength: float
    mask: Mask
    op: Literal["draw", "remove"] = "draw"
    concept: str | None = None


@dataclass(frozen=True)
class Placed:
    """A change and its coverage of its layer's grid, (H, W)."""

    change: Change
    where: NDArray[np.float32]


def settled(placed: Sequence[Placed], depth: Callable[[str], int]) -> list[Placed]:
    """The same changes, where those of deeper layers give way to later ones of layers before them.

    A layer's changes apply where it runs, so one of layer6 would always lie over one of layer4, whichever was painted
    first: a tree could not be drawn again where one had been removed. What a later change covers is taken from an
    earlier one of a deeper layer, therefore, where both draw or both are about one concept; changes whose units were
    listed are left as they are.

    depth: a layer's place by its name, 0 the first.
    """
    found: list[Placed] = []
    # What later changes of a layer, op and concept leave, (H, W) of their layer.
    free: dict[tuple[str, str, str], NDArray[np.float32]] = {}
    for one in reversed(placed):
        layer, op, concept, where = one.change.layer.name, one.change.op, one.change.concept, one.where
        for (other, later_op, later_concept), left in free.items():
            same = concept == later_concept or (concept is not None and op == later_op == "draw")
            if same and depth(other) < depth(layer):
                times = len(where) // len(left)
                where = where * left.repeat(times, 0).repeat(times, 1)
        found.append(Placed(one.change, where))
        if concept is not None:
            left = 1 - np.float32(one.change.strength) * one.where
            free[layer, op, concept] = free.get((layer, op, concept), np.float32(1)) * left
    return found[::-1]


def check(picture: Picture, model: Model) -> tuple[Change, ...]:
    """One change an edit, in their order.

    Raises PictureError (UnknownConcept, UnknownLayer, UnknownDirection, NoArtifacts), with a pointer, where the model
    cannot draw the picture.
    """
    length = model.generator.latent_dim
    if picture.z is not None and len(picture.z) != length:
        raise PictureError(f"z has {len(picture.z)} numbers; the model {model.name!r} takes {length}", "/z")
    for name, amount in picture.directions:
        _check_direction(name, amount, model)
    if picture.clean and not model.artifacts:
        raise NoArtifacts(f"no artifact units are known of {model.name!r}; leave out clean", "/clean")
    return tuple(change(edit, model, f"/edits/{i}") for i, edit in enumerate(picture.edits))


def change(edit: Edit, model: Model, pointer: str = "") -> Change:
    """What the edit does to the model's featuremaps. pointer: the edit's place in the document."""
    if edit.concept is not None and edit.concept not in model.dissection.concepts:
        known = ", ".join(model.dissection.concepts)
        raise UnknownConcept(f"{model.name!r} has no concept {edit.concept!r}; it has {known}", f"{pointer}/concept")
    if isinstance(edit.mask, Region):
        _check_region(edit.mask, model, pointer)
    layer = _layer(edit, model, pointer)
    if isinstance(edit.units, tuple):
        units = np.asarray(edit.units, np.int64)  # (n,)
        if units.max() >= layer.units:
            raise PictureError(f"{layer.name} has units 0..{layer.units - 1}", f"{pointer}/units")
        levels = np.zeros(len(units)) if edit.levels is None else np.asarray(edit.levels)
        return Change(layer, units, levels.astype(np.float32), edit.strength, edit.mask)
    assert edit.concept is not None  # the document's rule for edits without a list of units
    brush = model.dissection.brush(edit.concept, layer.name)
    if brush is None:
        raise UnknownConcept(f"{edit.concept!r} has no brush at {layer.name}", f"{pointer}/layer")
    ranking, recommended = brush.ranked(edit.op)
    count = recommended if edit.units is None else edit.units
    if not 1 <= count <= len(ranking):
        raise PictureError(
            f"units is {count}; the brush of {edit.concept!r} at {layer.name} has 1..{len(ranking)}",
            f"{pointer}/units",
        )
    constants = [u.level for u in brush.units[:count]] if edit.op == "draw" else [0.0] * count
    return Change(
        layer=layer,
        units=np.array(ranking[:count], np.int64),
        levels=np.array(constants, np.float32),
        strength=edit.strength,
        mask=edit.mask,
        op=edit.op,
        concept=edit.concept,
    )


def cleaning(model: Model) -> tuple[Change, ...]:
    """The changes that `clean` stands for: the artifact units of each layer at zero, everywhere."""
    layers = model.generator.layers
    return tuple(
        Change(
            layer=layers[model.generator.index(name)],
            units=np.array(units, np.int64),
            levels=np.zeros(len(units), np.float32),
            strength=1.0,
            mask=None,
        )
        for name, units in model.artifacts
    )


def apply(r: NDArray[np.float32], coverage: NDArray[np.float32], change: Change) -> None:
    """Blend the change into featuremaps, in place. r: (H, W, C). coverage: (H, W), 0..1."""
    rows, columns = np.flatnonzero(coverage.any(1)), np.flatnonzero(coverage.any(0))
    if not len(rows):
        return
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    alpha = coverage[box][:, :, None] * np.float32(change.strength)  # (h, w, 1)
    inside = r[box]  # (h, w, C)
    before = inside[:, :, change.units]  # (h, w, n)
    inside[:, :, change.units] = before * (1 - alpha) + change.levels * alpha


def _check_direction(name: str, amount: float, model: Model) -> None:
    pointer = "/directions/" + name.replace("~", "~0").replace("/", "~1")
    direction = model.directions.get(name)
    if direction is None:
        known = ", ".join(model.directions.names) or "none"
        raise UnknownDirection(f"{model.name!r} has no direction {name!r}; it has {known}", pointer)
    low, high = direction.range
    if not low <= amount <= high:
        raise PictureError(f"the direction {name!r} takes {low:g} to {high:g}, not {amount:g}", pointer)


def _check_region(region: Region, model: Model, pointer: str) -> None:
    if model.segmenter is None:
        raise NoSegmenter(f"{model.name!r} has no segmenter to find a concept with", f"{pointer}/mask")
    if region.concept not in model.segmenter.concepts:
        known = ", ".join(model.segmenter.concepts)
        raise UnknownConcept(
            f"the segmenter of {model.name!r} does not know {region.concept!r}; it knows {known}",
            f"{pointer}/mask/concept",
        )


def _layer(edit: Edit, model: Model, pointer: str) -> Layer:
    name = edit.layer
    if name is None:
        brush = None if edit.concept is None else model.dissection.brush(edit.concept, op=edit.op)
        if brush is None:
            raise UnknownLayer("a list of units without a concept needs a layer", f"{pointer}/layer")
        name = brush.layer
    try:
        return model.generator.layers[model.generator.index(name)]
    except UnknownLayer as error:
        raise UnknownLayer(error.detail, f"{pointer}/layer") from error
