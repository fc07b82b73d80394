"""The village's scenes: calmer than those of `server.lab.scenes`, of the same things, read from a latent alike.

At most two buildings, one in either half, a few trees that stand clear of them, few clouds: ground and sky stay open to
paint on, and what there is can be drawn well.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from server.lab.scenes.buildings import Building, half_width
from server.lab.scenes.latent import LATENT_DIM, Latent, between
from server.lab.scenes.palette import Light, SeasonColours, blend, season_colours, sky_colours
from server.lab.scenes.plants import Tree
from server.lab.scenes.sample_land import (
    sample_clouds,
    sample_meadow,
    sample_mountains,
    sample_sky,
    sample_treeline,
    sample_water,
)
from server.lab.scenes.sample_village import Plot, building_on, islets, sample_path, tree_on
from server.lab.scenes.scene import Scene
from server.model.latents import latent_of

# The latent's groups that tell of a building: where across the picture, and above which chance it is a cottage.
_BUILDINGS = {"plot01": (0.20, 0.42), "plot02": (0.58, 0.80)}
_TREES = {
    "plot00": (0.03, 0.30),
    "plot03": (0.70, 0.97),
    "plot11": (0.25, 0.75),
    "plot10": (0.03, 0.45),
    "plot13": (0.55, 0.97),
}
_NO_BUILDING, _COTTAGE, _NO_TREE = 0.42, 0.70, 0.58
# Of the clouds that a sky as cloudy has elsewhere.
_CLOUDS = 0.55


def sample_village(seed: int) -> Scene:
    """The scene of a seed, 0..2**32-1."""
    return village_of(latent_of(seed, LATENT_DIM))


def village_of(z: npt.ArrayLike) -> Scene:
    """The scene that a latent (128,) means. Raises ValueError for another shape, zeros and numbers not finite."""
    latent = Latent(np.asarray(z))
    season, daytime, cloudiness = latent.group("light")
    overcast = min(1.0, max(0.0, (cloudiness - 0.82) / 0.10))
    colours, plants = sky_colours(daytime, overcast), season_colours(season)
    sky = sample_sky(latent, colours, overcast)
    horizon = sky.horizon
    water = sample_water(latent, horizon)
    buildings = _buildings(latent, horizon)
    trees = _trees(latent, plants, horizon, buildings)
    if water is not None:
        water = replace(water, islets=islets(buildings, trees))
    return Scene(
        season=season,
        daytime=daytime,
        cloudiness=cloudiness,
        light=Light(
            colours.tint,
            blend(colours.bottom, colours.middle, 0.3),
            1.0 if sky.sun_x < 0.5 else -1.0,
            colours.night,
            plants.snow,
        ),
        sky=sky,
        clouds=sample_clouds(latent, _CLOUDS * cloudiness, horizon),
        mountains=sample_mountains(latent, plants),
        treeline=sample_treeline(latent, plants),
        meadow=sample_meadow(latent, plants, horizon),
        water=water,
        path=sample_path(latent, plants, horizon, water),
        buildings=buildings,
        trees=trees,
    )


def _plot(latent: Latent, group: str, what: str, across: tuple[float, float], horizon: float) -> Plot:
    _, roof, door, a, b, size, style, form, colour = latent.group(group)
    y = horizon + (1 - horizon) * between(b, 0.10, 0.62 if what == "tree" else 0.42)
    return Plot(group, what, between(a, *across), y, size, style, form, colour, roof, door)


def _buildings(latent: Latent, horizon: float) -> tuple[Building, ...]:
    buildings = []
    for group, across in _BUILDINGS.items():
        chance = latent.group(group)[0]
        if chance > _NO_BUILDING:
            plot = _plot(latent, group, "cottage" if chance > _COTTAGE else "church", across, horizon)
            buildings.append(building_on(plot, horizon))
    buildings.sort(key=lambda b: b.y)
    return tuple(replace(b, name=f"house{i}", door_name=f"door{i}") for i, b in enumerate(buildings))


def _trees(latent: Latent, season: SeasonColours, horizon: float, buildings: tuple[Building, ...]) -> tuple[Tree, ...]:
    trees: list[Tree] = []
    for group, across in _TREES.items():
        if latent.group(group)[0] <= _NO_TREE:
            continue
        tree = tree_on(_plot(latent, group, "tree", across, horizon), season, horizon)
        clear = all(abs(tree.x - b.x) > half_width(b) + 0.7 * tree.width for b in buildings)
        clear = clear and all(abs(tree.x - t.x) > 0.5 * (tree.width + t.width) for t in trees)
        if clear:
            trees.append(tree)
    trees.sort(key=lambda t: t.y)
    return tuple(replace(tree, name=f"tree{i}") for i, tree in enumerate(trees))
