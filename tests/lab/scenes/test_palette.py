import numpy as np
import pytest

from server.lab.scenes.palette import (
    AUTUMN,
    DAY,
    NIGHT,
    OVERCAST,
    SEASONS,
    SUMMER,
    SUNSET,
    TIMES,
    WINTER,
    Light,
    array,
    blend,
    lit,
    season_colours,
    sky_colours,
)


@pytest.mark.parametrize(("daytime", "sky"), TIMES)
def test_each_stop_of_the_day_gives_its_own_sky(daytime: float, sky: object) -> None:
    assert sky_colours(daytime, 0.0) == sky


@pytest.mark.parametrize(("season", "colours"), SEASONS)
def test_each_stop_of_the_year_gives_its_own_colours(season: float, colours: object) -> None:
    assert season_colours(season) == colours


def test_colours_change_without_jumps() -> None:
    steps = np.linspace(0, 1, 401)
    for path in (
        np.array([[*sky_colours(t, 0.0).top, *sky_colours(t, 0.0).tint] for t in steps]),
        np.array([[*season_colours(t).near, *season_colours(t).leaf] for t in steps]),
    ):
        assert np.abs(np.diff(path, axis=0)).max() < 0.06
        assert np.ptp(path, axis=0).min() > 0.1


def test_clouds_grey_the_day_but_not_the_night() -> None:
    covered = sky_colours(0.0, 1.0)
    assert np.ptp(covered.top) < 0.6 * np.ptp(DAY.top)
    assert covered.tint == pytest.approx(blend(DAY.tint, OVERCAST.tint, 0.9))
    assert sky_colours(1.0, 1.0) == NIGHT


def test_snow_lies_in_winter_only() -> None:
    assert (WINTER.snow, SUMMER.snow, AUTUMN.snow) == (1, 0, 0)
    assert [season_colours(s).snow for s in (0.0, 0.1, 0.2, 0.5, 0.99)] == [1, 1, 0, 0, 0]


def test_lit_multiplies_by_the_tint_and_mixes_the_haze_in() -> None:
    light = Light((0.5, 1.0, 1.0), (0.0, 0.0, 1.0), 1.0, 0.0, 0.0)
    plain = lit(light, array((1.0, 0.5, 0.0)))
    assert plain.ravel().tolist() == [0.5, 0.5, 0.0]
    assert lit(light, array((1.0, 0.5, 0.0)), 0.5).ravel().tolist() == [0.25, 0.25, 0.5]


def test_the_sunset_is_red_and_the_night_dark() -> None:
    assert SUNSET.bottom[0] > SUNSET.bottom[2] + 0.3
    assert max(NIGHT.top) < 0.3
