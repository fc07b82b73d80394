"""Drawing a scene: the picture and, for every pixel, the concept it shows."""

from dataclasses import dataclass

import numpy as np

from server.lab.scenes.buildings import Building, Piece, draw_building, draw_piece, parts
from server.lab.scenes.canvas import Canvas, blank
from server.lab.scenes.land import draw_meadow, draw_mountains, draw_path, draw_treeline, draw_water
from server.lab.scenes.masonry import Dome, Opening
from server.lab.scenes.plants import Tree, draw_tree
from server.lab.scenes.scene import Scene
from server.lab.scenes.sky import Cloud, draw_cloud, draw_sky
from server.model.pixels import Pixels


@dataclass(frozen=True)
class SceneObject:
    """Something that `render` can leave out: its name, and the concept most of it shows."""

    name: str
    concept: str


def objects(scene: Scene) -> tuple[SceneObject, ...]:
    """All that can be hidden in this scene.

    Single things are named "tree0", "cloud1", "house0", "door0"; the groups are "doors", "windows"
    and "domes" (with the crosses on them), and "mountains" are peaks and hills together.
    """
    things = [SceneObject(cloud.name, "cloud") for cloud in scene.clouds]
    ground = (
        ("mountains", "mountain", scene.mountains),
        ("treeline", "tree", scene.treeline),
        ("water", "water", scene.water),
        ("path", "path", scene.path),
    )
    things += [SceneObject(name, concept) for name, concept, part in ground if part is not None]
    things += [SceneObject(tree.name, "tree") for tree in scene.trees]
    things += [SceneObject(building.name, "wall") for building in scene.buildings]
    things += [SceneObject(building.door_name, "door") for building in scene.buildings]
    pieces = [part for building in scene.buildings for part in parts(building, scene.light.side)]
    openings = [part for part in pieces if isinstance(part, Opening)]
    if any(part.door for part in openings):
        things.append(SceneObject("doors", "door"))
    if any(not part.door for part in openings):
        things.append(SceneObject("windows", "window"))
    if any(isinstance(part, Dome) for part in pieces):
        things.append(SceneObject("domes", "dome"))
    return tuple(things)


def render(
    scene: Scene, size: int = 128, hide: frozenset[str] = frozenset(), supersample: int = 1
) -> tuple[Pixels, Pixels]:
    """Draw a scene as an image (size, size, 3) and its labels (size, size), indices into CONCEPTS.

    Edges are anti-aliased analytically; `supersample` draws that many times larger and averages (labels are
    taken from the middle). Objects named in `hide` (see `objects`) are left out with their shadows, and all
    other pixels stay as they are: an exact counterfactual. Names the scene does not have are ignored. Raises
    ValueError where `size` or `supersample` is below 1.
    """
    if size < 1 or supersample < 1:
        raise ValueError(f"size and supersample are 1 or more, not {size} and {supersample}")
    canvas = blank(size * supersample)
    light = scene.light
    draw_sky(canvas, scene.sky)
    for cloud in scene.clouds:
        if cloud.name not in hide:
            draw_cloud(canvas, scene.sky, light, cloud)
    if scene.mountains is not None and "mountains" not in hide:
        draw_mountains(canvas, scene.sky, light, scene.mountains)
    draw_meadow(canvas, scene.sky, light, scene.meadow)
    if scene.water is not None and "water" not in hide:
        draw_water(canvas, scene.sky, light, scene.water)
    if scene.treeline is not None and "treeline" not in hide:
        draw_treeline(canvas, scene.sky, light, scene.treeline)
    if scene.path is not None and "path" not in hide:
        draw_path(canvas, light, scene.path)
    things: list[Building | Tree] = [*scene.buildings, *scene.trees]
    for thing in sorted(things, key=lambda thing: thing.y):
        if thing.name not in hide:
            _draw(canvas, scene, thing, hide)
    for front in scene.front:
        _draw(canvas, scene, front, hide)
    image, labels = canvas.image, canvas.labels
    if supersample > 1:
        image = image.reshape(3, size, supersample, size, supersample).mean((2, 4))  # (3, size, size)
        labels = np.ascontiguousarray(labels[supersample // 2 :: supersample, supersample // 2 :: supersample])
    pixels = (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.ascontiguousarray(pixels.transpose(1, 2, 0)), labels  # (size, size, 3), (size, size)


def _draw(canvas: Canvas, scene: Scene, thing: Building | Tree | Cloud | Piece, hide: frozenset[str]) -> None:
    match thing:
        case Building():
            draw_building(canvas, scene.light, thing, hide)
        case Tree():
            draw_tree(canvas, scene.light, thing)
        case Cloud():
            draw_cloud(canvas, scene.sky, scene.light, thing)
        case Piece():
            draw_piece(canvas, scene.light, thing)
