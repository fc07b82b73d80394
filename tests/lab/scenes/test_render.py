from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from server.lab.scenes.buildings import parts
from server.lab.scenes.concepts import CONCEPTS, DOME, DOOR, MOUNTAIN, PATH, TREE, WALL, WATER, WINDOW
from server.lab.scenes.masonry import Dome, Finial, Opening
from server.lab.scenes.render import objects, render
from server.lab.scenes.scene import Scene, sample_scene

Pixels = npt.NDArray[np.uint8]

# The least and the greatest share of all pixels, in percent.
AREAS = {
    "sky": (22, 40),
    "cloud": (3, 8),
    "mountain": (2, 7),
    "grass": (15, 32),
    "path": (1, 4),
    "water": (1.5, 5),
    "tree": (3, 9),
    "wall": (6, 14),
    "roof": (3, 8),
    "dome": (2, 6),
    "door": (1.2, 4),
    "window": (1.2, 4),
}


def boxes(scene: Scene, name: str) -> list[tuple[float, float, float, float]]:
    """Where the group `name` may be seen: boxes (left, top, right, bottom) in fractions of the picture."""
    horizon = scene.sky.horizon
    if name in ("water", "path"):
        return [(0, horizon, 1, 1)]
    if name == "mountains":
        return [(0, 0, 1, horizon + 0.03)]
    found = []
    for part in (p for b in scene.buildings for p in parts(b, scene.light.side)):
        match part:
            case Opening() if part.door == (name == "doors"):
                half, tall = part.width / 2 + 0.02, part.height + 0.02
                found.append((part.x - half, part.y - tall, part.x + half, part.y + 0.02))
            case Dome() if name == "domes":
                half = part.width * 0.6
                found.append((part.x - half, part.y - part.height, part.x + half, part.y))
            case Finial() if name == "domes":
                half = part.size / 2
                found.append((part.x - half, part.y - part.size, part.x + half, part.y + 0.01))
    return found


def away_from(scene: Scene, name: str, size: int) -> npt.NDArray[np.bool_]:
    """The pixels (size, size) that lie more than a pixel away from all that the group `name` may touch."""
    away = np.ones((size, size), bool)
    for left, top, right, bottom in boxes(scene, name):
        low_x, low_y = max(0, int(left * size) - 1), max(0, int(top * size) - 1)
        away[low_y : max(0, int(bottom * size) + 2), low_x : max(0, int(right * size) + 2)] = False
    return away


def test_shapes_types_and_ranges(images: Pixels, labels: Pixels) -> None:
    assert images.shape == (300, 64, 64, 3)
    assert labels.shape == (300, 64, 64)
    assert images.dtype == labels.dtype == np.uint8
    assert labels.max() == len(CONCEPTS) - 1
    assert render(sample_scene(0))[0].shape == (128, 128, 3)


def test_rendering_twice_gives_the_same_pixels() -> None:
    for seed in range(20):
        first, second = render(sample_scene(seed), 48), render(sample_scene(seed), 48)
        assert np.array_equal(first[0], second[0])
        assert np.array_equal(first[1], second[1])


def test_no_two_scenes_look_alike(images: Pixels) -> None:
    assert len({image.tobytes() for image in images}) == len(images)


@pytest.mark.parametrize("concept", CONCEPTS)
def test_each_concept_has_its_share_of_the_world(labels: Pixels, concept: str) -> None:
    percent = (labels == CONCEPTS.index(concept)).mean() * 100
    low, high = AREAS[concept]
    assert low < percent < high


@pytest.mark.parametrize("concept", [TREE, WALL, DOME, DOOR])
def test_things_stand_anywhere_from_left_to_right(labels: Pixels, concept: int) -> None:
    columns = (labels == concept).sum((0, 1))
    thirds = np.array([part.sum() for part in np.array_split(columns, 3)]) / columns.sum()
    assert thirds.min() > 0.22


def test_trees_stand_near_and_far(scenes: tuple[Scene, ...]) -> None:
    heights = np.array([tree.height for scene in scenes for tree in scene.trees])
    assert np.quantile(heights, 0.9) > 2 * np.quantile(heights, 0.1)


def test_some_scenes_have_no_building_and_some_a_close_one(labels: Pixels) -> None:
    built = (labels >= WALL).mean((1, 2))
    assert 0.1 < (built == 0).mean() < 0.25
    assert (built > 0.3).mean() > 0.03


def test_labels_follow_the_edges_of_what_is_drawn() -> None:
    # A door painted over a wall changes exactly the pixels that change their label, and their frame.
    scene = next(s for s in map(sample_scene, range(50)) if s.buildings)
    image, labels = render(scene, 128)
    without, plain = render(scene, 128, frozenset({"doors"}))
    door = labels == DOOR
    assert door.any()
    assert (image != without).any(2)[door].mean() > 0.99
    assert not (plain == DOOR).any()


def test_labels_of_other_sizes_show_the_same_scene() -> None:
    for seed in range(10):
        scene = sample_scene(seed)
        small, large = render(scene, 64)[1], render(scene, 192)[1][1::3, 1::3]
        assert (small == large).mean() > 0.93


