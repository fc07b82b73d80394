"""The brushes measured on fresh pictures by a judge: a segmenter trained apart from the one that chose the
units.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.dissect.certainty import DRAWS, REMOVES, compare
from server.lab.dissect.effect import Trial, outcome, prepare, share
from server.lab.dissect.masks import Sites
from server.lab.dissect.passes import Passes
from server.lab.dissect.places import Places, Rasters
from server.lab.dissect.samples import Samples, featuremaps
from server.lab.dissect.verdicts import Verdict
from server.lab.dissect.weights import alive, edit_of, random_units, random_weights
from server.results.brush import Brush

_ALL = 24  # pictures that all units together draw on
_EVERYWHERE = 100  # pictures that units are removed everywhere in

Deviation = Callable[[str], npt.NDArray[np.float32]]


def judge_concept(
    judge: Passes,
    samples: Samples,
    shares: Rasters,
    drawer: Brush,
    remover: Brush,
    deviation: Deviation,
    pictures: int,
    seed: int,
    places: Places,
) -> Verdict | None:
    """Measure the brush that a concept is drawn with and the one it is removed with, on `pictures` seeds each, out of
    the samples, which are best three times as many. None where no sample has a place for it.

    deviation: a layer to its units' standard deviations, (units,): random units are those that are not dead.
    """
    concept = judge.concepts.index(drawer.concept)
    rng = np.random.default_rng([seed, concept])
    draw = places.drawing(shares, concept, pictures, rng)
    remove = places.removing(shares, concept, pictures, rng)
    if not (len(draw) and len(remove)):
        return None
    drawing, removing = _trial(judge, samples, drawer.layer, draw), _trial(judge, samples, remover.layer, remove)

    own, level = edit_of(drawer, "draw")
    chance = _chance(deviation(drawer.layer), len(draw), int(own.sum()), rng)
    drawn = outcome(judge, drawing, concept, own, level)
    lucky = outcome(judge, drawing, concept, chance, level)
    every = outcome(judge, drawing.pick(slice(_ALL)), concept, torch.ones_like(own), level)

    off, zero = edit_of(remover, "remove")
    chance = _chance(deviation(remover.layer), len(remove), int(off.sum()), rng)
    gone = outcome(judge, removing, concept, off, zero)
    missed = outcome(judge, removing, concept, chance, zero)
    everywhere = outcome(judge, removing.everywhere().pick(slice(_EVERYWHERE)), concept, off, zero)
    area = share(removing.mask, torch.ones_like(removing.mask)).numpy()  # (M,): pixels, not shares, are removed
    host = places.hosts[concept]
    return Verdict(
        concept=drawer.concept,
        layer=drawer.layer,
        units=int(own.sum()),
        of=len(own),
        grid=places.grids[concept],
        host=None if host is None else judge.concepts[host],
        drawing_pictures=len(draw),
        before=float(drawn.before.mean()),
        drawn=float(drawn.after.mean()),
        random_drawn=float(lucky.after.mean()),
        all_drawn=float(every.after.mean()),
        visible=drawn.visible,
        random_visible=lucky.visible,
        holds=places.holds[concept],
        kept=1 - drawn.disturbed,
        clear_draw=compare(
            drawn.after - drawn.before, lucky.after - lucky.before, np.ones_like(drawn.after), DRAWS, rng
        ),
        remove_layer=remover.layer,
        remove_units=int(off.sum()),
        removing_pictures=len(remove),
        stood=float(gone.before.mean()),
        removed=float(gone.after.mean()),
        random_removed=float(missed.after.mean()),
        kept_removing=1 - gone.disturbed,
        kept_everywhere=1 - everywhere.disturbed,
        clear_remove=compare(
            (gone.before - gone.after) * area, (missed.before - missed.after) * area, gone.before * area, REMOVES, rng
        ),
    )


def _chance(deviation: npt.NDArray[np.float32], pictures: int, count: int, rng: np.random.Generator) -> Tensor:
    """The weights of as many random living units, others in each picture: (pictures, units)."""
    return random_weights(random_units(alive(deviation), pictures, rng), count, len(deviation))


def _trial(judge: Passes, samples: Samples, layer: str, sites: Sites) -> Trial:
    r = featuremaps(judge, [samples.seeds[i] for i in sites.index], layer)  # (M, units, h, w)
    return prepare(layer, r, samples.labels[sites.index], sites.cells)
