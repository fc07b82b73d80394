"""The village of a latent: its numbers become buildings, the path and the trees on dry ground.

A calm village: at most two buildings, one in either half, and a few trees that stand clear of them, so that ground and
sky stay open to paint on, and what there is can be drawn well. Whether a building stands is up to its own numbers. In
the water things have islets.
"""

from dataclasses import dataclass, replace

from server.lab.scenes.buildings import DOMED_KINDS, HOUSE_KINDS, SPIRED_KINDS, Building, half_width
from server.lab.scenes.land import Path, Water
from server.lab.scenes.latent import Latent, between, pick
from server.lab.scenes.masonry import Material
from server.lab.scenes.palette import (
    DOME_COLOURS,
    DOOR_COLOURS,
    ROOF_COLOURS,
    WALL_COLOURS,
    Colour,
    SeasonColours,
    blend,
    shade_of,
)
from server.lab.scenes.plants import Tree

PROPORTIONS = {"round": (1.0, 0.36), "conifer": (1.15, 0.32), "poplar": (1.2, 0.20), "bush": (0.5, 0.36)}
BUILT = ("cottage", "church")
# The latent's groups that tell of a building and of a tree, and where across the picture each may stand.
BUILDING_PLOTS = {"plot01": (0.20, 0.42), "plot02": (0.58, 0.80)}
TREE_PLOTS = {
    "plot00": (0.03, 0.30),
    "plot03": (0.70, 0.97),
    "plot11": (0.25, 0.75),
    "plot10": (0.03, 0.45),
    "plot13": (0.55, 0.97),
}
# Chances from which something stands: a church, a cottage in its place, a tree.
CHURCH, COTTAGE, TREE = 0.42, 0.70, 0.58


def haze(horizon: float, y: float) -> float:
    """How hazy a thing with its foot at height y looks: 0.18 at the horizon, 0 near by."""
    return min(0.18, max(0.0, 0.18 - 1.1 * (y - horizon)))


@dataclass(frozen=True)
class Plot:
    """A plot of ground: the latent's group that tells of it, what stands there ("", "tree", "cottage" or "church"), its
    foot (x, y), and numbers that tell how it looks: its size, its style, its form and its colour, a building's roof and
    door, each 0..1."""

    group: str
    what: str
    x: float
    y: float
    size: float
    style: float
    form: float
    colour: float
    roof: float
    door: float


def _material(plot: Plot, scale: float, horizon: float) -> Material:
    return Material(
        masonry=WALL_COLOURS[min(int(plot.colour * len(WALL_COLOURS)), len(WALL_COLOURS) - 1)][0],
        wall=shade_of([colour for _, colour in WALL_COLOURS], plot.colour),
        roof=shade_of(ROOF_COLOURS, plot.roof),
        dome=shade_of(DOME_COLOURS, plot.roof),
        door=shade_of(DOOR_COLOURS, plot.door),
        scale=scale,
        x=plot.x,
        y=plot.y,
        haze=haze(horizon, plot.y),
    )


def plots(latent: Latent, horizon: float) -> tuple[Plot, ...]:
    """The plots of a latent, those of buildings first. Where trees stand too close to something they are left out
    later on."""
    ground = []
    for group, across in {**BUILDING_PLOTS, **TREE_PLOTS}.items():
        chance, roof, door, a, b, size, style, form, colour = latent.group(group)
        if group in TREE_PLOTS:
            what = "tree" if chance > TREE else ""
        else:
            what = "cottage" if chance > COTTAGE else "church" if chance > CHURCH else ""
        y = horizon + (1 - horizon) * between(b, 0.10, 0.62 if group in TREE_PLOTS else 0.42)
        ground.append(Plot(group, what, between(a, *across), y, size, style, form, colour, roof, door))
    return tuple(ground)


def building_on(plot: Plot, horizon: float) -> Building:
    """The church or cottage on a plot, without a name."""
    church = plot.what == "church"
    domed = church and plot.style > 0.46
    if church:
        kind = (DOMED_KINDS if domed else SPIRED_KINDS)[pick(plot.form, (0.25, 0.25, 0.25, 0.25))]
    else:
        kind = HOUSE_KINDS[plot.style > 0.5]
    size = between(plot.size, 0.82, 1.18) if church else between(plot.size, 0.88, 1.22)
    scale = size * (0.72 + 1.5 * (plot.y - horizon))
    return Building(
        name="",
        door_name="",
        kind=kind,
        x=plot.x,
        y=plot.y,
        scale=scale,
        wide=between(plot.form, 0.9, 1.15),
        tall=between(plot.style, 0.9, 1.15) if church else 1.0,
        pitch=between(plot.form, 1.2, 0.85),
        side=1.0 if plot.x < 0.5 else -1.0,
        domed=domed,
        onion=1.0 if domed and plot.style > 0.73 else 0.0,
        material=_material(plot, scale, horizon),
    )


def sample_buildings(latent: Latent, horizon: float) -> tuple[Building, ...]:
    """The churches and cottages on the plots; far ones first."""
    buildings = [building_on(plot, horizon) for plot in plots(latent, horizon) if plot.what in BUILT]
    buildings.sort(key=lambda b: b.y)
    return tuple(replace(b, name=f"house{i}", door_name=f"door{i}") for i, b in enumerate(buildings))


def sample_path(latent: Latent, season: SeasonColours, horizon: float, water: Water | None) -> Path | None:
    """In most scenes without water, a path from the horizon."""
    chance, end, bend, tone = latent.group("path")
    (start,) = latent.group("path_start")
    colour = blend((0.93, 0.78, 0.50), (0.74, 0.68, 0.64), tone)
    colour = blend(colour, (0.74, 0.74, 0.82), season.snow * 0.7)
    y = horizon + 0.01
    width = between(tone, 0.06, 0.14)
    path = Path(between(start, 0.1, 0.9), y, between(end, 0.02, 0.98), between(bend, -0.20, 0.20), width, colour)
    return path if chance < 0.9 and water is None else None


def sample_trees(
    latent: Latent, season: SeasonColours, horizon: float, buildings: tuple[Building, ...]
) -> tuple[Tree, ...]:
    """The trees and bushes on the plots that stand clear of buildings and of one another; far ones first."""
    trees: list[Tree] = []
    for plot in plots(latent, horizon):
        if plot.what != "tree":
            continue
        tree = tree_on(plot, season, horizon)
        clear = all(abs(tree.x - b.x) > half_width(b) + 0.7 * tree.width for b in buildings)
        if clear and all(abs(tree.x - t.x) > 0.5 * (tree.width + t.width) for t in trees):
            trees.append(tree)
    trees.sort(key=lambda t: t.y)
    return tuple(replace(tree, name=f"tree{i}") for i, tree in enumerate(trees))


def islets(buildings: tuple[Building, ...], trees: tuple[Tree, ...]) -> tuple[tuple[float, float, float], ...]:
    """The ground that things stand on where there is water around: (x, y, half width)."""
    return (
        *((b.x, b.y, 1.15 * half_width(b) + 0.03) for b in buildings),
        *((t.x, t.y, 0.5 * t.width + 0.03) for t in trees),
    )


def tree_on(plot: Plot, season: SeasonColours, horizon: float) -> Tree:
    """The tree on a plot, without a name."""
    conifers = 0.28 if season.snow < 0.5 else 0.56
    kind = "conifer" if plot.style < conifers else ("poplar", "round", "bush")[pick(plot.form, (0.2, 0.6, 0.2))]
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
