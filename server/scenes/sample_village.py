"""The village of a latent: how its numbers become buildings, the path and the trees on dry ground.

Nothing is tried twice: a thing that would stand in the water, in another building or before a door is left out. So
every number keeps its meaning whatever the others are.
"""

from dataclasses import dataclass, replace

import numpy as np

from server.scenes.buildings import DOMED_KINDS, HOUSE_KINDS, SPIRED_KINDS, Building, door_x, half_width
from server.scenes.canvas import Array
from server.scenes.land import Path, Water, path_distance, water_distance
from server.scenes.latent import COLUMNS, ROWS, Latent, between, in_strip, pick, wave
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
from server.scenes.plants import Tree

PROPORTIONS = {"round": (1.0, 0.36), "conifer": (1.15, 0.32), "poplar": (1.2, 0.20), "bush": (0.5, 0.36)}
MASONRY_ODDS = (0.3, 0.3, 0.4)
WHATS = ("tree", "cottage", "church")
# How strong a chance must be for the thing to stand, in the far row and in the near one.
BARS = ((0.52, 0.70, 0.70), (0.55, 0.88, 0.76))


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


@dataclass(frozen=True)
class Plot:
    """A plot of ground: what stands there ("", "tree", "cottage" or "church"), its foot (x, y), and four numbers that
    tell how it looks: its size, its style, its form and its colour."""

    row: int
    what: str
    x: float
    y: float
    size: float
    style: float
    form: float
    colour: float


def plots(latent: Latent, horizon: float) -> tuple[Plot, ...]:
    """The plots of a latent, near ones first. Tree, cottage and church each have a chance there; the strongest wins
    where it is strong enough."""
    found = []
    for row in reversed(range(ROWS)):
        for column in range(COLUMNS):
            *chances, a, b, size, style, form, colour = latent.group(f"plot{row}{column}")
            y = horizon + (1 - horizon) * (between(b, 0.06, 0.24) if row == 0 else between(b, 0.42, 0.88))
            surplus = [c - bar for c, bar in zip(chances, BARS[row], strict=True)]
            what = WHATS[int(np.argmax(surplus))] if max(surplus) > 0 else ""
            found.append(Plot(row, what, in_strip(column, a), y, size, style, form, colour))
    return tuple(found)


def _church(plot: Plot, horizon: float) -> Building:
    domed = plot.style > 0.46
    kinds = DOMED_KINDS if domed else SPIRED_KINDS
    index, along = pick(plot.form, (0.25, 0.25, 0.25, 0.25))
    scale = between(plot.size, 0.82, 1.18) * (0.72 + 1.5 * (plot.y - horizon))
    top = wave(plot.colour)
    return Building(
        name="",
        door_name="",
        kind=kinds[index],
        x=plot.x,
        y=plot.y,
        scale=scale,
        wide=between(along, 0.9, 1.15),
        tall=between(plot.style, 0.9, 1.15),
        pitch=between(along, 1.2, 0.85),
        side=1.0 if plot.x < 0.5 else -1.0,
        domed=domed,
        onion=1.0 if plot.style > 0.73 else 0.0,
        material=_material(plot.colour, top, top, wave(plot.size), (plot.x, plot.y, scale), horizon),
    )


def _cottage(plot: Plot, horizon: float) -> Building:
    scale = between(plot.size, 0.88, 1.22) * (0.72 + 1.5 * (plot.y - horizon))
    return Building(
        name="",
        door_name="",
        kind=HOUSE_KINDS[plot.style > 0.5],
        x=plot.x,
        y=plot.y,
        scale=scale,
        wide=between(plot.form, 0.9, 1.15),
        tall=1.0,
        pitch=between(plot.form, 1.2, 0.85),
        side=1.0 if plot.x < 0.5 else -1.0,
        domed=False,
        onion=0.0,
        material=_material(plot.colour, wave(plot.colour), 0.0, wave(plot.size), (plot.x, plot.y, scale), horizon),
    )


def sample_buildings(latent: Latent, horizon: float, water: Water | None) -> tuple[Building, ...]:
    """The churches and cottages on the plots that stand clear of each other and of the water; far ones first."""
    found: list[tuple[int, Building]] = []
    for plot in plots(latent, horizon):
        if plot.what not in ("church", "cottage"):
            continue
        building = (_church if plot.what == "church" else _cottage)(plot, horizon)
        half = half_width(building)
        apart = all(
            abs(b.x - building.x) > (0.85 if row == plot.row else 0.6) * (half_width(b) + half) for row, b in found
        )
        if apart and _dry(water, building.x, building.y, half):
            found.append((plot.row, building))
    things = sorted((b for _, b in found), key=lambda b: b.y)
    return tuple(replace(b, name=f"house{i}", door_name=f"door{i}") for i, b in enumerate(things))


def sample_path(
    latent: Latent, season: SeasonColours, horizon: float, buildings: tuple[Building, ...], water: Water | None
) -> Path | None:
    """A path from the largest building's door, or from the horizon, that keeps clear of the water."""
    chance, end, bend, tone = latent.group("path")
    colour = blend((0.93, 0.78, 0.50), (0.74, 0.68, 0.64), tone)
    colour = blend(colour, (0.74, 0.74, 0.82), season.snow * 0.7)
    main = max(buildings, key=lambda b: b.scale, default=None)
    x, y = (door_x(main), main.y - 0.002) if main else (between(end, 0.8, 0.2), horizon + 0.01)
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
    """The trees and bushes on the plots, on dry ground, none in front of a door; far ones first."""
    doors = [(door_x(b), b) for b in buildings]
    found: list[Tree] = []
    for plot in plots(latent, horizon):
        if plot.what != "tree":
            continue
        tree = _tree(plot, season, horizon)
        blocks = any(tree.y > b.y and abs(tree.x - x) < tree.width * 0.8 + 0.06 * b.scale for x, b in doors)
        if _dry(water, tree.x, tree.y, 0.05) and not blocks:
            found.append(tree)
    found.sort(key=lambda t: t.y)
    return tuple(replace(tree, name=f"tree{i}") for i, tree in enumerate(found))


def _tree(plot: Plot, season: SeasonColours, horizon: float) -> Tree:
    conifers = 0.28 if season.snow < 0.5 else 0.56
    kind = "conifer" if plot.style < conifers else ("poplar", "round", "bush")[pick(plot.form, (0.2, 0.6, 0.2))[0]]
    size = between(plot.size, 0.80, 1.20) * (0.26 + 0.64 * (plot.y - horizon))
    tall, wide = PROPORTIONS[kind]
    tint, lean = plot.colour, between(plot.form, 0.93, 1.07)
    height, width = tall * size, wide * size
    hue = min(1.0, max(0.0, (tint - 0.35) / 0.3))
    leaf: Colour = blend(season.leaf, season.other_leaf, hue)
    if kind == "conifer":
        leaf = blend(blend((0.06, 0.34, 0.26), (0.14, 0.46, 0.24), hue), (0.16, 0.36, 0.36), season.snow)
    elif kind == "poplar":
        leaf = blend(leaf, (0.22, 0.50, 0.20), 0.35 * (1 - season.snow))
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
    return Tree("", kind, plot.x, plot.y, height, width, haze(horizon, plot.y), leaf, bark, puffs)
