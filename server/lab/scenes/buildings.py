"""Churches, chapels, towers and cottages: how each kind is put together from parts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from server.lab.scenes.canvas import Canvas, Point
from server.lab.scenes.masonry import Dome, Finial, Material, Opening, Part, Roof, Wall, draw_part
from server.lab.scenes.palette import Light
from server.lab.scenes.plants import draw_shadow

SPIRED_KINDS = ("parish", "chapel", "twin", "tower")
DOMED_KINDS = ("basilica", "onion", "rotunda", "tower")
HOUSE_KINDS = ("long", "gable")


@dataclass(frozen=True)
class Building:
    """A building with the middle of its foot at (x, y); `kind` is a key of LAYOUTS.

    Lengths grow with `scale`. `wide`, `tall` and `pitch` are proportions around 1, `side` (-1 or 1) turns the
    building, `domed` puts domes on its towers instead of spires, and `onion` (0..1) is the domes' shape.
    """

    name: str
    door_name: str
    kind: str
    x: float
    y: float
    scale: float
    wide: float
    tall: float
    pitch: float
    side: float
    domed: bool
    onion: float
    material: Material


@dataclass(frozen=True)
class Piece:
    """Parts that stand by themselves, in the order they are painted, and what they are made of."""

    material: Material
    parts: tuple[Part, ...]


Parts = Iterator[Part]


def _box(x: float, y: float, width: float, height: float, shade: float = 1.0) -> Wall:
    half = width / 2
    return Wall(((x - half, y), (x + half, y), (x + half, y - height), (x - half, y - height)), shade)


def _gable(x: float, y: float, width: float, height: float, peak: float) -> Wall:
    half = width / 2
    points: tuple[Point, ...] = (
        (x - half, y),
        (x + half, y),
        (x + half, y - height),
        (x, y - height - peak),
        (x - half, y - height),
    )
    return Wall(points)


def _slope(x: float, y: float, width: float, height: float, inset: float) -> Roof:
    half = width / 2
    return Roof(((x - half, y), (x + half, y), (x + half - inset, y - height), (x - half + inset, y - height)))


def _gable_roof(x: float, y: float, width: float, peak: float) -> Roof:
    return Roof(((x - width / 2, y), (x, y - peak), (x + width / 2, y)))


def _band(b: Building, x: float, y: float, width: float) -> Roof:
    return _slope(x, y, width, 0.045 * b.scale, 0.012 * b.scale)


def _cap(b: Building, x: float, y: float, width: float, lighted: float) -> Parts:
    """What ends a tower at (x, y): a spire or a dome, with its cross; `lighted` is the light's side."""
    s = b.scale
    if b.domed:
        wide = width * 1.18
        tall = wide * (0.68 + 0.46 * b.onion) * b.tall
        yield Dome(x, y, wide, tall, b.onion)
        yield Finial(x, y - tall + 0.01 * s, 0.075 * s, True)
        return
    wide, tall = width * 1.26, 0.27 * s * b.pitch
    bright, dark = (1.12, 0.80) if lighted > 0 else (0.80, 1.12)
    yield Roof(((x - wide / 2, y), (x, y - tall), (x + wide * 0.06, y)), bright)
    yield Roof(((x, y - tall), (x + wide / 2, y), (x + wide * 0.04, y)), dark)
    yield Finial(x, y - tall + 0.012 * s, 0.075 * s, False)


def _door(b: Building, x: float, grow: float = 1.0) -> Opening:
    return Opening(x, b.y, 0.118 * b.scale * grow, 0.195 * b.scale * grow, 1.0, True)


def _window(b: Building, x: float, y: float, width: float, height: float, arch: float = 1.0) -> Opening:
    return Opening(x, y, width * b.scale, height * b.scale, arch, False)


def _parish(b: Building, lighted: float) -> Parts:
    """A long nave with a tower at one end, the door in the tower."""
    s, y = b.scale, b.y
    tower = b.x - b.side * 0.20 * s * b.wide
    nave, length, high = b.x + b.side * 0.08 * s * b.wide, 0.48 * s * b.wide, 0.20 * s
    yield _box(nave, y, length, high, 0.97)
    yield _slope(nave, y - high + 0.01 * s, length + 0.05 * s, 0.16 * s * b.pitch, 0.05 * s)
    wide, tall = 0.20 * s, 0.41 * s * b.tall
    yield _box(tower, y, wide, tall, 1.05)
    yield from _cap(b, tower, y - tall, wide, lighted)
    yield _window(b, tower, y - tall + 0.14 * s, 0.075, 0.105)
    yield _door(b, tower)
    for step in (0.0, 1.0):
        yield _window(b, tower + b.side * (0.175 + 0.135 * step) * s * b.wide, y - 0.05 * s, 0.074, 0.118)