def test_supersampling_smooths_but_does_not_move_anything() -> None:
    for seed in range(5):
        scene = sample_scene(seed)
        plain, fine = render(scene, 64), render(scene, 64, supersample=3)
        assert fine[0].shape == plain[0].shape
        assert np.abs(plain[0].astype(int) - fine[0]).mean() < 4
        # The middle one of three subpixels has its centre where the pixel has its own.
        assert (plain[1] == fine[1]).mean() > 0.985


@pytest.mark.parametrize(("size", "supersample"), [(0, 1), (64, 0)])
def test_sizes_below_one_are_refused(size: int, supersample: int) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        render(sample_scene(0), size, supersample=supersample)


def test_names_that_a_scene_lacks_are_ignored() -> None:
    scene = sample_scene(3)
    assert np.array_equal(render(scene, 64)[0], render(scene, 64, frozenset({"castle"}))[0])


def test_objects_have_unique_names_and_known_concepts(scenes: tuple[Scene, ...]) -> None:
    for scene in scenes:
        found = objects(scene)
        assert len({thing.name for thing in found}) == len(found)
        assert {thing.concept for thing in found} <= set(CONCEPTS)
        assert sum(thing.name[:4] == "tree" and thing.name[4:].isdigit() for thing in found) == len(scene.trees)
        assert sum(thing.name.startswith("cloud") for thing in found) == len(scene.clouds)


@pytest.mark.parametrize(
    ("name", "concept"),
    [
        ("doors", DOOR),
        ("windows", WINDOW),
        ("domes", DOME),
        ("mountains", MOUNTAIN),
        ("water", WATER),
        ("path", PATH),
    ],
)
def test_hiding_a_group_removes_its_concept_and_keeps_all_else(
    scenes: tuple[Scene, ...], drawn: list[tuple[Pixels, Pixels]], name: str, concept: int
) -> None:
    checked = 0
    for scene, (image, labels) in zip(scenes[:60], drawn, strict=False):
        without, plain = render(scene, image.shape[0], frozenset({name}))
        assert not (plain == concept).any()
        changed = (image != without).any(2) | (labels != plain)
        assert changed[labels == concept].any() == (labels == concept).any()
        assert not changed[away_from(scene, name, image.shape[0])].any()
        checked += int(changed.any())
    assert checked >= 5


def test_hiding_a_tree_changes_only_its_surroundings(scenes: tuple[Scene, ...]) -> None:
    checked = 0
    for scene in scenes[:40]:
        image, labels = render(scene, 64)
        for tree in scene.trees:
            without, plain = render(scene, 64, frozenset({tree.name}))
            changed = (image != without).any(2) | (labels != plain)
            x = (np.arange(64) + 0.5) / 64
            far = np.abs(x - tree.x) > tree.width * 1.5 + 0.04
            assert not changed[:, far].any()
            rows = x > tree.y + 0.05 * tree.height + 0.04
            assert not changed[rows].any()
            assert ((plain == TREE) <= (labels == TREE)).all()
            checked += int(changed.any())
    assert checked > 15


def test_hiding_a_building_takes_its_door_and_its_shadow_with_it(scenes: tuple[Scene, ...]) -> None:
    alone = [scene for scene in scenes if len(scene.buildings) == 1][:12]
    assert len(alone) == 12
    for scene in alone:
        _, plain = render(scene, 64, frozenset({scene.buildings[0].name}))
        assert not (plain >= WALL).any()
        trees_hidden = frozenset({scene.buildings[0].name} | {tree.name for tree in scene.trees})
        bare, _ = render(scene, 64, trees_hidden)
        nobody = replace(scene, buildings=(), trees=())
        assert np.array_equal(bare, render(nobody, 64)[0])


def test_a_single_door_can_be_hidden(scenes: tuple[Scene, ...]) -> None:
    checked = 0
    for scene in (s for s in scenes if len(s.buildings) == 2):
        both = (render(scene, 64)[1] == DOOR).sum()
        names = [building.door_name for building in scene.buildings]
        counts = [(render(scene, 64, frozenset({name}))[1] == DOOR).sum() for name in names]
        assert max(counts) <= both
        # Doors of different buildings hide one another only where the buildings overlap.
        checked += int(sum(counts) == both and 0 < min(counts) < both)
    assert checked >= 10


def test_hiding_everything_leaves_sky_and_grass(scenes: tuple[Scene, ...]) -> None:
    for scene in scenes[:30]:
        _, labels = render(scene, 64, frozenset(thing.name for thing in objects(scene)))
        assert set(np.unique(labels)) <= {CONCEPTS.index("sky"), CONCEPTS.index("grass")}


def test_windows_are_lit_at_night(scenes: tuple[Scene, ...], drawn: list[tuple[Pixels, Pixels]]) -> None:
    nights = [
        (image, labels)
        for scene, (image, labels) in zip(scenes, drawn, strict=True)
        if scene.light.night > 0.9 and (labels == WINDOW).sum() > 20
    ]
    assert len(nights) >= 3
    for image, labels in nights:
        red, _, blue = image[labels == WINDOW].mean(0)
        assert red > blue + 20
        assert red > image[labels == WALL][:, 0].mean() + 20
