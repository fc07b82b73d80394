"""The village of a latent: how its numbers become buildings, the path and the trees on dry ground.

Nothing is tried twice: a thing that would stand in the water, in another building or before a door is left out. So
every number keeps its meaning whatever the others are.
"""

from dataclasses import replace

import numpy as np

from server.scenes.buildings import DOMED_KINDS, HOUSE_KINDS, SPIRED_KINDS, Building, door_x, half_width
from server.scenes.canvas import Array
from server.scenes.land import Path, Water, path_distance, water_distance
from server.scenes.latent import COTTAGES, TREES, Latent, between, pick
from server.scenes.masonry import Material
from server.scenes.palette import (
    DOME_COLOURS,
    DOOR_COLOURS,
    ROOF_COLOURS,
    WALL_COLOURS,
    Colour,
    SeasonColours,
    blend,
    shade_of,
)
from server.scenes.plants import TREE_KINDS, Tree

PROPORTIONS = {"round": (1.0, 0.36), "conifer": (1.15, 0.32), "poplar": (1.2, 0.20), "bush": (0.5, 0.36)}
MASONRY_ODDS = (0.3, 0.3, 0.4)


def haze(horizon: float, y: float) -> float:
    """How hazy a thing with its foot at height y looks: 0.18 at the horizon, 0 near by."""
    return min(0.18, max(0.0, 0.18 - 1.1 * (y - horizon)))


def _dry(water: Water | None, x: float, y: float, half: float) -> bool:
    """Whether the ground from x - half to x + half at height y is clear of the water."""
    if water is None:
        return True
    xs: Array = np.linspace(x - half, x + half, 9, dtype=np.float32)
    return bool(water_distance(water, xs, np.full(9, y, np.float32)).min() > 0.012)


def _material(
    wall: float, roof: float, dome: float, door: float, place: tuple[float, float, float], horizon: float
) -> Material:
    masonry, along = pick(wall, MASONRY_ODDS)
    name = ("brick", "stone", "plaster")[masonry]
    x, y, scale = place
    return Material(
        masonry=name,
        wall=shade_of(tuple(colour for kind, colour in WALL_COLOURS if kind == name), along),
        roof=shade_of(ROOF_COLOURS, roof),
        dome=shade_of(DOME_COLOURS, dome),
        door=shade_of(DOOR_COLOURS, door),
        scale=scale,
        x=x,
        y=y,
        haze=haze(horizon, y),
    )


def _church(latent: Latent, horizon: float) -> Building | None:
    """A church, chapel or tower in four scenes of five, in one of five close up."""
    plan, a, b, c, kind, dome, wide, tall, pitch, wall, roof, gold, door = latent.group("church")
    if plan < 0.20:
        return None
    x = between(a, 0.08, 0.92)
    if plan > 0.80:
        y, scale = between(b, max(0.80, horizon + 0.16), 0.96), between(c, 1.15, 1.55)
    else:
        y = horizon + between(b, 0.03, 0.24)
        scale = between(c, 0.78, 1.20) * (0.72 + 1.5 * (y - horizon))
    index, _ = pick(kind, (0.25, 0.25, 0.25, 0.25))
    style, along = pick(dome, (0.46, 0.54))
    return Building(
        name="church",
        door_name="door0",
        kind=(SPIRED_KINDS, DOMED_KINDS)[style][index],
        x=x,
        y=y,
        scale=scale,
        wide=between(wide, 0.9, 1.15),
        tall=between(tall, 0.88, 1.18),
        pitch=between(pitch, 0.8, 1.25),
        side=1.0 if x < 0.5 else -1.0,
        domed=style == 1,
        onion=1.0 if along > 0.5 else 0.0,
        material=_material(wall, roof, gold, door, (x, y, scale), horizon),
    )


def _cottage(latent: Latent, index: int, horizon: float) -> Building | None:
    """A cottage on its half of the picture, in half of the scenes."""
    chance, a, b, c, kind, wall, roof, door = latent.group(f"cottage{index}")
    x = between(a, 0.06, 0.52) if index == 0 else between(a, 0.48, 0.94)
    y = horizon + between(b, 0.03, 0.30)
    scale = between(c, 0.85, 1.25) * (0.72 + 1.5 * (y - horizon))
    form, along = pick(kind, (0.5, 0.5))
    found = Building(
        name=f"house{index}",
        door_name=f"door{index + 1}",
        kind=HOUSE_KINDS[form],
        x=x,
        y=y,
        scale=scale,
        wide=between(along, 0.9, 1.15),
        tall=1.0,
        pitch=between(along, 1.2, 0.85),
        side=1.0 if index == 0 else -1.0,
        domed=False,
        onion=0.0,
        material=_material(wall, roof, 0.0, door, (x, y, scale), horizon),
    )
    return None if chance < 0.45 else found


