"""A scene: all that a village picture shows, read from a latent before anything is drawn."""

from dataclasses import dataclass, replace

import numpy.typing as npt

from server.lab.scenes.buildings import Building, Piece
from server.lab.scenes.land import Meadow, Mountains, Path, Treeline, Water
from server.lab.scenes.latent import LATENT_DIM, Latent
from server.lab.scenes.palette import Light, blend, season_colours, sky_colours
from server.lab.scenes.plants import Tree
from server.lab.scenes.sample_land import (
    CLOUDS,
    sample_clouds,
    sample_meadow,
    sample_mountains,
    sample_sky,
    sample_treeline,
    sample_water,
)
from server.lab.scenes.sample_village import islets, sample_buildings, sample_path, sample_trees
from server.lab.scenes.sky import Cloud, Sky
from server.model.latents import latent_of


@dataclass(frozen=True)
class Scene:
    """Everything in one picture; parts that a scene lacks are None or empty.

    `season`: 0 winter, 0.25 spring, 0.5 summer, 0.9 autumn. `daytime`: 0 noon, 0.8 sunset, from 0.93 night.
    `cloudiness`: 0 clear to 1 overcast. Buildings and trees come far ones first. `front`: what stands before all
    else, which no latent means (see `server.lab.scenes.answer`).
    """

    season: float
    daytime: float
    cloudiness: float
    light: Light
    sky: Sky
    clouds: tuple[Cloud, ...]
    mountains: Mountains | None
    treeline: Treeline | None
    meadow: Meadow
    water: Water | None
    path: Path | None
    buildings: tuple[Building, ...]
    trees: tuple[Tree, ...]
    front: tuple[Tree | Cloud | Piece, ...] = ()

    def attributes(self) -> dict[str, float]:
        """What a probe may look for in the picture, exact.

        0 to 1: `season`, `snow`, `daytime`, `night`, `cloudiness`, `horizon` (0 top, 1 bottom), `sun_x`.
        Counts: `trees`, `buildings`. 0 or 1: `water`, `path`, `mountains`. `building_size` is the scale of
        the largest building, 0 where there is none.
        """
        return {
            "season": self.season,
            "snow": self.light.snow,
            "daytime": self.daytime,
            "night": self.light.night,
            "cloudiness": self.cloudiness,
            "building_size": max((b.scale for b in self.buildings), default=0.0),
            "trees": float(len(self.trees)),
            "buildings": float(len(self.buildings)),
            "water": float(self.water is not None),
            "path": float(self.path is not None),
            "mountains": float(self.mountains is not None),
            "horizon": self.sky.horizon,
            "sun_x": self.sky.sun_x,
        }


def sample_scene(seed: int) -> Scene:
    """The scene of a seed, always the same. Raises ValueError outside 0..2**32-1."""
    return scene_of(latent_of(seed, LATENT_DIM))


def scene_of(z: npt.ArrayLike) -> Scene:
    """The scene that a latent (128,) means. Raises ValueError where `Latent` does."""
    latent = Latent(z)
    season, daytime, cloudiness = latent.group("light")
    overcast = min(1.0, max(0.0, (cloudiness - 0.82) / 0.10))
    colours = sky_colours(daytime, overcast)
    plants = season_colours(season)
    sky = sample_sky(latent, colours, overcast)
    horizon = sky.horizon
    side = 1.0 if sky.sun_x < 0.5 else -1.0
    water = sample_water(latent, horizon)
    buildings = sample_buildings(latent, horizon)
    trees = sample_trees(latent, plants, horizon, buildings)
    if water is not None:
        water = replace(water, islets=islets(buildings, trees))
    return Scene(
        season=season,
        daytime=daytime,
        cloudiness=cloudiness,
        light=Light(colours.tint, blend(colours.bottom, colours.middle, 0.3), side, colours.night, plants.snow),
        sky=sky,
        clouds=sample_clouds(latent, CLOUDS * cloudiness, horizon),
        mountains=sample_mountains(latent, plants),
        treeline=sample_treeline(latent, plants),
        meadow=sample_meadow(latent, plants, horizon),
        water=water,
        path=sample_path(latent, plants, horizon, water),
        buildings=buildings,
        trees=trees,
    )
