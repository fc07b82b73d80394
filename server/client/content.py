"""What a picture shows: a document, which methods change without a server.

A picture never changes: each method gives another one, so an edit is undone by going on with the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from operator import index
from typing import Any, Literal, Self, Unpack

from pydantic import TypeAdapter

from server.client.errors import as_problems
from server.client.masks import Where, mask_of
from server.painting.parsing import parse_edit, validate
from server.painting.picture import Edit, picture_to_json, to_document
from server.painting.picture import Picture as Content

_content = TypeAdapter(Content)


@dataclass(frozen=True)
class BasePicture:
    """A picture, whichever client draws it. content: what the document says, checked."""

    content: Content

    @property
    def document(self) -> dict[str, Any]:
        """The picture document, as JSON decodes to."""
        return dict(to_document(self.content))

    @property
    def json(self) -> str:
        """The canonical document."""
        return picture_to_json(self.content)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits, earliest first."""
        return self.content.edits

    def draw(
        self,
        concept: str | None = None,
        *,
        units: int | Iterable[int] | None = None,
        levels: Iterable[float] | None = None,
        strength: float = 1.0,
        layer: str | None = None,
        **where: Unpack[Where],
    ) -> Self:
        """The picture with a concept drawn, everywhere or where `server.client.masks.Where` says.

        units: how many of the concept's top units, or unit numbers, each with its level in `levels`, and then no
        concept has to be named; the recommended number without it. strength: 0..1. layer: the concept's best one
        without it. Raises UnitbrushProblem for what no picture takes, TypeError for masks that do not go together.
        """
        return self._with("draw", concept, units, levels, strength, layer, where)

    def remove(
        self,
        concept: str | None = None,
        *,
        units: int | Iterable[int] | None = None,
        strength: float = 1.0,
        layer: str | None = None,
        **where: Unpack[Where],
    ) -> Self:
        """The picture with a concept taken away; the arguments and errors are those of `draw`."""
        return self._with("remove", concept, units, None, strength, layer, where)

    def move(self, **amounts: float) -> Self:
        """The picture with its scene moved along directions, as `move(season=1.5)`; 0 is back where it was."""
        return self._changed(directions={**self.content.directions, **_floats(amounts)})

    def clean(self, on: bool = True) -> Self:
        """The picture with the model's artifact units at zero everywhere, or no more."""
        return self._changed(clean=on)

    def over(self, seed: int) -> Self:
        """The same edits and directions over another scene. Raises UnitbrushProblem."""
        return self._changed(seed=index(seed), z=None, w=None, base=None)

    def undo(self, steps: int = 1) -> Self:
        """The picture without its last edits. Raises ValueError where it has fewer."""
        if not 0 <= steps <= len(self.edits):
            raise ValueError(f"cannot undo {steps} edits: the picture has {len(self.edits)}")
        return self._changed(edits=self.edits[: len(self.edits) - steps])

    def without(self, edit: int) -> Self:
        """The picture without one edit, 0 the earliest, -1 the last. Raises IndexError where there is none."""
        edits = list(self.edits)
        del edits[edit]
        return self._changed(edits=tuple(edits))

    def _with(
        self,
        op: Literal["draw", "remove"],
        concept: str | None,
        units: int | Iterable[int] | None,
        levels: Iterable[float] | None,
        strength: float,
        layer: str | None,
        where: Where,
    ) -> Self:
        """The picture with one more edit."""
        document = {
            "op": op,
            "concept": concept,
            "mask": mask_of(where),
            "units": _units(units),
            "levels": None if levels is None else [float(level) for level in levels],
            "strength": float(strength),
            "layer": layer,
        }
        with as_problems():
            edit = parse_edit(document)
        return self._changed(edits=(*self.edits, edit))

    def _changed(self, **members: Any) -> Self:
        """Another picture with these members of the content, its edits checked already. Raises UnitbrushProblem."""
        given = {**vars(self.content), **members}
        with as_problems():
            content = validate(_content, {**given, "edits": list(given["edits"])})
        return replace(self, content=content)


def new_content(
    model: str,
    seed: int | None,
    z: Iterable[float] | None,
    w: Iterable[float] | Iterable[Iterable[float]] | None,
    base: Mapping[str, str] | None,
    directions: Mapping[str, float] | None,
    clean: bool,
) -> Content:
    """A picture without edits. Raises UnitbrushProblem."""
    document = {
        "model": model,
        "seed": None if seed is None else index(seed),
        "z": None if z is None else [float(number) for number in z],
        "w": None if w is None else [_numbers(part) for part in w],
        "base": None if base is None else dict(base),
        "directions": _floats(directions or {}),
        "clean": clean,
    }
    with as_problems():
        return validate(_content, document)


def _numbers(part: float | Iterable[float]) -> float | list[float]:
    """A number of a w, or a layer's own w."""
    return [float(number) for number in part] if isinstance(part, Iterable) else float(part)


def _units(units: int | Iterable[int] | None) -> int | list[int] | None:
    """Python's integers, of NumPy's too."""
    if units is None:
        return None
    return [index(unit) for unit in units] if isinstance(units, Iterable) else index(units)


def _floats(amounts: Mapping[str, float]) -> dict[str, float]:
    return {name: float(amount) for name, amount in amounts.items()}