def sample_buildings(latent: Latent, horizon: float, water: Water | None) -> tuple[Building, ...]:
    """A church or none, and up to two cottages that stand clear of it and of each other; far ones first."""
    church = _church(latent, horizon)
    wanted = [church, *(_cottage(latent, index, horizon) for index in range(COTTAGES))]
    found: list[Building] = []
    for building in wanted:
        if building is None:
            continue
        half = half_width(building)
        apart = all(abs(b.x - building.x) > 0.75 * (half_width(b) + half) for b in found)
        if apart and _dry(water, building.x, building.y, half):
            found.append(building)
    return tuple(sorted(found, key=lambda b: b.y))


def sample_path(
    latent: Latent, season: SeasonColours, horizon: float, buildings: tuple[Building, ...], water: Water | None
) -> Path | None:
    """A path from the largest building's door, or from the horizon, that keeps clear of the water."""
    chance, start, end, bend, tone = latent.group("path")
    colour = blend((0.93, 0.78, 0.50), (0.74, 0.68, 0.64), tone)
    colour = blend(colour, (0.74, 0.74, 0.82), season.snow * 0.7)
    main = max(buildings, key=lambda b: b.scale, default=None)
    x, y = (door_x(main), main.y - 0.002) if main else (between(start, 0.2, 0.8), horizon + 0.01)
    width = between(tone, 0.06, 0.14) * min(1.0, 0.3 + 2 * (1 - y))
    path = Path(x, y, between(end, 0.02, 0.98), between(bend, -0.20, 0.20) * min(1.0, (1 - y) * 3), width, colour)
    wanted = chance < (0.85 if buildings else 0.5)
    return path if wanted and y < 0.97 and (water is None or _path_is_dry(path, water)) else None


def _path_is_dry(path: Path, water: Water) -> bool:
    grid: Array = np.linspace(0, 1, 33, dtype=np.float32)
    x, y = grid[None], path.y + (1 - np.float32(path.y)) * grid[:, None]
    wet = water_distance(water, x, y) < 0.015
    return not bool((wet & (path_distance(path, x, y) < 0)).any())


def sample_trees(
    latent: Latent, season: SeasonColours, horizon: float, buildings: tuple[Building, ...], water: Water | None
) -> tuple[Tree, ...]:
    """0 to 8 trees, near and far, on dry ground, none in front of a door; far ones first."""
    doors = [(door_x(b), b) for b in buildings]
    found: list[Tree] = []
    for index in range(TREES):
        tree = _tree(latent, index, season, horizon)
        if tree is None:
            continue
        blocks = any(tree.y > b.y and abs(tree.x - x) < tree.width * 0.8 + 0.06 * b.scale for x, b in doors)
        if _dry(water, tree.x, tree.y, 0.05) and not blocks:
            found.append(tree)
    found.sort(key=lambda t: t.y)
    return tuple(replace(tree, name=f"tree{i}") for i, tree in enumerate(found))


def _tree(latent: Latent, index: int, season: SeasonColours, horizon: float) -> Tree | None:
    """The tree or bush of one of the picture's strips, in every second strip."""
    chance, form, a, b, c, tint = latent.group(f"tree{index}")
    x = (index + 0.5) / TREES + between(a, -0.11, 0.11)
    y = horizon + 0.015 + (1.0 - horizon) * b**1.3
    odds = (0.44, 0.26, 0.14, 0.16) if season.snow < 0.5 else (0.22, 0.56, 0.08, 0.14)
    kind = TREE_KINDS[pick(form, odds)[0]]
    size = between(c, 0.75, 1.25) * (0.24 + 0.62 * (y - horizon))
    tall, wide = PROPORTIONS[kind]
    height, width = tall * size, wide * size * between(tint, 0.9, 1.1)
    hue = min(1.0, max(0.0, (tint - 0.35) / 0.3))
    leaf: Colour = blend(season.leaf, season.other_leaf, hue)
    if kind == "conifer":
        leaf = blend(blend((0.06, 0.34, 0.26), (0.14, 0.46, 0.24), hue), (0.16, 0.36, 0.36), season.snow)
    elif kind == "poplar":
        leaf = blend(leaf, (0.22, 0.50, 0.20), 0.35 * (1 - season.snow))
    lean = between(c, 0.93, 1.07)
    puffs: tuple[tuple[float, float, float], ...] = (
        (0.05, -0.34, 0.66 * lean),
        (-0.46, 0.02, 0.54 / lean),
        (0.46, 0.00, 0.54 * lean),
        (-0.12, 0.30, 0.52),
        (0.20, 0.30, 0.50),
    )
    if kind == "bush":
        puffs = tuple((dx * 1.15, dy * 0.75, radius * 0.82) for dx, dy, radius in puffs)
    bark = blend((0.44, 0.28, 0.18), (0.48, 0.44, 0.46), season.snow * 0.5)
    found = Tree("", kind, x, y, height, width, haze(horizon, y), leaf, bark, puffs)
    return None if chance < 0.5 else found
