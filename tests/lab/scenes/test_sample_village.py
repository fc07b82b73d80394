from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest

from server.lab.scenes.buildings import DOMED_KINDS, HOUSE_KINDS, LAYOUTS, SPIRED_KINDS, half_width
from server.lab.scenes.land import water_distance
from server.lab.scenes.latent import LATENT_DIM, Latent, group_slices
from server.lab.scenes.plants import TREE_KINDS
from server.lab.scenes.sample_village import haze, plots
from server.lab.scenes.scene import Scene, sample_scene
from server.model.latents import latent_of


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
    checked, wet = 0, 0
    for scene in scenes:
        if scene.water is None:
            continue
        feet = [(b.x + k * half_width(b), b.y) for b in scene.buildings for k in (-1, 0, 1)]
        feet += [(tree.x, tree.y) for tree in scene.trees]
        for x, y in feet:
            at = np.array([x], np.float32), np.array([y], np.float32)
            assert water_distance(scene.water, *at)[0] > 0
            wet += water_distance(replace(scene.water, islets=()), *at)[0] <= 0
            checked += 1
    assert checked > 300
    assert 20 < wet < 0.5 * checked


def test_there_is_a_path_in_most_scenes_without_water_and_in_no_other(scenes: tuple[Scene, ...]) -> None:
    dry = [scene.path is not None for scene in scenes if scene.water is None]
    assert 0.8 < np.mean(dry) < 1
    assert not any(scene.path is not None for scene in scenes if scene.water is not None)


def two_with_the_same_plot(group: str, seed: int) -> tuple[Latent, Latent]:
    """Two latents of one length that agree on a group's numbers and on nothing else."""
    one, two = latent_of(seed, LATENT_DIM), latent_of(seed + 1, LATENT_DIM)
    rest = np.ones(len(one), bool)
    rest[group_slices()[group]] = False
    two[~rest] = one[~rest]
    two[rest] *= np.linalg.norm(one[rest]) / np.linalg.norm(two[rest])
    return Latent(one), Latent(two)


@pytest.mark.parametrize("group", ["plot01", "plot13"])
def test_what_stands_on_a_plot_is_up_to_its_own_numbers(group: str) -> None:
    stood = 0
    for seed in range(0, 60, 2):
        one, two = (
            next(plot for plot in plots(latent, 0.6) if plot.group == group)
            for latent in two_with_the_same_plot(group, seed)
        )
        assert one.what == two.what
        for field in fields(one)[1:]:
            assert getattr(one, field.name) == pytest.approx(getattr(two, field.name), abs=1e-5)
        stood += one.what != ""
    assert stood > 10


def test_every_plot_that_is_built_on_has_its_building_and_trees_stand_clear() -> None:
    for seed in range(50):
        latent, scene = Latent(latent_of(seed, LATENT_DIM)), sample_scene(seed)
        whats = Counter(plot.what for plot in plots(latent, scene.sky.horizon))
        assert len(scene.trees) <= whats["tree"]
        assert len(scene.buildings) == whats["cottage"] + whats["church"]
        for tree in scene.trees:
            assert all(abs(tree.x - b.x) > half_width(b) for b in scene.buildings)


def test_scenes_are_calm(scenes: tuple[Scene, ...]) -> None:
    trees = Counter(len(scene.trees) for scene in scenes)
    buildings = Counter(len(scene.buildings) for scene in scenes)
    assert set(buildings) == {0, 1, 2}
    assert min(buildings.values()) > 40
    assert trees[0] > 20
    assert 3 <= max(trees) <= 5


def test_winter_brings_conifers(scenes: tuple[Scene, ...]) -> None:
    def share(snow: float) -> float:
        return float(np.mean([t.kind == "conifer" for s in scenes if s.light.snow == snow for t in s.trees]))

    assert share(1.0) > share(0.0) + 0.15
