from collections import Counter

import numpy as np

from server.lab.scenes.latent import LATENT_DIM, Latent
from server.lab.scenes.palette import DAY, SUMMER, WINTER
from server.lab.scenes.sample_land import (
    sample_clouds,
    sample_meadow,
    sample_mountains,
    sample_sky,
    sample_water,
)
from server.lab.scenes.scene import Scene
from server.model.latents import latent_of


def latents(count: int) -> list[Latent]:
    return [Latent(latent_of(seed, LATENT_DIM)) for seed in range(count)]


def test_the_cloudier_the_more_clouds() -> None:
    counts = [[len(sample_clouds(z, c, 0.6)) for c in (0.0, 0.2, 0.5, 0.8, 1.0)] for z in latents(100)]
    assert all(one[0] == 0 and one == sorted(one) and one[-1] == 4 for one in counts)
    assert 0.5 < np.mean([one[1] for one in counts]) < 1.5
    names = [cloud.name for cloud in sample_clouds(latents(1)[0], 1.0, 0.6)]
    assert names == ["cloud0", "cloud1", "cloud2", "cloud3"]


def test_the_sun_stands_above_the_horizon(scenes: tuple[Scene, ...]) -> None:
    assert all(0 < scene.sky.sun_y < 0.7 * scene.sky.horizon for scene in scenes)


def test_an_overcast_sun_hardly_shines() -> None:
    assert sample_sky(Latent(latent_of(0, LATENT_DIM)), DAY, 0.0).sun_shine == 1
    assert sample_sky(Latent(latent_of(0, LATENT_DIM)), DAY, 1.0).sun_shine < 0.2


def test_all_kinds_of_water_occur_in_about_four_scenes_of_ten() -> None:
    waters = [sample_water(latent, 0.6) for latent in latents(1000)]
    kinds = Counter(water.kind for water in waters if water is not None)
    assert 350 < sum(kinds.values()) < 450
    assert min(kinds[kind] for kind in ("lake", "pond", "river")) > 60
    assert {water.side for water in waters if water is not None and water.kind == "lake"} == {-1, 0, 1}


def test_mountains_have_up_to_four_peaks_or_none() -> None:
    found = [sample_mountains(latent, SUMMER) for latent in latents(300)]
    counts = Counter(-1 if m is None else len(m.peaks) for m in found)
    assert set(counts) == {-1, 0, 1, 2, 3, 4}
    assert min(counts[n] for n in (-1, 0, 1, 2)) > 15


def test_snow_has_no_hue_and_grass_has() -> None:
    winter = {sample_meadow(latent, WINTER, 0.6).near for latent in latents(5)}
    summer = {sample_meadow(latent, SUMMER, 0.6).near for latent in latents(5)}
    assert winter == {WINTER.near}
    assert len(summer) == 5


def test_about_four_scenes_of_ten_have_a_treeline(scenes: tuple[Scene, ...]) -> None:
    lines = [scene.treeline for scene in scenes if scene.treeline is not None]
    assert 0.3 < len(lines) / len(scenes) < 0.5
    assert all(line.left < line.right for line in lines)