def _chapel(b: Building, lighted: float) -> Parts:
    """A gabled front with a bell tower behind it."""
    s, y = b.scale, b.y
    width, high, peak = 0.40 * s * b.wide, 0.23 * s, 0.20 * s * b.pitch
    tall = high + peak + 0.10 * s * b.tall
    yield _box(b.x, y, 0.16 * s, tall, 0.93)
    yield from _cap(b, b.x, y - tall, 0.16 * s, lighted)
    yield _gable_roof(b.x, y - high + 0.035 * s, width + 0.10 * s, peak + 0.085 * s)
    yield _gable(b.x, y, width, high, peak)
    yield _door(b, b.x, 1.04)
    yield _window(b, b.x, y - high - 0.015 * s, 0.092, 0.092)
    for k in (-1, 1):
        yield _window(b, b.x + k * width * 0.335, y - 0.07 * s, 0.070, 0.115)


def _basilica(b: Building, lighted: float) -> Parts:
    """A broad front under a great dome on a drum, with small domes at the sides of the wide ones."""
    s, y = b.scale, b.y
    width, high = 0.52 * s * b.wide, 0.21 * s
    drum = y - high - 0.085 * s
    yield _box(b.x, y - high * 0.9, 0.30 * s, 0.11 * s, 0.95)
    tall = 0.36 * s * (0.62 + 0.40 * b.onion) * b.tall
    yield Dome(b.x, drum, 0.36 * s * (1 - 0.10 * b.onion), tall, b.onion)
    yield Finial(b.x, drum - tall + 0.01 * s, 0.08 * s, True)
    yield _box(b.x, y, width, high)
    yield _band(b, b.x, y - high + 0.015 * s, width + 0.03 * s)
    for k in (-1, 1):
        if b.wide > 1.0:
            yield _box(b.x + k * width * 0.41, y, 0.13 * s, high + 0.06 * s, 1.03)
            yield Dome(b.x + k * width * 0.41, y - high - 0.06 * s, 0.15 * s, 0.115 * s, b.onion)
        yield _window(b, b.x + k * width * 0.245, y - 0.06 * s, 0.066, 0.112)
        yield _window(b, b.x + k * width * 0.41, y - 0.06 * s, 0.066, 0.112)
    yield _door(b, b.x, 1.05)


def _onion(b: Building, lighted: float) -> Parts:
    """A square church with a great onion dome between two small ones."""
    s, y = b.scale, b.y
    width, high = 0.40 * s * b.wide, 0.22 * s
    for k in (-1, 1):
        yield _box(b.x + k * width * 0.36, y - high * 0.9, 0.10 * s, 0.10 * s, 0.95)
        yield Dome(b.x + k * width * 0.36, y - high - 0.075 * s, 0.135 * s, 0.16 * s, b.onion)
    tall = high + 0.13 * s * b.tall
    yield _box(b.x, y, 0.21 * s, tall)
    yield Dome(b.x, y - tall, 0.29 * s, 0.30 * s, b.onion)
    yield Finial(b.x, y - tall - 0.285 * s, 0.08 * s, True)
    yield _box(b.x, y, width, high)
    yield _band(b, b.x, y - high + 0.015 * s, width + 0.03 * s)
    yield _door(b, b.x, 1.05)
    for k in (-1, 1):
        yield _window(b, b.x + k * width * 0.335, y - 0.06 * s, 0.072, 0.115)


def _rotunda(b: Building, lighted: float) -> Parts:
    """A low round chapel that is nearly all dome."""
    s, y = b.scale, b.y
    width, high = 0.42 * s * b.wide, 0.24 * s
    tall = width * (0.52 + 0.26 * b.onion) * b.tall
    yield Dome(b.x, y - high, width * (1.0 - 0.12 * b.onion), tall, b.onion)
    yield Finial(b.x, y - high - tall + 0.01 * s, 0.08 * s, True)
    yield _box(b.x, y, width, high)
    yield _band(b, b.x, y - high + 0.015 * s, width + 0.04 * s)
    yield _door(b, b.x, 1.05)
    for k in (-1, 1):
        yield _window(b, b.x + k * width * 0.335, y - 0.06 * s, 0.072, 0.115)


