from collections import Counter

import pytest

from server.scenes.latent import Latent, latent_of
from server.scenes.palette import DAY, SUMMER, WINTER
from server.scenes.sample_land import (
    sample_clouds,
    sample_meadow,
    sample_mountains,
    sample_sky,
    sample_water,
)
from server.scenes.scene import Scene


def latents(count: int) -> list[Latent]:
    return [Latent(latent_of(seed)) for seed in range(count)]


@pytest.mark.parametrize(("cloudiness", "count"), [(0.0, 0), (0.17, 0), (0.2, 1), (0.5, 2), (0.99, 5), (1.0, 5)])
def test_the_number_of_clouds_follows_the_cloudiness(cloudiness: float, count: int) -> None:
    clouds = sample_clouds(Latent(latent_of(0)), cloudiness, 0.6)
    assert [cloud.name for cloud in clouds] == [f"cloud{i}" for i in range(count)]


def test_the_sun_stands_above_the_horizon(scenes: tuple[Scene, ...]) -> None:
    assert all(0 < scene.sky.sun_y < 0.7 * scene.sky.horizon for scene in scenes)


def test_an_overcast_sun_hardly_shines() -> None:
    assert sample_sky(Latent(latent_of(0)), DAY, 0.0).sun_shine == 1
    assert sample_sky(Latent(latent_of(0)), DAY, 1.0).sun_shine < 0.2


def test_all_kinds_of_water_occur_in_about_four_scenes_of_ten() -> None:
    waters = [sample_water(latent, 0.6) for latent in latents(1000)]
    kinds = Counter(water.kind for water in waters if water is not None)
    assert 350 < sum(kinds.values()) < 450
    assert min(kinds[kind] for kind in ("lake", "pond", "river")) > 60
    assert {water.side for water in waters if water is not None and water.kind == "lake"} == {-1, 0, 1}


def test_mountains_have_up_to_three_peaks_or_none() -> None:
    found = [sample_mountains(latent, SUMMER) for latent in latents(300)]
    counts = Counter(-1 if m is None else len(m.peaks) for m in found)
    assert set(counts) == {-1, 0, 1, 2, 3}
    assert min(counts.values()) > 15


def test_snow_has_no_hue_and_grass_has() -> None:
    winter = {sample_meadow(latent, WINTER, 0.6).near for latent in latents(5)}
    summer = {sample_meadow(latent, SUMMER, 0.6).near for latent in latents(5)}
    assert winter == {WINTER.near}
    assert len(summer) == 5


def test_about_four_scenes_of_ten_have_a_treeline(scenes: tuple[Scene, ...]) -> None:
    lines = [scene.treeline for scene in scenes if scene.treeline is not None]
    assert 0.3 < len(lines) / len(scenes) < 0.5
    assert all(line.left < line.right for line in lines)
