"""Latents of scenes without one of their objects: what a latent must say for that not to stand.

Whether a thing stands is up to a few numbers of its own, so the scene without it has a latent as well, which differs in
those numbers alone. What the other numbers mean moves by less than a pixel, as the latent's length changes a little.
Trees that stand clear of others only where one of them is gone are the exception: such a scene has no such latent.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from server.lab.scenes.canvas import Array
from server.lab.scenes.latent import COLUMNS, Latent, group_slices
from server.lab.scenes.sample_land import CLOUDS, cloud_bar
from server.lab.scenes.sample_village import CHURCH, plots
from server.lab.scenes.scene import Scene, scene_of

# Chances at which nothing stands: below the first no mountains, above the second no path.
_NO_MOUNTAINS, _NO_PATH = 0.055, 0.955


def without(z: Array, scene: Scene, name: str) -> Array | None:
    """The latent of the scene of `z`, (128,), without one of its objects.

    name: as `render.objects` has it. None where no latent lacks just that: for doors, windows and domes, for what makes
    room for a tree, and for names that the scene does not have.
    """
    chances = _absent_chances(Latent(z), scene, name)
    if chances is None:
        return None
    length = float(np.sqrt(np.mean(z.astype(np.float64) ** 2)))
    lacking = z.copy()
    for place, chance in chances.items():
        lacking[place] = length * NormalDist().inv_cdf(chance)
    after = scene_of(lacking)
    before = len(scene.buildings) + len(scene.trees) - (name.rstrip("0123456789") in ("tree", "house"))
    return lacking if len(after.buildings) + len(after.trees) == before else None


def _absent_chances(latent: Latent, scene: Scene, name: str) -> dict[int, float] | None:
    """Places in the latent, and the chance that each must be for the object not to stand."""
    slices = group_slices()
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
            bar = cloud_bar(CLOUDS * scene.cloudiness)
            column = [c for c in range(COLUMNS) if latent.group(f"cloud{c}")[0] <= bar][i]
            return {slices[f"cloud{column}"].start: (bar + 1) / 2}
    things = {building.name: (building.x, building.y) for building in scene.buildings}
    things |= {tree.name: (tree.x, tree.y) for tree in scene.trees}
    for plot in plots(latent, scene.sky.horizon):
        if name in things and things[name] == (plot.x, plot.y):
            return _halved(latent, plot.group, 1, below=CHURCH)
    return None


def _halved(latent: Latent, group: str, count: int, below: float = 0.5) -> dict[int, float]:
    """The first chances of a group, below a half, or what else nothing of such groups stands below; where it can, the
    latent keeps its length."""
    start = group_slices()[group].start
    return {start + i: min(chance, 1 - chance, 0.95 * below) for i, chance in enumerate(latent.group(group)[:count])}
