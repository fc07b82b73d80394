"""Hypothesis strategies for pictures."""

from __future__ import annotations

import base64
import io

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from server.painting.picture import Edit, Line, Picture, Png, Rect, Region, Stroke, Strokes

fractions = st.floats(0, 1, allow_nan=False)
names = st.text(min_size=1, max_size=64)
any_amount = st.floats(-1e6, 1e6)


def _png(side: int, erase: tuple[Line, ...]) -> Png:
    out = io.BytesIO()
    Image.fromarray(np.arange(side * side, dtype=np.uint8).reshape(side, side)).save(out, "PNG")
    return Png(base64.b64encode(out.getvalue()).decode(), erase)


def _rect(xs: list[float], ys: list[float], erase: tuple[Line, ...]) -> Rect:
    return Rect((min(xs), min(ys), max(xs), max(ys)), erase)


_pair = st.lists(fractions, min_size=2, max_size=2, unique=True)
_shape = {
    "points": st.lists(st.tuples(fractions, fractions), min_size=1, max_size=4).map(tuple),
    "radius": st.floats(0.001, 2),
}
_stroke = st.builds(Stroke, **_shape, erase=st.booleans())
erasers = st.just(()) | st.lists(st.builds(Line, **_shape), max_size=2).map(tuple)
areas = st.one_of(
    st.none(),
    st.builds(Strokes, st.lists(_stroke, min_size=1, max_size=3).map(tuple)),
    st.builds(_rect, _pair, _pair, erasers),
    st.builds(_png, st.integers(1, 9), erasers),
)
masks = areas | st.builds(Region, names, st.none() | st.tuples(fractions, fractions), erasers)
_latents = st.one_of(
    st.builds(lambda seed: {"seed": seed}, st.integers(0, 2**32 - 1)),
    st.builds(lambda z: {"z": tuple(z)}, st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8)),
)


def edits(
    concepts: st.SearchStrategy[str] = names,
    layers: st.SearchStrategy[str] = names,
    most_units: int = 8192,
    fewest: int = 1,
    masks: st.SearchStrategy[object] = masks,
) -> st.SearchStrategy[Edit]:
    """Edits that the document allows; explicit units are 0..fewest-1, so that any layer of that many has them."""
    counted = st.builds(
        Edit,
        op=st.sampled_from(["draw", "remove"]),
        concept=concepts,
        mask=masks,
        units=st.none() | st.integers(1, most_units),
        strength=fractions,
        layer=st.none() | layers,
    )

    def listed(op: str, levels: dict[int, float], concept: str | None, layer: str, mask: object, a: float) -> Edit:
        drawn = tuple(levels.values()) if op == "draw" else None
        return Edit(op, concept, mask, tuple(levels), drawn, a, layer)  # type: ignore[arg-type]

    levels = st.dictionaries(st.integers(0, fewest - 1), st.floats(-1e6, 1e6), min_size=1, max_size=5)
    explicit = st.builds(
        listed, st.sampled_from(["draw", "remove"]), levels, st.none() | concepts, layers, masks, fractions
    )
    return counted | explicit


def pictures(
    model: st.SearchStrategy[str] = names,
    edit: st.SearchStrategy[Edit] | None = None,
    directions: st.SearchStrategy[str] = names,
    amounts: st.SearchStrategy[float] = any_amount,
) -> st.SearchStrategy[Picture]:
    """Pictures that the document allows."""
    return st.builds(
        lambda model, edits, start, directions, clean: Picture(
            model, edits=tuple(edits), directions=directions, clean=clean, **start
        ),
        model,
        st.lists(edits() if edit is None else edit, max_size=4),
        _latents,
        st.dictionaries(directions, amounts, max_size=3),
        st.booleans(),
    )