def _twin(b: Building, lighted: float) -> Parts:
    """A high gabled front between two towers."""
    s, y = b.scale, b.y
    width, high, peak = 0.26 * s * b.wide, 0.30 * s, 0.12 * s * b.pitch
    yield _gable_roof(b.x, y - high + 0.03 * s, width + 0.06 * s, peak + 0.07 * s)
    yield _gable(b.x, y, width, high, peak)
    yield _window(b, b.x, y - high + 0.045 * s, 0.10, 0.10)
    yield _door(b, b.x, 1.1)
    for k in (-1, 1):
        x, wide, tall = b.x + k * (width / 2 + 0.055 * s), 0.155 * s, 0.41 * s * b.tall
        yield _box(x, y, wide, tall, 1.04)
        yield from _cap(b, x, y - tall, wide, lighted)
        yield _window(b, x, y - tall + 0.15 * s, 0.070, 0.105)
        yield _window(b, x, y - 0.065 * s, 0.070, 0.105)


def _tower(b: Building, lighted: float) -> Parts:
    """A single stout tower."""
    s, y = b.scale, b.y
    width, tall = 0.25 * s * b.wide, 0.46 * s * b.tall
    yield _box(b.x, y, width, tall)
    yield from _cap(b, b.x, y - tall, width, lighted)
    yield _window(b, b.x, y - tall + 0.15 * s, 0.085, 0.115)
    yield _door(b, b.x)


def _long(b: Building, lighted: float) -> Parts:
    """A cottage seen from its long side, with a chimney."""
    s, y = b.scale, b.y
    width, high, peak = 0.32 * s * b.wide, 0.17 * s, 0.13 * s * b.pitch
    yield _box(b.x + b.side * width * 0.26, y - high, 0.055 * s, peak + 0.045 * s, 0.85)
    yield _box(b.x, y, width, high)
    yield _slope(b.x, y - high + 0.012 * s, width + 0.06 * s, peak, 0.05 * s)
    yield Opening(b.x - b.side * width * 0.24, y, 0.088 * s, 0.135 * s, 0.45, True)
    yield _window(b, b.x + b.side * width * 0.20, y - 0.045 * s, 0.090, 0.080, 0.0)


def _house_gable(b: Building, lighted: float) -> Parts:
    """A cottage seen from its gable."""
    s, y = b.scale, b.y
    width, high, peak = 0.29 * s * b.wide, 0.16 * s, 0.15 * s * b.pitch
    yield _box(b.x + b.side * width * 0.24, y - high, 0.055 * s, peak + 0.01 * s, 0.85)
    yield _gable_roof(b.x, y - high + 0.03 * s, width + 0.10 * s, peak + 0.075 * s)
    yield _gable(b.x, y, width, high, peak)
    yield Opening(b.x - b.side * width * 0.22, y, 0.086 * s, 0.135 * s, 0.45, True)
    yield _window(b, b.x + b.side * width * 0.23, y - 0.045 * s, 0.078, 0.078, 0.0)
    yield _window(b, b.x, y - high - 0.005 * s, 0.062, 0.062, 0.3)


LAYOUTS: dict[str, Callable[[Building, float], Parts]] = {
    "parish": _parish,
    "chapel": _chapel,
    "basilica": _basilica,
    "onion": _onion,
    "rotunda": _rotunda,
    "twin": _twin,
    "tower": _tower,
    "long": _long,
    "gable": _house_gable,
}


def parts(building: Building, side: float) -> tuple[Part, ...]:
    """The parts of a building in the order they are painted, under light from `side`."""
    return tuple(LAYOUTS[building.kind](building, side))


def half_width(building: Building) -> float:
    """Half of the width of the building's walls."""
    return _half_width(parts(building, 1.0))


def _half_width(pieces: tuple[Part, ...]) -> float:
    xs = [x for part in pieces if isinstance(part, Wall) for x, _ in part.points]
    return (max(xs) - min(xs)) / 2


def _hidden(part: Part, building: Building, hide: frozenset[str]) -> bool:
    match part:
        case Opening(door=True):
            return "doors" in hide or building.door_name in hide
        case Opening():
            return "windows" in hide
        case Dome() | Finial(on_dome=True):
            return "domes" in hide
        case _:
            return False


def draw_building(canvas: Canvas, light: Light, building: Building, hide: frozenset[str]) -> None:
    """Draw a building with its shadow, without the parts named in `hide`."""
    pieces = parts(building, light.side)
    shadow = _half_width(pieces) * 1.25
    draw_shadow(canvas, light, building.x, building.y, shadow, 0.02 + 0.02 * building.scale)
    for part in pieces:
        if not _hidden(part, building, hide):
            draw_part(canvas, light, building.material, part)


def draw_piece(canvas: Canvas, light: Light, piece: Piece) -> None:
    """Draw parts that stand by themselves; they cast no shadow."""
    for part in piece.parts:
        draw_part(canvas, light, piece.material, part)
