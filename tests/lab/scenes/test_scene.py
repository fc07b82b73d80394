import numpy as np
import numpy.typing as npt
import pytest

from server.lab.scenes.concepts import CLOUD, DOME, GRASS, PATH, SKY, WATER
from server.lab.scenes.scene import Scene, sample_scene, scene_of

Pixels = npt.NDArray[np.uint8]


def test_a_seed_always_gives_the_same_scene_and_another_seed_another() -> None:
    assert sample_scene(7) == sample_scene(7)
    assert sample_scene(7) != sample_scene(8)


def test_large_seeds_are_welcome_and_negative_ones_are_not() -> None:
    assert sample_scene(2**32 - 1) != sample_scene(0)
    with pytest.raises(ValueError, match=r"2\*\*32 - 1"):
        sample_scene(-1)


@pytest.mark.parametrize("wrong", [np.zeros(128), np.ones(127), np.full(128, np.nan)])
def test_what_is_no_latent_is_no_scene(wrong: npt.NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="128 finite"):
        scene_of(wrong)


def test_a_seed_is_read_as_its_latent() -> None:
    z = np.random.RandomState(11).standard_normal(128)
    assert scene_of(z.astype(np.float32)) == sample_scene(11)


def test_attributes_are_floats_and_agree_with_the_scene(scenes: tuple[Scene, ...]) -> None:
    for scene in scenes:
        attributes = scene.attributes()
        assert all(type(value) is float for value in attributes.values())
        assert attributes["trees"] == len(scene.trees)
        assert attributes["season"] == scene.season
        assert attributes["water"] == (scene.water is not None)
        assert attributes["building_size"] == max([b.scale for b in scene.buildings], default=0)
        shares = ("season", "snow", "daytime", "night", "cloudiness", "horizon", "water", "path", "mountains")
        assert all(0 <= attributes[name] <= 1 for name in shares)


def test_night_scenes_are_darker(scenes: tuple[Scene, ...], images: Pixels) -> None:
    night = np.array([scene.attributes()["night"] for scene in scenes])
    brightness = images.mean((1, 2, 3))
    assert brightness[night > 0.9].max() < brightness[night == 0].min()


def test_nights_are_rare(scenes: tuple[Scene, ...]) -> None:
    share = np.mean([scene.light.night > 0.9 for scene in scenes])
    assert 0.03 < share < 0.14


def test_winter_meadows_are_white(scenes: tuple[Scene, ...], images: Pixels, labels: Pixels) -> None:
    def colourfulness(index: int) -> float:
        grass = images[index][labels[index] == GRASS].astype(int)
        return float(np.ptp(grass, axis=1).mean())

    days = [i for i, s in enumerate(scenes) if s.daytime < 0.5 and (labels[i] == GRASS).any()]
    winter = [colourfulness(i) for i in days if scenes[i].light.snow == 1]
    summer = [colourfulness(i) for i in days if scenes[i].light.snow == 0]
    assert len(winter) >= 5
    assert max(winter) < min(summer)


def test_cloudy_skies_hold_more_clouds(scenes: tuple[Scene, ...], labels: Pixels) -> None:
    above = [np.isin(label, (SKY, CLOUD)).sum() for label in labels]
    share = np.array([(label == CLOUD).sum() / n for label, n in zip(labels, above, strict=True)])
    cloudiness = np.array([scene.cloudiness for scene in scenes])
    assert share[cloudiness < 0.05].mean() < 0.03
    assert share[cloudiness > 0.75].mean() > 2 * share[(cloudiness > 0.2) & (cloudiness < 0.4)].mean() > 0


@pytest.mark.parametrize(("attribute", "concept"), [("water", WATER), ("path", PATH)])
def test_what_the_attributes_deny_is_not_drawn(
    scenes: tuple[Scene, ...], labels: Pixels, attribute: str, concept: int
) -> None:
    has = np.array([scene.attributes()[attribute] for scene in scenes]) == 1
    shown = (labels == concept).any((1, 2))
    assert not shown[~has].any()
    assert shown[has].mean() > 0.9


def test_big_buildings_cover_more(scenes: tuple[Scene, ...], labels: Pixels) -> None:
    size = np.array([scene.attributes()["building_size"] for scene in scenes])
    covered = (labels > 6).mean((1, 2))
    assert not covered[size == 0].any()
    assert np.corrcoef(size, covered)[0, 1] > 0.6


def test_the_sky_ends_at_the_horizon(scenes: tuple[Scene, ...], labels: Pixels) -> None:
    for scene, label in zip(scenes, labels, strict=True):
        lowest = int((scene.sky.horizon + 0.02) * label.shape[0]) + 1
        assert not np.isin(label[lowest:], (SKY, CLOUD)).any()


def test_domes_stand_in_one_scene_of_four(labels: Pixels) -> None:
    assert 0.15 < (labels == DOME).any((1, 2)).mean() < 0.35
