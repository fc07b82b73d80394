"""Edits become changes of featuremaps: which units, at which layer, to which levels, in which cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from server.errors import NoArtifacts, NoSegmenter, PictureError, UnknownConcept, UnknownDirection, UnknownLayer
from server.model.catalog import Model
from server.model.generator import Layer
from server.painting.base import Base, decode_base
from server.painting.cache import ByteCache
from server.painting.growing import GrowingStrokes
from server.painting.mask import coverage, pool
from server.painting.picture import Edit, Mask, Picture, Region, digest
from server.results.brush import Op

Array = NDArray[np.float32]
# Called before each step of some work: what it raises ends the work there.
Check = Callable[[], None]


def go_on() -> None:
    """The check of work that nothing ends."""


@dataclass(frozen=True)
class UnitEdit:
    """What one edit does: at `layer`, inside the mask, blend these units by `strength` towards their levels.

    units: unit numbers, (n,). levels: the constants, (n,). op, concept: what a brush does; no concept where
    the edit lists its units itself.
    """

    layer: Layer
    units: NDArray[np.int64]
    levels: Array
    strength: float
    mask: Mask
    op: Op = "draw"
    concept: str | None = None


@dataclass(frozen=True)
class PlacedEdit:
    """An edit and its mask's coverage of its layer's grid, (H, W)."""

    edit: UnitEdit
    coverage: Array


Covered = Array  # how much of each pixel edits are at, (H, W), 0..1
# The raster, (H, W) of 0 and 1, of a mask that names a concept, in a picture with these edits.
FindRegion = Callable[[Picture, Region, list[PlacedEdit]], Array]


def place(
    picture: Picture,
    model: Model,
    coverages: ByteCache[Array],
    growing: GrowingStrokes,
    find_region: FindRegion,
    check: Check = go_on,
) -> list[PlacedEdit]:
    """All that the picture changes, in order: its model's artifact units where it is clean, then its edits.

    coverages: of masks used before. growing: the strokes drawn last. check: called before each edit is placed. Raises
    PictureError where the model cannot draw the picture, and what `check` raises.
    """
    edits = resolve(picture, model)
    first = 0 if picture.base is None else model.generator.index(picture.base.layer)
    cleaning = [one for one in _cleaning(model) if picture.clean and model.generator.index(one.layer.name) >= first]
    placed = [PlacedEdit(edit, coverage(None, edit.layer.height, edit.layer.width)) for edit in cleaning]
    aspect = model.generator.aspect
    for i, edit in enumerate(edits):
        check()
        height, width = edit.layer.height, edit.layer.width
        if isinstance(edit.mask, Region):
            before = replace(picture, edits=picture.edits[:i])
            find = partial(find_region, before, edit.mask, without_covered_cells(placed, model))
            key = (digest(before), edit.mask.concept, edit.mask.at, *model.names.items())
            raster = coverages.get_or_make(key, find)  # (H, W)
            cells = pool(raster, height, width, edit.mask.erase, aspect)
        else:
            find_cells = partial(growing.coverage, edit.mask, height, width, aspect)
            cells = coverages.get_or_make((digest(edit.mask), height, width, aspect), find_cells)
        placed.append(PlacedEdit(edit, cells))
    return without_covered_cells(placed, model)


def without_covered_cells(placed: Sequence[PlacedEdit], model: Model) -> list[PlacedEdit]:
    """The same edits, each without the cells that a later edit of an earlier layer covers.

    A layer's edits apply when it runs: a door at layer6 would lie over a tree at layer4 that was painted on it later,
    as layer6 runs last. So the door loses the cells that the tree covers, as far as it covers them. This holds between
    two edits that both draw, or that are about one concept (a tree drawn where one was removed); edits that list their
    units neither take nor lose cells.
    """
    depth = model.generator.index
    result: list[PlacedEdit] = []
    # Share of each cell that later edits of a layer, op and concept leave uncovered, (H, W) of that layer.
    uncovered: dict[tuple[str, str, str], Array] = {}
    for one in reversed(placed):
        layer, op, concept, cells = one.edit.layer.name, one.edit.op, one.edit.concept, one.coverage
        for (earlier_layer, later_op, later_concept), share in uncovered.items():
            related = concept == later_concept or (concept is not None and op == later_op == "draw")
            if related and depth(earlier_layer) < depth(layer):
                cells = cells * _on_grid(share, *cells.shape)
        result.append(PlacedEdit(one.edit, cells))
        if concept is not None:
            share = 1 - np.float32(one.edit.strength) * one.coverage
            uncovered[layer, op, concept] = uncovered.get((layer, op, concept), np.float32(1)) * share
    return result[::-1]


def _on_grid(share: Array, height: int, width: int) -> Array:
    """The same on the grid of another layer, (height, width). share: (H, W)."""
    if height % len(share) or width % share.shape[1]:
        return pool(share, height, width)
    return share.repeat(height // len(share), 0).repeat(width // share.shape[1], 1)


def resolve(picture: Picture, model: Model) -> tuple[UnitEdit, ...]:
    """What each edit does to the model's featuremaps, in their order.

    Raises PictureError (UnknownConcept, UnknownLayer, UnknownDirection, NoArtifacts, NoSegmenter), with a pointer,
    where the model cannot draw the picture.
    """
    length = model.generator.latent_dim
    if picture.z is not None and len(picture.z) != length:
        raise PictureError(f"z has {len(picture.z)} numbers; the model {model.name!r} takes {length}", "/z")
    if picture.base is not None:
        _check_base(picture.base, model)
    if picture.w is not None:
        _check_w([len(w) if isinstance(w, tuple) else None for w in picture.w], model)
    for name, amount in picture.directions.items():
        _check_direction(name, amount, model)
    if picture.clean and not model.artifacts:
        raise NoArtifacts(f"no artifact units are known of {model.name!r}; leave out clean", "/clean")
    edits = tuple(resolve_edit(edit, model, f"/edits/{i}") for i, edit in enumerate(picture.edits))
    for i, edit in enumerate(edits):
        check_reached(edit, None if picture.base is None else picture.base.layer, model, f"/edits/{i}")
    return edits


def covered(placed: Sequence[PlacedEdit], size: tuple[int, int]) -> Covered:
    """How much of each pixel the edits are at, by their masks and strengths: (*size), 0..1. size: height and width."""
    left = np.ones(size, np.float32)
    for one in placed:
        left *= 1 - enlarged(one.coverage * np.float32(one.edit.strength), size)
    return 1 - left


def enlarged(cells: Array, size: tuple[int, int]) -> Array:
    """Each pixel's cell, (*size). cells: (h, w). size: height and width."""
    rows, columns = (np.arange(to) * own // to for own, to in zip(cells.shape, size, strict=True))
    return cells[np.ix_(rows, columns)]


def check_reached(edit: UnitEdit, base: str | None, model: Model, pointer: str = "") -> None:
    """Raises PictureError where the edit's layer lies before that of the picture's base, if it has one."""
    if base is not None and model.generator.index(edit.layer.name) < model.generator.index(base):
        detail = f"the picture begins at {base}, with its base; {edit.layer.name} lies before it"
        raise PictureError(detail, f"{pointer}/layer")


def resolve_edit(edit: Edit, model: Model, pointer: str = "") -> UnitEdit:
    """What the edit does to the model's featuremaps. pointer: the edit's place in the document. Raises PictureError."""
    edit = under_names(edit, model)
    if edit.concept is not None:
        check_concept(edit.concept, model, f"{pointer}/concept")
    if isinstance(edit.mask, Region):
        _check_region(edit.mask, model, pointer)
    brush = None if edit.concept is None else model.dissection.brush(edit.concept, edit.layer, edit.op)
    name = edit.layer if brush is None else brush.layer
    assert name is not None  # without a brush a layer is named: the document's rule
    try:
        layer = model.generator.layer(name)
    except UnknownLayer as error:
        raise UnknownLayer(error.detail, f"{pointer}/layer") from error
    if isinstance(edit.units, tuple):
        units, concept = edit.units, None
        levels = edit.levels or (0.0,) * len(units)
        if max(units) >= layer.units:
            raise PictureError(f"{layer.name} has units 0..{layer.units - 1}", f"{pointer}/units")
    elif brush is None:
        raise UnknownConcept(f"{edit.concept!r} has no brush at {layer.name}", f"{pointer}/layer")
    else:
        ranking, recommended = brush.ranked(edit.op)
        count = recommended if edit.units is None else edit.units
        if not 1 <= count <= len(ranking):
            raise PictureError(
                f"units is {count}; the brush of {edit.concept!r} at {layer.name} has 1..{len(ranking)}",
                f"{pointer}/units",
            )
        units, concept = ranking[:count], edit.concept
        levels = tuple(u.level for u in brush.units[:count]) if edit.op == "draw" else (0.0,) * count
    return UnitEdit(
        layer=layer,
        units=np.array(units, np.int64),
        levels=np.array(levels, np.float32),
        strength=edit.strength,
        mask=edit.mask,
        op=edit.op,
        concept=concept,
    )


def under_names(edit: Edit, model: Model) -> Edit:
    """The edit with what people call its concepts now."""
    concept = None if edit.concept is None else model.present_name(edit.concept)
    mask = edit.mask
    if isinstance(mask, Region):
        mask = replace(mask, concept=model.present_name(mask.concept))
    return replace(edit, concept=concept, mask=mask)


def check_concept(concept: str, model: Model, pointer: str) -> None:
    """Raises UnknownConcept, with that pointer, where the model has no brush for the concept."""
    if concept not in model.dissection.concepts:
        known = ", ".join(model.dissection.concepts)
        has = f"it has {known}" if known else f"it has none yet, `unitbrush dissect {model.name}` finds some"
        raise UnknownConcept(f"{model.name!r} has no concept {concept!r}; {has}", pointer)


def _cleaning(model: Model) -> tuple[UnitEdit, ...]:
    """What `clean` stands for: the artifact units of each layer at zero, everywhere."""
    return tuple(
        UnitEdit(
            layer=model.generator.layer(name),
            units=np.array(units, np.int64),
            levels=np.zeros(len(units), np.float32),
            strength=1.0,
            mask=None,
        )
        for name, units in model.artifacts
    )


def _check_w(lengths: list[int | None], model: Model) -> None:
    """lengths: of the w's that are given, or None for each number of a single one."""
    if model.generator.w_shape is None:
        raise PictureError(f"{model.name!r} has no w, as a {model.generator.family} has none; give a seed or a z", "/w")
    count, length = model.generator.w_shape
    if lengths not in ([None] * length, [length] * count):
        raise PictureError(f"w is {length} numbers for {model.name!r}, or {count} lists of as many", "/w")


def _check_base(base: Base, model: Model) -> None:
    try:
        layer = model.generator.layer(base.layer)
    except UnknownLayer as error:
        raise UnknownLayer(error.detail, "/base/layer") from error
    given, expected = len(decode_base(base)), layer.units * layer.height * layer.width
    if given != expected:
        shape = f"{layer.units} units of {layer.height}x{layer.width}"
        raise PictureError(f"the base has {given} numbers; {layer.name} has {expected}, {shape}", "/base/float16")


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
