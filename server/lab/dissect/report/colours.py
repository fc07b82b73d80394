"""A colour for every concept of a report: that of the thing where its name is a common one."""

from __future__ import annotations

from collections.abc import Sequence

_KNOWN = {
    "sky": "#74b6ee",
    "cloud": "#b9c4d6",
    "mountain": "#8d83b8",
    "grass": "#7fbf4a",
    "path": "#d2ac72",
    "road": "#d2ac72",
    "water": "#2f7fd0",
    "tree": "#2c8a4b",
    "wall": "#d98265",
    "brick": "#d98265",
    "building": "#d98265",
    "roof": "#a33f43",
    "dome": "#e9b92f",
    "door": "#8a5426",
    "window": "#5560b8",
}
_GOLDEN_ANGLE = 137.508


def colours(concepts: Sequence[str]) -> list[str]:
    """CSS colours of the concepts; those without a known one lie as far apart as their number allows."""
    return [_KNOWN.get(name, f"hsl({round(i * _GOLDEN_ANGLE % 360)} 62% 52%)") for i, name in enumerate(concepts)]
