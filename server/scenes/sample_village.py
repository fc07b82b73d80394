"""Chance in the village: how buildings, the path and the trees find their places on dry ground."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from server.scenes.buildings import DOMED_KINDS, HOUSE_KINDS, SPIRED_KINDS, Building, door_x, half_width
from server.scenes.canvas import Array
from server.scenes.land import Path, Water, path_distance, water_distance
from server.scenes.masonry import Material
from server.scenes.palette import (
    DOME_COLOURS,
    DOOR_COLOURS,
    ROOF_COLOURS,
    WALL_COLOURS,
    Colour,
    SeasonColours,
    blend,
    scaled,
)
from server.scenes.plants import TREE_KINDS, Tree
from server.scenes.sample_land import between

# Kinds that stand twice are twice as frequent.
CHURCH_KINDS = (
    *("parish", "parish", "chapel", "chapel", "twin", "tower"),
    *("basilica", "onion", "onion", "rotunda"),
)
PROPORTIONS = {"round": (1.0, 0.36), "conifer": (1.15, 0.32), "poplar": (1.2, 0.20), "bush": (0.5, 0.36)}


def haze(horizon: float, y: float) -> float:
    """How hazy a thing with its foot at height y looks: 0.18 at the horizon, 0 near by."""
    return min(0.18, max(0.0, 0.18 - 1.1 * (y - horizon)))


def _dry(water: Water | None, x: float, y: float, half: float) -> bool:
    """Whether the ground from x - half to x + half at height y is clear of the water."""
    if water is None:
        return True
    xs: Array = np.linspace(x - half, x + half, 9, dtype=np.float32)
    return bool(water_distance(water, xs, np.full(9, y, np.float32)).min() > 0.012)


def _sample_building(
    rng: Generator, name: str, door: str, kind: str, place: tuple[float, float, float], horizon: float
) -> Building:
    masonry, wall = WALL_COLOURS[int(rng.integers(len(WALL_COLOURS)))]
    tone = between(rng, 0.92, 1.08)
    x, y, scale = place
    domed = kind in DOMED_KINDS and (kind not in SPIRED_KINDS or rng.uniform() < 0.34)
    onion = float(rng.choice((0.0, 0.0, 1.0))) if kind != "onion" else 1.0
    return Building(
        name=name,
        door_name=door,
        kind=kind,
        x=x,
        y=y,
        scale=scale,
        wide=between(rng, 0.9, 1.15),
        tall=between(rng, 0.88, 1.18),
        pitch=between(rng, 0.8, 1.25),
        side=float(rng.choice((-1.0, 1.0))),
        domed=domed,
        onion=onion,
        material=Material(
            masonry=masonry,
            wall=scaled(wall, (tone, tone, tone)),
            roof=ROOF_COLOURS[int(rng.integers(len(ROOF_COLOURS)))],
            dome=DOME_COLOURS[int(rng.integers(len(DOME_COLOURS)))],
            door=DOOR_COLOURS[int(rng.integers(len(DOOR_COLOURS)))],
            scale=scale,
            x=x,
            y=y,
            haze=haze(horizon, y),
        ),
    )


def sample_buildings(rng: Generator, horizon: float, water: Water | None) -> tuple[Building, ...]:
    """No building (7 %), cottages only (13 %), or a church (20 % of all close up) with up to two cottages."""
    plan = rng.uniform()
    wanted: list[tuple[str, str]] = []
    if plan > 0.20:
        wanted.append(("church", str(rng.choice(CHURCH_KINDS))))
    houses = int(rng.integers(0, 3)) if plan > 0.20 else int(rng.integers(1, 4)) if plan > 0.07 else 0
    wanted += [(f"house{i}", str(rng.choice(HOUSE_KINDS))) for i in range(houses)]
    found: list[Building] = []
    for index, (name, kind) in enumerate(wanted):
        for _ in range(12):
            x = between(rng, 0.06, 0.94)
            if name == "church" and plan > 0.80:
                y = between(rng, max(0.80, horizon + 0.16), 0.96)
                scale = between(rng, 1.15, 1.55)
            else:
                y = horizon + between(rng, 0.03, 0.24 if name == "church" else 0.30)
                size = between(rng, 0.78, 1.20) if name == "church" else between(rng, 0.85, 1.25)
                scale = size * (0.72 + 1.5 * (y - horizon))
            building = _sample_building(rng, name, f"door{index}", kind, (x, y, scale), horizon)
            half = half_width(building)
            apart = all(abs(b.x - x) > 0.75 * (half_width(b) + half) for b in found)
            if apart and _dry(water, x, y, half):
                found.append(building)
                break
    return tuple(sorted(found, key=lambda b: b.y))


def sample_path(
    rng: Generator,
    season: SeasonColours,
    horizon: float,
    buildings: tuple[Building, ...],
    water: Water | None,
) -> Path | None:
    """A path from the largest building's door, or from the horizon, that keeps clear of the water."""
    colour = blend((0.93, 0.78, 0.50), (0.74, 0.68, 0.64), between(rng, 0, 1))
    colour = blend(colour, (0.74, 0.74, 0.82), season.snow * 0.7)
    wanted = rng.uniform() < (0.85 if buildings else 0.5)
    main = max(buildings, key=lambda b: b.scale, default=None)
    x, y = (door_x(main), main.y - 0.002) if main else (between(rng, 0.2, 0.8), horizon + 0.01)
    for _ in range(8):
        end, bend, width = between(rng, 0.02, 0.98), between(rng, -0.20, 0.20), between(rng, 0.06, 0.14)
        path = Path(x, y, end, bend * min(1.0, (1 - y) * 3), width * min(1.0, 0.3 + 2 * (1 - y)), colour)
        if wanted and y < 0.97 and (water is None or _path_is_dry(path, water)):
            return path
    return None


