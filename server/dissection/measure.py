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
from server.dissection.masks import Sites, plausible_sites, standing_sites
from server.dissection.passes import Passes
from server.dissection.results import Brush
from server.dissection.samples import Samples, featuremaps

WEAK_DRAW = 1.3  # times what random units draw, and what was there
LEAST_DRAW = 0.02  # of the mask, above both
WEAK_REMOVE = 0.15  # of the concept's pixels, above what random units remove


@dataclass(frozen=True)
class Verdict:
    """One brush, judged. Shares are of the mask, means over the pictures.

    drawn, random_drawn, all_drawn: after drawing with the brush's recommended units, with as many random
    ones, with all of the layer at once. stood, removed, random_removed: the share where the concept stood,
    and after setting units there to zero. kept, kept_removing: labels outside the mask and a ring of one cell
    that stayed.
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
    kept: float
    removing_pictures: int
    stood: float
    removed: float
    random_removed: float
    kept_removing: float

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
) -> list[Verdict]:
    """Measure brushes on `pictures` seeds each, out of the samples, which are best three times as many.

    shares: (N, C, GRID, GRID), of the samples. levels: a brush to the level of every unit of its layer, (units,).
    """
    verdicts = []
    for brush in brushes:
        concept = judge.concepts.index(brush.concept)
        rng = np.random.default_rng([seed, concept])
        draw = plausible_sites(shares, concept, pictures, rng)
        remove = standing_sites(shares, concept, pictures, rng)
        if len(draw) and len(remove):
            level = torch.from_numpy(levels(brush))
            verdicts.append(_judge(judge, samples, brush, concept, draw, remove, level, rng))
    return verdicts


def _judge(
    judge: Passes,
    samples: Samples,
    brush: Brush,
    concept: int,
    draw: Sites,
    remove: Sites,
    level: Tensor,
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
        float(outcome(judge, drawing, concept, torch.ones(of), level).after.mean()),
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
    """The verdicts as JSON, with what is weak named."""
    return [{**asdict(v), "weak": list(v.weak)} for v in verdicts]


def verdict_table(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """The verdicts' documents as a Markdown table for the model card."""
    rows = [
        "| concept | layer, units | share in the mask before > drawn | random units | all units | labels kept outside "
        "| where it stood > removed | random units | labels kept outside | weak at |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for v in verdicts:
        rows.append(
            f"| {v['concept']} | {v['layer']}, {v['units']} of {v['of']} | {v['before']:.3f} > **{v['drawn']:.3f}** "
            f"| {v['random_drawn']:.3f} | {v['all_drawn']:.3f} | {v['kept']:.3f} "
            f"| {v['stood']:.3f} > **{v['removed']:.3f}** | {v['random_removed']:.3f} | {v['kept_removing']:.3f} "
            f"| {', '.join(v['weak']) or '-'} |"
        )
    return "\n".join(rows) + "\n"
