"""The judge's verdict on a concept's brushes: what they do on fresh pictures, beside what they are meant to do and what
random units do, as read by a segmenter trained apart from the one that chose the units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from server.lab.dissect.constants import ALL_UNITS, DRAWS, EVERYWHERE, FILLS, GAINS, GRIDS, KEEPS, REMOVES, SEEN, TAKES
from server.lab.dissect.judge.comparison import Comparison, compare
from server.lab.dissect.running.passes import Passes
from server.lab.dissect.trials.effect import MaskedPictures, measure_effect, share
from server.lab.dissect.trials.layout import Layout, Rasters
from server.lab.dissect.trials.weights import alive, edit_of, random_units, random_weights
from server.lab.dissect.units.samples import Floats, Samples
from server.results.brush import Brush


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
    clear_draw: Comparison
    remove_layer: str
    remove_units: int
    removing_pictures: int
    stood: float
    removed: float
    random_removed: float
    kept_removing: float
    kept_everywhere: float
    clear_remove: Comparison

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
        return tuple(word for word, comparison in pairs if not comparison.clear)

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


def judge_concept(
    judge: Passes,
    samples: Samples,
    shares: Rasters,
    layout: Layout,
    drawer: Brush,
    remover: Brush,
    deviations: Mapping[str, Floats],
    pictures: int,
    seed: int,
) -> Verdict | None:
    """Measure the brush that a concept is drawn with and the one it is removed with, on `pictures` samples each, best
    out of three times as many. None where no sample has a place for it.

    shares: of the samples. deviations: of each layer's units, (units,): random units are those that are not dead.
    """
    concept = judge.concepts.index(drawer.concept)
    rng = np.random.default_rng([seed, concept])
    draw = layout.drawing(shares, concept, pictures, rng)
    remove = layout.removing(shares, concept, pictures, rng)
    if not (len(draw) and len(remove)):
        return None

    on = MaskedPictures.of(judge, samples, draw, drawer.layer)
    own, level = edit_of(drawer, "draw")
    random = _random(deviations[drawer.layer], len(on), int(own.sum()), rng)
    drawn = measure_effect(judge, on, concept, own, level)
    randomly = measure_effect(judge, on, concept, random, level)
    by_all = measure_effect(judge, on.pick(slice(ALL_UNITS)), concept, torch.ones_like(own), level)

    off = MaskedPictures.of(judge, samples, remove, remover.layer)
    zeroed, zero = edit_of(remover, "remove")
    random = _random(deviations[remover.layer], len(off), int(zeroed.sum()), rng)
    gone = measure_effect(judge, off, concept, zeroed, zero)
    randomly_gone = measure_effect(judge, off, concept, random, zero)
    everywhere = measure_effect(judge, off.everywhere().pick(slice(EVERYWHERE)), concept, zeroed, zero)
    area = share(off.mask, torch.ones_like(off.mask)).numpy()  # (M,): pixels, not shares, are removed
    host = layout.hosts[concept]
    return Verdict(
        concept=drawer.concept,
        layer=drawer.layer,
        units=int(own.sum()),
        of=len(own),
        grid=layout.grids[concept],
        host=None if host is None else judge.concepts[host],
        drawing_pictures=len(draw),
        before=float(drawn.before.mean()),
        drawn=float(drawn.after.mean()),
        random_drawn=float(randomly.after.mean()),
        all_drawn=float(by_all.after.mean()),
        visible=drawn.visible,
        random_visible=randomly.visible,
        holds=layout.holds[concept],
        kept=1 - drawn.disturbed,
        clear_draw=compare(
            drawn.after - drawn.before, randomly.after - randomly.before, np.ones_like(drawn.after), DRAWS, rng
        ),
        remove_layer=remover.layer,
        remove_units=int(zeroed.sum()),
        removing_pictures=len(remove),
        stood=float(gone.before.mean()),
        removed=float(gone.after.mean()),
        random_removed=float(randomly_gone.after.mean()),
        kept_removing=1 - gone.disturbed,
        kept_everywhere=1 - everywhere.disturbed,
        clear_remove=compare(
            (gone.before - gone.after) * area,
            (randomly_gone.before - randomly_gone.after) * area,
            gone.before * area,
            REMOVES,
            rng,
        ),
    )


def _random(deviation: Floats, pictures: int, count: int, rng: np.random.Generator) -> Tensor:
    """The weights of as many random living units, others in each picture: (pictures, units)."""
    return random_weights(random_units(alive(deviation), pictures, rng), count, len(deviation))
