"""Which part of a thing a pixel of it shows, from where it lies in the thing.

Functions of pixel centres x (1, R) and y (R, 1), and of where the thing is, (R, R); they give values of PARTS, (R, R).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np
import numpy.typing as npt

from server.lab.scenes.canvas import Array, circle_distance
from server.lab.scenes.concepts import WALL
from server.lab.scenes.land import Mountains
from server.lab.scenes.masonry import Dome, Finial, Material, Opening, Roof, Wall
from server.lab.scenes.masonry import Part as Masonry
from server.lab.scenes.plants import Tree
from server.lab.scenes.sky import Sky
from server.lab.village.parts import part
from server.model.pixels import Pixels

Mask = npt.NDArray[np.bool_]
PartsOf = Callable[[Array, Array, Mask], Pixels]
# How wide an outline is, and half of a door's seam and of a window's bars, in parts of the picture's side.
_RIM, _SEAM, _BAR = 0.008, 0.008, 0.006
# Walls narrower than this, as chimneys, have no lit and shaded side.
_NARROW = 0.06


def rim(there: Mask, width: float = _RIM) -> Mask:
    """The pixels of a thing that lie within `width` of its edge; the picture's border is no edge."""
    deep = np.pad(there, 1, mode="edge")
    for _ in range(max(1, round(width * len(there)))):
        deep[1:-1, 1:-1] &= deep[:-2, 1:-1] & deep[2:, 1:-1] & deep[1:-1, :-2] & deep[1:-1, 2:]
        deep = np.pad(deep[1:-1, 1:-1], 1, mode="edge")
    edge: Mask = there & ~deep[1:-1, 1:-1]
    return edge


def _either(condition: npt.NDArray[np.bool_], yes: str, no: str, there: Mask) -> Pixels:
    return np.broadcast_to(np.where(condition, part(yes), part(no)), there.shape).astype(np.uint8)


def rock(mountains: Mountains, sky: Sky, side: float) -> PartsOf:
    """The lit and the shaded face of peaks."""

    def parts_of(x: Array, y: Array, there: Mask) -> Pixels:
        heights = np.concatenate([h - np.abs(x - px) * s for px, h, s in mountains.peaks])  # (peaks, R)
        sides = np.concatenate([(x - px) * side for px, _, _ in mountains.peaks])  # (peaks, R)
        across = np.take_along_axis(sides, heights.argmax(0)[None], 0)  # (1, R)
        depth = y - (sky.horizon - heights.max(0, keepdims=True))  # (R, R)
        return _either(across + 0.22 * depth * np.sin(depth * 55) < 0, "lit rock", "shaded rock", there)

    return parts_of


def _crown_distance(tree: Tree, x: Array, y: Array) -> Array:
    """Below 0 inside the crown of a tree, above 0 around its trunk."""
    w, h = tree.width, tree.height
    if tree.kind == "conifer":
        below: Array = y - np.float32(tree.y - 0.12 * h) + 0 * x
        return below
    if tree.kind == "poplar":
        half = 0.45 * h
        down = (y - (tree.y - h + half)) / half
        narrow = 1 + 0.30 * np.clip(-down, -0.4, 1)
        poplar: Array = np.hypot((x - tree.x) / w * narrow, down) - 1
        return poplar
    low = max(dy + radius for _, dy, radius in tree.puffs)
    top = min(dy - radius for _, dy, radius in tree.puffs)
    middle = tree.y - low * w if tree.kind == "bush" else tree.y - h - top * w
    circles = [circle_distance(x, y, tree.x + dx * w, middle + dy * w, r * w) for dx, dy, r in tree.puffs]
    return reduce(np.minimum, circles)


def tree(tree: Tree, side: float) -> PartsOf:
    """Trunk, the crown's two sides and its edge. side: 1 for light from the left, -1 from the right."""

    def parts_of(x: Array, y: Array, there: Mask) -> Pixels:
        crown = there & (_crown_distance(tree, x, y) <= 0.5 / len(there))
        shown = _either((x - tree.x) * side <= 0.1 * tree.width, "lit crown", "shaded crown", there)
        shown[~crown] = part("trunk")
        shown[rim(crown)] = part("crown edge")
        return shown

    return parts_of


def kind_of(piece: Masonry, material: Material) -> str:
    """The kind of a part of a building."""
    match piece:
        case Wall():
            return f"{material.masonry} wall"
        case Roof():
            ridge = min(y for _, y in piece.points)
            peaked = len(piece.points) == 3
            width = max(x for x, _ in piece.points) - min(x for x, _ in piece.points)
            steep = max(y for _, y in piece.points) - ridge > 0.8 * width
            return "spire" if peaked and steep else "gable roof" if peaked else "hipped roof"
        case Finial():
            return "round dome" if piece.on_dome else "spire"
        case Dome():
            return "onion dome" if piece.onion > 0.5 else "round dome"
        case Opening():
            what = "door" if piece.door else "window"
            return f"arched {what}" if piece.arch > 0.7 else "plank door" if piece.door else "square window"


def masonry(piece: Wall | Roof | Finial | Dome, side: float) -> PartsOf:
    """The lit and the shaded side of a wall, a roof or a dome, and edges of walls and roofs; a cross is one part."""

    def parts_of(x: Array, y: Array, there: Mask) -> Pixels:
        match piece:
            case Finial():
                return np.full(there.shape, part("dome cross" if piece.on_dome else "roof cross"), np.uint8)
            case Dome():
                return _either((x - piece.x) * side <= 0, "lit dome", "shaded dome", there)
            case Wall() | Roof():
                xs = [x for x, _ in piece.points]
                middle, width = (min(xs) + max(xs)) / 2, max(xs) - min(xs)
                what = "wall" if isinstance(piece, Wall) else "roof"
                lit = (x - middle) * side <= 0 if what == "wall" else np.full_like(x, piece.shade >= 0.95, bool)
                shown = _either(lit | (width < _NARROW), f"lit {what}", f"shaded {what}", there)
                shown[rim(there)] = part(f"{what} edge")
                return shown

    return parts_of


def split_opening(labels: Pixels, nothing: int) -> tuple[Mask, Mask]:
    """Where the frame of a door or a window is, and where what it frames is. labels: of it alone, (R, R)."""
    return labels == WALL, (labels != WALL) & (labels != nothing)


def opening(piece: Opening) -> PartsOf:
    """A door and its seam, or a window's panes and bars."""

    def parts_of(x: Array, y: Array, there: Mask) -> Pixels:
        across = np.abs(x - piece.x)
        if piece.door:
            return _either(across < _SEAM, "door seam", "door", there)
        up = np.abs((piece.y - y) / piece.height - 0.5) * piece.height
        return _either(((across < _BAR) | (up < _BAR)) & (piece.width > 0.045), "mullion", "pane", there)

    return parts_of
