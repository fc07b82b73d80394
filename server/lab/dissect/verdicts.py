"""The judge's verdicts: what a brush does, beside what it is meant to do and what random units do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from server.lab.dissect.certainty import CONFIDENCE, DRAWS, RATIO, REMOVES, Clear
from server.lab.dissect.effect import VISIBLE
from server.lab.dissect.masks import GRIDS

# What a brush is meant to do.
GAINS = 0.5  # of the mask is gained,
FILLS = 0.8  # or that much of what the mask can hold is there;
SEEN = 0.5  # of the tries a small thing is to be seen in;
TAKES = 0.7  # of the concept's pixels are gone
KEEPS = 0.9  # of the labels outside stay


@dataclass(frozen=True)
class Verdict:
    """One concept's brushes, judged: the one that draws it best and the one that removes it best.

    grid: of the masks. host: what the concept was drawn on, None for anywhere it usually stands. Shares are of the
    mask, means over the pictures. drawn, random_drawn, all_drawn: after drawing with the recommended units, with as
    many random ones, with all of the layer at once. visible, random_visible: part of the tries where the concept is
    clearly to be seen. holds: what the mask can hold, see `masks.fullest`. stood, removed, random_removed: the share
    where the concept stood, and after setting units there to zero. kept, kept_removing, kept_everywhere: labels outside
    the mask and a ring of one cell that stayed; everywhere: the units at zero in the whole picture. clear_draw,
    clear_remove: the comparison with random units.
    """

    concept: str
    layer: str
    units: int
    of: int
    grid: int
    host: str | None
    drawing_pictures: int
    before: float
    drawn: float
    random_drawn: float
    all_drawn: float
    visible: float
    random_visible: float
    holds: float
    kept: float
    clear_draw: Clear
    remove_layer: str
    remove_units: int
    removing_pictures: int
    stood: float
    removed: float
    random_removed: float
    kept_removing: float
    kept_everywhere: float
    clear_remove: Clear

    @property
    def small(self) -> bool:
        """Whether the concept is a thing too small for masks of the coarse raster."""
        return self.grid != GRIDS[0]

    @property
    def gone(self) -> float:
        """The part of the concept's pixels that removing takes away, at most 1."""
        return 1 - self.removed / self.stood if self.stood > 0 else 0.0

    @property
    def random_gone(self) -> float:
        """The same of random units."""
        return 1 - self.random_removed / self.stood if self.stood > 0 else 0.0

    @property
    def meets(self) -> dict[str, bool]:
        """Whether the brush does what brushes are meant to: draw, remove, and keep the labels outside both times."""
        fills = self.drawn - self.before >= GAINS or self.drawn >= FILLS * self.holds
        return {
            "draw": self.visible > SEEN if self.small else fills,
            "remove": self.gone >= TAKES,
            "keep": min(self.kept, self.kept_removing) >= KEEPS,
        }

    @property
    def weak(self) -> tuple[str, ...]:
        """What the brush does not do clearly better than random units, in words."""
        pairs = (("drawing", self.clear_draw), ("removing", self.clear_remove))
        return tuple(word for word, clear in pairs if not clear.holds)

    def document(self) -> dict[str, Any]:
        """As JSON, with the parts removed, what is met and what is weak."""
        return {
            **asdict(self),
            "clear_draw": self.clear_draw.document(),
            "clear_remove": self.clear_remove.document(),
            "gone": self.gone,
            "random_gone": self.random_gone,
            "meets": self.meets,
            "weak": list(self.weak),
        }


def verdict_table(verdicts: Sequence[Mapping[str, Any]], resolution: int) -> str:
    """The verdicts' documents as Markdown for the model card: the rules in words, and two tables.

    resolution: the pictures' width in pixels.
    """
    if not verdicts:
        return "No brush could be judged: too few pictures show the concepts.\n"
    return "\n".join([*_rules(verdicts, resolution), "", *_drawing(verdicts), "", *_removing(verdicts)]) + "\n"


def _rules(verdicts: Sequence[Mapping[str, Any]], resolution: int) -> list[str]:
    drawing = _span([v["drawing_pictures"] for v in verdicts])
    removing = _span([v["removing_pictures"] for v in verdicts])
    coarse, fine = GRIDS
    sides = {grid: 3 * resolution // grid for grid in GRIDS}
    small = [v for v in verdicts if v["grid"] != coarse]
    text = [
        f"Judged on {drawing} seeds to draw on and {removing} to remove from, none of which the brushes were chosen "
        "on, by a segmenter trained apart from the one that chose them. **Drawing**: the concept's share of a mask of "
        f"3x3 cells of a {coarse}x{coarse} raster ({sides[coarse]} pixels square), before and after, at a place where "
        "scenes often show it and the picture hardly does. **Removing**: the part of the concept's pixels that is "
        "gone, the mask covering where it stood and a ring of cells. **Random units**: as many living units of the "
        "same layer, others in each picture, set to the same kind of level; units that are the same everywhere are "
        "not among them. **Kept**: labels outside the mask and a ring of one cell; everywhere: with the removal's "
        "units at zero in the whole picture. **Visible**: the part of the tries in which the concept gains "
        f"{VISIBLE:.0%} of the mask or more.",
    ]
    if small:
        places = "; ".join(f"{v['concept']} {_place(v['host'])}" for v in small)
        text += [
            "",
            "Small things, which fill less than a third of such a mask even where they are largest, have masks of 3x3 "
            f"cells of a {fine}x{fine} raster ({sides[fine]} pixels square; visible from {_pixels(sides[fine])} pixels "
            f"on): {places}. On a thing means that it fills at least half of the mask, as the judge sees it in that "
            "picture.",
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


def _place(host: str | None) -> str:
    return "where scenes often show it" if host is None else f"on {host}"


def _pixels(side: int) -> int:
    return math.ceil(VISIBLE * side**2)


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
