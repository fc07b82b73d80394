"""Latents of scenes that lack something: what a latent must say for one of its objects not to stand.

Whether a thing stands is up to a few numbers of its own, so the scene without it has a latent as well, which differs in
those numbers alone. What the other numbers mean moves by less than a pixel, as the latent's length changes a little.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from server.scenes.canvas import Array
from server.scenes.latent import COLUMNS, ROWS, Latent, group_slices
from server.scenes.sample_village import plots
from server.scenes.scene import scene_of

# Chances at which nothing stands: below the first no mountains, above the second no path.
_NO_MOUNTAINS, _NO_PATH = 0.055, 0.955
# The most and least that a chance is set to.
_NEARLY = 0.98
_BUILDINGS = ("church", "cottage")


def without(z: Array, name: str) -> Array | None:
    """The latent of the scene of `z`, (128,), without one of its objects.

    name: as `server.scenes.render.objects` has it. None where no latent lacks just that: for doors, windows, domes and
    for clouds in a sky where every strip has one, and for names that the scene does not have.
    """
    chances = _chances(z, name)
    if chances is None:
        return None
    length = float(np.sqrt(np.mean(z.astype(np.float64) ** 2)))
    found = z.copy()
    for place, chance in chances.items():
        found[place] = length * NormalDist().inv_cdf(chance)
    return found


def _chances(z: Array, name: str) -> dict[int, float] | None:
    """Places in the latent, and the chance that each must be for the object not to stand."""
    slices, latent = group_slices(), Latent(z)
    scene = scene_of(z)
    no_path = {slices["path"].start: _NO_PATH}
    if name == "treeline" and scene.treeline is not None:
        return _halved(latent, "treeline", 1)
    if name == "mountains" and scene.mountains is not None:
        return {slices["hills"].start: _NO_MOUNTAINS}
    if name == "path" and scene.path is not None:
        return no_path
    if name == "water" and scene.water is not None:
        return _halved(latent, "water", 3) | no_path  # which water would have kept away
    for i, cloud in enumerate(scene.clouds):
        if cloud.name == name:
            bar = 1.25 * scene.cloudiness
            column = [c for c in range(COLUMNS) if latent.group(f"cloud{c}")[0] <= bar][i]
            return None if bar > _NEARLY else {slices[f"cloud{column}"].start: (bar + 1) / 2}
    standing = sorted(_standing(latent, scene.sky.horizon), key=lambda plot: plot[0])  # far ones first
    trees = [group for _, what, group in standing if what == "tree"]
    houses = [group for _, what, group in standing if what in _BUILDINGS]
    for kind, groups in (("tree", trees), ("house", houses)):
        for i, group in enumerate(groups):
            if name == f"{kind}{i}":
                return _halved(latent, group, 3)
    return None


def _standing(latent: Latent, horizon: float) -> list[tuple[float, str, str]]:
    """For every plot, how near it is, what stands there, and the name of its group."""
    groups = [f"plot{row}{column}" for row in reversed(range(ROWS)) for column in range(COLUMNS)]
    return [(plot.y, plot.what, group) for plot, group in zip(plots(latent, horizon), groups, strict=True)]


def _halved(latent: Latent, group: str, count: int) -> dict[int, float]:
    """The first chances of a group, below a half, where nothing of such groups stands; the latent keeps its length."""
    start = group_slices()[group].start
    return {start + i: min(chance, 1 - chance) for i, chance in enumerate(latent.group(group)[:count])}
