from collections import Counter

import numpy as np

from server.scenes.buildings import DOMED_KINDS, HOUSE_KINDS, LAYOUTS, SPIRED_KINDS, door_x, half_width
from server.scenes.land import path_distance, water_distance
from server.scenes.plants import TREE_KINDS
from server.scenes.sample_village import haze
from server.scenes.scene import Scene


def test_haze_thins_towards_the_viewer() -> None:
    assert haze(0.6, 0.6) == 0.18
    assert 0 < haze(0.6, 0.7) < 0.18
    assert haze(0.6, 0.95) == 0


def test_all_kinds_occur(scenes: tuple[Scene, ...]) -> None:
    buildings = Counter(b.kind for scene in scenes for b in scene.buildings)
    trees = Counter(tree.kind for scene in scenes for tree in scene.trees)
    assert set(buildings) == set(SPIRED_KINDS) | set(DOMED_KINDS) | set(HOUSE_KINDS) == set(LAYOUTS)
    assert set(trees) == set(TREE_KINDS)
    assert min(trees.values()) > 0.05 * trees.total()


def test_names_are_unique_and_far_things_come_first(scenes: tuple[Scene, ...]) -> None:
    for scene in scenes:
        names = [b.name for b in scene.buildings] + [b.door_name for b in scene.buildings]
        assert len(set(names)) == len(names)
        assert [tree.name for tree in scene.trees] == [f"tree{i}" for i in range(len(scene.trees))]
        for things in (scene.buildings, scene.trees):
            feet = [thing.y for thing in things]
            assert feet == sorted(feet)
            assert all(foot > scene.sky.horizon for foot in feet)


def test_buildings_and_trees_stand_on_dry_ground(scenes: tuple[Scene, ...]) -> None:
    checked = 0
    for scene in (s for s in scenes if s.water is not None):
        feet = [(b.x + k * half_width(b), b.y) for b in scene.buildings for k in (-1, 0, 1)]
        feet += [(tree.x, tree.y) for tree in scene.trees]
        for x, y in feet:
            assert scene.water is not None
            assert water_distance(scene.water, np.array([x], np.float32), np.array([y], np.float32))[0] > 0
            checked += 1
    assert checked > 300


def test_paths_never_cross_water(scenes: tuple[Scene, ...]) -> None:
    axis = (np.arange(100, dtype=np.float32) + 0.5) / 100
    both = [s for s in scenes if s.water is not None and s.path is not None]
    assert len(both) > 20
    for scene in both:
        assert scene.water is not None
        assert scene.path is not None
        wet = water_distance(scene.water, axis[None], axis[:, None]) < 0
        assert not (wet & (path_distance(scene.path, axis[None], axis[:, None]) < 0)).any()


def test_a_path_starts_at_the_door_of_the_largest_building(scenes: tuple[Scene, ...]) -> None:
    leading = [s for s in scenes if s.path is not None and s.buildings]
    assert len(leading) > 150
    for scene in leading:
        main = max(scene.buildings, key=lambda b: b.scale)
        assert scene.path is not None
        assert scene.path.x == door_x(main)


def test_buildings_do_not_stand_inside_one_another(scenes: tuple[Scene, ...]) -> None:
    for scene in scenes:
        for index, one in enumerate(scene.buildings):
            for other in scene.buildings[:index]:
                assert abs(one.x - other.x) > 0.59 * (half_width(one) + half_width(other))


def test_no_tree_stands_in_front_of_a_door(scenes: tuple[Scene, ...]) -> None:
    doors = [(scene, b, door_x(b)) for scene in scenes for b in scene.buildings]
    assert len(doors) > 300
    for scene, b, x in doors:
        assert not any(tree.y > b.y and abs(tree.x - x) < 0.8 * tree.width for tree in scene.trees)


def test_the_number_of_trees_varies_from_none_to_a_wood(scenes: tuple[Scene, ...]) -> None:
    counts = Counter(len(scene.trees) for scene in scenes)
    assert counts[0] > 0
    assert sum(count for trees, count in counts.items() if trees >= 5) > 10


def test_winter_brings_conifers(scenes: tuple[Scene, ...]) -> None:
    def share(snow: float) -> float:
        return float(np.mean([t.kind == "conifer" for s in scenes if s.light.snow == snow for t in s.trees]))

    assert share(1.0) > share(0.0) + 0.15
