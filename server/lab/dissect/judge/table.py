"""The verdicts as Markdown for the model card: the rules in words, and a table of drawing and one of removing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from server.lab.dissect.constants import (
    CONFIDENCE,
    DRAWS,
    FILLS,
    GAINS,
    GRIDS,
    KEEPS,
    RATIO,
    REMOVES,
    SIDE,
    TAKES,
    VISIBLE,
)

APART = "by a segmenter trained apart from the one that chose them"
SAME = (
    "by the very segmenter that chose them, as there was no other: where it misreads pictures, that helps the brushes "
    "here too, and the figures are an upper bound"
)


def verdict_table(verdicts: Sequence[Mapping[str, Any]], size: tuple[int, int], apart: bool = True) -> str:
    """verdicts: documents of `Verdict`. size: the pictures' height and width in pixels. apart: whether the judge is
    another segmenter than the one that chose the brushes.
    """
    if not verdicts:
        return "No brush could be judged: too few pictures show the concepts.\n"
    return (
        "\n".join(
            [*_rules(verdicts, size, APART if apart else SAME), "", *_drawing(verdicts), "", *_removing(verdicts)]
        )
        + "\n"
    )


def _rules(verdicts: Sequence[Mapping[str, Any]], size: tuple[int, int], judge: str) -> list[str]:
    drawing = _span([v["drawing_pictures"] for v in verdicts])
    removing = _span([v["removing_pictures"] for v in verdicts])
    coarse, fine = GRIDS
    sides = {grid: (SIDE * size[0] // grid, SIDE * size[1] // grid) for grid in GRIDS}
    small = [v for v in verdicts if v["grid"] != coarse]
    text = [
        f"Judged on {drawing} seeds to draw on and {removing} to remove from, none of which the brushes were chosen "
        f"on, {judge}. **Drawing**: the concept's share of a mask of "
        f"{SIDE}x{SIDE} cells of a {coarse}x{coarse} raster ({_pixels(*sides[coarse])}), before and after, at a "
        "place where scenes often show it and the picture hardly does. **Removing**: the part of the concept's pixels "
        "that is gone, the mask covering where it stood and a ring of cells. **Random units**: as many living units of "
        "the same layer, others in each picture, set to the same kind of level; units that are the same everywhere are "
        "not among them. **Kept**: labels outside the mask and a ring of one cell; everywhere: with the removal's "
        "units at zero in the whole picture. **Visible**: the part of the tries in which the concept gains "
        f"{VISIBLE:.0%} of the mask or more.",
    ]
    if small:
        places = "; ".join(f"{v['concept']} {_place(v['host'])}" for v in small)
        text += [
            "",
            "Small things, which fill less than a third of such a mask even where they are largest, have masks of "
            f"{SIDE}x{SIDE} cells of a {fine}x{fine} raster ({_pixels(*sides[fine])}; visible from "
            f"{math.ceil(VISIBLE * math.prod(sides[fine]))} pixels on): {places}. On a thing means that it fills at "
            "least half of the mask, as the judge sees it in that picture.",
        ]
    text += [
        "",
        f"Meant to be: a gain of {GAINS} or {FILLS} of what a mask can hold, and for small things visible in more than "
        f"half of the tries; {TAKES} removed; {KEEPS} kept. **Clear**: on the same pictures the brush's effect is "
        f"above that of random units with {CONFIDENCE:.0%} confidence (resampled pictures), at least {RATIO:g} times "
        f"as large, and larger by {DRAWS} of the mask (drawing) or {REMOVES} of the concept's pixels (removing). A "
        "brush that is not clear is called weak, and offered last.",
    ]
    return text


def _pixels(height: int, width: int) -> str:
    return f"{height} pixels square" if height == width else f"{width}x{height} pixels"


def _place(host: str | None) -> str:
    return "where scenes often show it" if host is None else f"on {host}"


def _drawing(verdicts: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        "| draw | layer, units | before | drawn | random units | a mask can hold | visible | random units | kept "
        "| meant | clear |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for v in verdicts:
        rows.append(
            f"| {v['concept']} | {v['layer']}, {v['units']} of {v['of']} | {v['before']:.3f} | **{v['drawn']:.3f}** "
            f"| {v['random_drawn']:.3f} | {v['holds']:.2f} | {v['visible']:.2f} | {v['random_visible']:.2f} "
            f"| {v['kept']:.3f} | {_yes(v['meets']['draw'])} | {_yes(v['clear_draw']['holds'])} |"
        )
    return rows


def _removing(verdicts: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        "| remove | layer, units | stood | part gone | random units | kept | kept everywhere | meant | clear |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for v in verdicts:
        rows.append(
            f"| {v['concept']} | {v['remove_layer']}, {v['remove_units']} | {v['stood']:.3f} | **{v['gone']:.2f}** "
            f"| {v['random_gone']:.2f} | {v['kept_removing']:.3f} | {v['kept_everywhere']:.3f} "
            f"| {_yes(v['meets']['remove'])} | {_yes(v['clear_remove']['holds'])} |"
        )
    return rows


def _yes(met: bool) -> str:
    return "yes" if met else "no"


def _span(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return str(most) if least == most else f"{least} to {most}"
