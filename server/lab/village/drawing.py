"""Drawing a village scene: the picture, and for every pixel the part and the kind of thing that it shows.

Everything is drawn by `server.lab.scenes`. Each thing is drawn with labels of its own, which tell exactly which pixels
are the thing's; which part of it each of them shows follows from where it lies in the thing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from server.lab.scenes.buildings import Building, Piece, parts
from server.lab.scenes.canvas import Array, Canvas, blank
from server.lab.scenes.land import draw_meadow, draw_mountains, draw_path, draw_treeline, draw_water
from server.lab.scenes.masonry import Dome, Finial, Opening, Wall, draw_part
from server.lab.scenes.masonry import Part as Masonry
from server.lab.scenes.palette import Light
from server.lab.scenes.plants import Tree, draw_shadow, draw_tree
from server.lab.scenes.scene import Scene
from server.lab.scenes.sky import STAR_RADIUS, SUN_RADIUS, Cloud, Sky, draw_cloud, draw_sky
from server.lab.village import inside
from server.lab.village.parts import CONCEPT_OF_KIND, kind, part
from server.model.pixels import Pixels

_NOTHING = 255
Mask = npt.NDArray[np.bool_]
PartsOf = Callable[[Array, Array, Mask], Pixels]


@dataclass(frozen=True)
class Drawing:
    """A picture (R, R, 3), and for each of its pixels the part and the kind that it shows, (R, R) each."""

    image: Pixels
    parts: Pixels
    kinds: Pixels

    @property
    def labels(self) -> Pixels:
        """The concept of every pixel, (R, R)."""
        shown: Pixels = CONCEPT_OF_KIND[self.kinds]
        return shown


@dataclass(frozen=True)
class _Easel:
    """A canvas, and beside it the maps of parts and kinds."""

    canvas: Canvas
    parts: Pixels
    kinds: Pixels

    def put(self, kind_name: str, draw: Callable[[Canvas], None], parts_of: str | PartsOf) -> None:
        """Draw a thing of a kind. parts_of: its only part, or what tells the part of every pixel of it, from the pixel
        centres x (1, R) and y (R, 1) and from where the thing is (R, R)."""
        own = replace(self.canvas, labels=np.full_like(self.canvas.labels, _NOTHING))
        draw(own)
        there = own.labels != _NOTHING  # (R, R)
        if not there.any():
            return
        x, y = self.canvas.centres[None], self.canvas.centres[:, None]
        shown = part(parts_of) if isinstance(parts_of, str) else parts_of(x, y, there)[there]
        self.parts[there] = shown
        self.kinds[there] = kind(kind_name)


def draw_village(scene: Scene, size: int, hide: frozenset[str] = frozenset()) -> Drawing:
    """Draw a scene without the objects named in `hide` (see `server.lab.scenes.render.objects`): pixel for pixel what
    `render` draws."""
    canvas = blank(size)
    easel = _Easel(canvas, np.full((size, size), part("sky"), np.uint8), np.full((size, size), kind("sky"), np.uint8))
    light, sky = scene.light, scene.sky
    draw_sky(canvas, sky)
    _mark_sun(easel, sky)
    for cloud in scene.clouds:
        if cloud.name not in hide:
            _cloud(easel, scene, cloud)
    if scene.mountains is not None and "mountains" not in hide:
        peaks, hills = replace(scene.mountains, hill_height=-1.0), replace(scene.mountains, peaks=())
        easel.put("peak", lambda c: draw_mountains(c, sky, light, peaks), inside.rock(peaks, sky, light.side))
        easel.put("hill", lambda c: draw_mountains(c, sky, light, hills), "hill")
    easel.put("grass", lambda c: draw_meadow(c, sky, light, scene.meadow), "grass")
    water, treeline, path = scene.water, scene.treeline, scene.path
    if water is not None and "water" not in hide:
        easel.put("water", lambda c: draw_water(c, sky, light, water), "water")
    if treeline is not None and "treeline" not in hide:
        easel.put("far trees", lambda c: draw_treeline(c, sky, light, treeline), "far trees")
    if path is not None and "path" not in hide:
        easel.put("path", lambda c: draw_path(c, light, path), "path")
    things: list[Building | Tree] = [*scene.buildings, *scene.trees]
    for thing in sorted(things, key=lambda thing: thing.y):
        if thing.name not in hide:
            _thing(easel, scene, thing, hide)
    for front in scene.front:
        _thing(easel, scene, front, hide)
    pixels = (np.clip(canvas.image, 0, 1) * 255 + 0.5).astype(np.uint8)  # (3, R, R)
    return Drawing(np.ascontiguousarray(pixels.transpose(1, 2, 0)), easel.parts, easel.kinds)


def _mark_sun(easel: _Easel, sky: Sky) -> None:
    discs = [(sky.sun_x, sky.sun_y, SUN_RADIUS)] if sky.sun_shine > 0.5 else []
    discs += [(x, y, STAR_RADIUS) for x, y in sky.stars] if sky.colours.night > 0.6 else []
    centres = easel.canvas.centres
    for x, y, radius in discs:
        easel.parts[np.hypot(centres[None] - x, centres[:, None] - y) < radius] = part("sun")


def _thing(easel: _Easel, scene: Scene, thing: Building | Tree | Cloud | Piece, hide: frozenset[str]) -> None:
    match thing:
        case Tree():
            name = {"round": "round tree"}.get(thing.kind, thing.kind)
            easel.put(name, lambda c: draw_tree(c, scene.light, thing), inside.tree(thing, scene.light.side))
        case Cloud():
            _cloud(easel, scene, thing)
        case Piece():
            for piece in thing.parts:
                _masonry(easel, scene.light, thing, piece)
        case Building():
            pieces = parts(thing, scene.light.side)
            xs = [x for piece in pieces if isinstance(piece, Wall) for x, _ in piece.points]
            shadow = 1.25 * (max(xs) - min(xs)) / 2
            draw_shadow(easel.canvas, scene.light, thing.x, thing.y, shadow, 0.02 + 0.02 * thing.scale)
            for piece in pieces:
                if not _hidden(piece, thing, hide):
                    _masonry(easel, scene.light, Piece(thing.material, ()), piece)


def _hidden(piece: Masonry, building: Building, hide: frozenset[str]) -> bool:
    match piece:
        case Opening(door=True):
            return "doors" in hide or building.door_name in hide
        case Opening():
            return "windows" in hide
        case Dome() | Finial(on_dome=True):
            return "domes" in hide
        case _:
            return False


def _cloud(easel: _Easel, scene: Scene, cloud: Cloud) -> None:
    def parts_of(x: Array, y: Array, there: Mask) -> Pixels:
        return np.where(there & (y > cloud.y), part("cloud base"), part("cloud")).astype(np.uint8)

    easel.put("cloud", lambda c: draw_cloud(c, scene.sky, scene.light, cloud), parts_of)


def _masonry(easel: _Easel, light: Light, owner: Piece, piece: Masonry) -> None:
    material = owner.material

    def draw(canvas: Canvas) -> None:
        draw_part(canvas, light, material, piece)

    if isinstance(piece, Opening):
        _opening(easel, light, owner, piece)
    else:
        easel.put(inside.kind_of(piece, material), draw, inside.masonry(piece, light.side))


def _opening(easel: _Easel, light: Light, owner: Piece, piece: Opening) -> None:
    """The frame around a door or a window belongs to the wall."""
    own = replace(easel.canvas, labels=np.full_like(easel.canvas.labels, _NOTHING))
    draw_part(own, light, owner.material, piece)
    x, y = easel.canvas.centres[None], easel.canvas.centres[:, None]
    frame, hole = inside.split_opening(own.labels, _NOTHING)
    easel.parts[frame] = part("frame")
    easel.kinds[frame] = kind(f"{owner.material.masonry} wall")
    easel.parts[hole] = inside.opening(piece)(x, y, hole)[hole]
    easel.kinds[hole] = kind(inside.kind_of(piece, owner.material))