def _path_is_dry(path: Path, water: Water) -> bool:
    grid: Array = np.linspace(0, 1, 33, dtype=np.float32)
    x, y = grid[None], path.y + (1 - np.float32(path.y)) * grid[:, None]
    wet = water_distance(water, x, y) < 0.015
    return not bool((wet & (path_distance(path, x, y) < 0)).any())


def sample_trees(
    rng: Generator,
    season: SeasonColours,
    horizon: float,
    buildings: tuple[Building, ...],
    water: Water | None,
) -> tuple[Tree, ...]:
    """0 to 10 trees, near and far, on dry ground, seldom in front of a door; far ones first."""
    count = int(rng.choice((0, 1, 2, 3, 4, 5, 6, 8, 10), p=(0.04, 0.10, 0.16, 0.18, 0.17, 0.13, 0.10, 0.07, 0.05)))
    doors = [(door_x(b), b) for b in buildings]
    found: list[Tree] = []
    for _ in range(count):
        for _attempt in range(8):
            y = horizon + 0.015 + (1.0 - horizon) * between(rng, 0, 1) ** 1.3
            x = between(rng, -0.02, 1.02)
            tree = _sample_tree(rng, season, horizon, x, y)
            blocks = any(y > b.y and abs(x - dx) < tree.width * 0.8 + 0.06 * b.scale for dx, b in doors)
            if _dry(water, x, y, 0.05) and (not blocks or rng.uniform() < 0.12):
                found.append(tree)
                break
    found.sort(key=lambda t: t.y)
    return tuple(replace(tree, name=f"tree{i}") for i, tree in enumerate(found))


def _sample_tree(rng: Generator, season: SeasonColours, horizon: float, x: float, y: float) -> Tree:
    odds = (0.44, 0.26, 0.14, 0.16) if season.snow < 0.5 else (0.22, 0.56, 0.08, 0.14)
    kind = str(rng.choice(TREE_KINDS, p=odds))
    size = between(rng, 0.75, 1.25) * (0.24 + 0.62 * (y - horizon))
    tall, wide = PROPORTIONS[kind]
    height, width = tall * size, wide * size * between(rng, 0.9, 1.1)
    hue = min(1.0, max(0.0, (between(rng, 0, 1) - 0.35) / 0.3))
    leaf: Colour = blend(season.leaf, season.other_leaf, hue)
    if kind == "conifer":
        leaf = blend(blend((0.06, 0.34, 0.26), (0.14, 0.46, 0.24), hue), (0.16, 0.36, 0.36), season.snow)
    elif kind == "poplar":
        leaf = blend(leaf, (0.22, 0.50, 0.20), 0.35 * (1 - season.snow))
    jitter = [between(rng, 0.92, 1.08) for _ in range(5)]
    puffs: tuple[tuple[float, float, float], ...] = (
        (0.05, -0.34, 0.66 * jitter[0]),
        (-0.46, 0.02, 0.54 * jitter[1]),
        (0.46, 0.00, 0.54 * jitter[2]),
        (-0.12, 0.30, 0.52 * jitter[3]),
        (0.20, 0.30, 0.50 * jitter[4]),
    )
    if kind == "bush":
        puffs = tuple((dx * 1.15, dy * 0.75, radius * 0.82) for dx, dy, radius in puffs)
    bark = blend((0.44, 0.28, 0.18), (0.48, 0.44, 0.46), season.snow * 0.5)
    return Tree("", kind, x, y, height, width, haze(horizon, y), leaf, bark, puffs)
