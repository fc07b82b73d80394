"""The brushes measured on fresh pictures by a judge: a segmenter trained apart from the one that chose the
units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.dissection.effect import Trial, outcome, prepare
from server.dissection.masks import GRID, Sites, fullest, plausible_sites, standing_sites
from server.dissection.passes import Passes
from server.dissection.results import Brush
from server.dissection.samples import Samples, cell_shares, featuremaps

# What a brush is meant to do.
DRAWS = 0.5  # of the mask is gained,
FILLS = 0.8  # or that much of what the mask can hold is there
REMOVES = 0.7  # of the concept's pixels are gone
KEEPS = 0.9  # of the labels outside stay

WEAK_DRAW = 1.3  # times what random units draw, and what was there
_ALL = 50  # pictures that all units together draw on
LEAST_DRAW = 0.02  # of the mask, above both
WEAK_REMOVE = 0.15  # of the concept's pixels, above what random units remove


@dataclass(frozen=True)
class Places:
    """Where concepts stand in the scenes a generator learnt from, or else in samples. usual: (C, GRID, GRID), the mean
    share of each cell. holds: what a mask can hold of each concept.
    """

    usual: Tensor
    holds: tuple[float, ...]

    @staticmethod
    def of(labels: npt.NDArray[np.uint8], concepts: int) -> Places:
        """labels: (N, R, R)."""
        shares = cell_shares(labels, concepts, GRID)  # (N, C, GRID, GRID)
        return Places(shares.mean(0), tuple(fullest(shares, c) for c in range(concepts)))


@dataclass(frozen=True)
class Verdict:
    """One brush, judged. Shares are of the mask, means over the pictures.

    drawn, random_drawn, all_drawn: after drawing with the brush's recommended units, with as many random
    ones, with all of the layer at once. holds: what the mask can hold, see `masks.fullest`. stood, removed,
    random_removed: the share where the concept stood, and after setting units there to zero. kept, kept_removing:
    labels outside the mask and a ring of one cell that stayed.
    """

    concept: str
    layer: str
    units: int
    of: int
    drawing_pictures: int
    before: float
    drawn: float
    random_drawn: float
    all_drawn: float
    holds: float
    kept: float
    removing_pictures: int
    stood: float
    removed: float
    random_removed: float
    kept_removing: float

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
        return {
            "draw": self.drawn - self.before >= DRAWS or self.drawn >= FILLS * self.holds,
            "remove": self.gone >= REMOVES,
            "keep": min(self.kept, self.kept_removing) >= KEEPS,
        }

    @property
    def weak(self) -> tuple[str, ...]:
        """What this brush does no better than chance, in words."""
        words = []
        chance = max(self.before, self.random_drawn)
        if self.drawn < max(WEAK_DRAW * chance, chance + LEAST_DRAW):
            words.append("drawing")
        if self.stood > 0 and (min(self.stood, self.random_removed) - self.removed) / self.stood < WEAK_REMOVE:
            words.append("removing")
        return tuple(words)


def judge_brushes(
    judge: Passes,
    samples: Samples,
    shares: Tensor,
    brushes: Sequence[Brush],
    levels: Callable[[Brush], npt.NDArray[np.float32]],
    pictures: int,
    seed: int,
    places: Places,
) -> list[Verdict]:
    """Measure brushes on `pictures` seeds each, out of the samples, which are best three times as many.

    shares: (N, C, GRID, GRID), of the samples. levels: a brush to the level of every unit of its layer, (units,).
    """
    verdicts = []
    for brush in brushes:
        concept = judge.concepts.index(brush.concept)
        rng = np.random.default_rng([seed, concept])
        draw = plausible_sites(shares, places.usual, concept, pictures, rng)
        remove = standing_sites(shares, concept, pictures, rng)
        if len(draw) and len(remove):
            level, holds = torch.from_numpy(levels(brush)), places.holds[concept]
            verdicts.append(_judge(judge, samples, brush, concept, draw, remove, level, holds, rng))
    return verdicts


def _judge(
    judge: Passes,
    samples: Samples,
    brush: Brush,
    concept: int,
    draw: Sites,
    remove: Sites,
    level: Tensor,
    holds: float,
    rng: np.random.Generator,
) -> Verdict:
    drawing, removing = _trial(judge, samples, brush.layer, draw), _trial(judge, samples, brush.layer, remove)
    count, of = brush.recommended_units, len(level)
    own, chance = torch.zeros(of), torch.zeros(of)
    own[[u.unit for u in brush.units[:count]]] = 1
    chance[torch.from_numpy(rng.permutation(of)[:count])] = 1
    zero = torch.zeros(of)
    drawn = outcome(judge, drawing, concept, own, level)
    gone = outcome(judge, removing, concept, own, zero)
    return Verdict(
        brush.concept,
        brush.layer,
        count,
        of,
        len(draw),
        float(drawn.before.mean()),
        float(drawn.after.mean()),
        float(outcome(judge, drawing, concept, chance, level).after.mean()),
        float(outcome(judge, drawing.pick(slice(_ALL)), concept, torch.ones(of), level).after.mean()),
        holds,
        1 - drawn.disturbed,
        len(remove),
        float(gone.before.mean()),
        float(gone.after.mean()),
        float(outcome(judge, removing, concept, chance, zero).after.mean()),
        1 - gone.disturbed,
    )


def _trial(judge: Passes, samples: Samples, layer: str, sites: Sites) -> Trial:
    r = featuremaps(judge, [samples.seeds[i] for i in sites.index], layer)  # (M, units, h, w)
    return prepare(layer, r, samples.labels[sites.index], sites.cells)


def verdict_documents(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """The verdicts as JSON, with the parts removed, what is met and what is weak."""
    return [
        {**asdict(v), "gone": v.gone, "random_gone": v.random_gone, "meets": v.meets, "weak": list(v.weak)}
        for v in verdicts
    ]


def verdict_table(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """The verdicts' documents as Markdown for the model card: a paragraph and a table."""
    if not verdicts:
        return "No brush could be judged: too few pictures show the concepts.\n"
    drawing = [v["drawing_pictures"] for v in verdicts]
    removing = [v["removing_pictures"] for v in verdicts]
    rows = [
        f"Measured on {_span(drawing)} seeds to draw on and {_span(removing)} to remove from. Drawing: the concept's "
        "share of a mask of 3x3 cells of an 8x8 raster, at a place where scenes often show it and the picture hardly "
        "does, before and after. Removing: the part of the concept's pixels that is gone, the mask covering where it "
        "stood. Beside them the same number of random units, at the same levels. Labels kept: outside the mask and a "
        f"ring of one cell. Meant to be: a gain of {DRAWS} or {FILLS} of what a mask can hold; {REMOVES} removed; "
        f"{KEEPS} kept.",
        "",
        "| concept | layer, units | before | drawn | random units | a mask can hold | kept | draws "
        "| stood | removed | random units | kept | removes | weak at |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for v in verdicts:
        meets = {name: "yes" if met else "no" for name, met in v["meets"].items()}
        rows.append(
            f"| {v['concept']} | {v['layer']}, {v['units']} of {v['of']} | {v['before']:.3f} | **{v['drawn']:.3f}** "
            f"| {v['random_drawn']:.3f} | {v['holds']:.2f} | {v['kept']:.3f} | {meets['draw']} | {v['stood']:.3f} "
            f"| **{v['gone']:.2f}** | {v['random_gone']:.2f} | {v['kept_removing']:.3f} | {meets['remove']} "
            f"| {', '.join(v['weak']) or '-'} |"
        )
    return "\n".join(rows) + "\n"


def _span(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return str(most) if least == most else f"{least} to {most}"
