"""Chance in the land: how sky, clouds, mountains, meadow and water are drawn from a random generator."""

from numpy.random import Generator

from server.scenes.land import Meadow, Mountains, Treeline, Water, treeline_colour
from server.scenes.palette import SeasonColours, SkyColours, blend, scaled
from server.scenes.sky import Cloud, Sky


def between(rng: Generator, low: float, high: float) -> float:
    """A uniform number."""
    return low + (high - low) * rng.random()


def sample_sky(rng: Generator, colours: SkyColours, overcast: float) -> Sky:
    """A horizon, a sun or moon anywhere above it, and a dozen stars."""
    horizon = between(rng, 0.46, 0.70)
    hue = between(rng, -0.10, 0.10)
    top = scaled(colours.top, (1 + hue, 1 - 0.3 * hue, 1 - 0.2 * hue))
    colours = SkyColours(top, colours.middle, colours.bottom, colours.tint, colours.night)
    stars = tuple((between(rng, 0, 1), between(rng, 0, horizon * 0.75)) for _ in range(12))
    sun_x, sun_y = between(rng, 0.04, 0.96), between(rng, 0.08, 0.62) * horizon
    return Sky(colours, horizon, sun_x, sun_y, 1 - 0.85 * overcast, stars)


def sample_clouds(rng: Generator, cloudiness: float, horizon: float) -> tuple[Cloud, ...]:
    """0 to 5 clouds, more of them the cloudier it is, anywhere in the sky."""
    clouds = []
    for index in range(min(5, int(cloudiness * 5.6))):
        width = between(rng, 0.09, 0.24)
        x, y = between(rng, -0.02, 1.02), between(rng, 0.06, max(0.14, horizon - 0.10))
        crest = between(rng, -0.35, 0.35)
        puffs = (
            (crest, -0.24 - between(rng, 0.0, 0.12), between(rng, 0.36, 0.46)),
            (crest - 0.52, -0.06, between(rng, 0.26, 0.34)),
            (crest + 0.50, -0.08, between(rng, 0.26, 0.36)),
            (-0.80, 0.00, between(rng, 0.20, 0.28)),
            (0.80, 0.00, between(rng, 0.20, 0.28)),
            (-0.42, 0.00, 0.32),
            (0.42, 0.00, 0.32),
        )
        clouds.append(Cloud(f"cloud{index}", x, y, width, puffs))
    return tuple(clouds)


def sample_mountains(rng: Generator, season: SeasonColours) -> Mountains | None:
    """Hills in most scenes, peaks behind them in half."""
    kind = rng.uniform()
    peaks = []
    count = int(rng.integers(1, 4))
    for _ in range(count if kind < 0.58 else 0):
        height = between(rng, 0.16, 0.40)
        peaks.append((between(rng, -0.05, 1.05), height, between(rng, 0.60, 1.0)))
    rock = blend((0.40, 0.42, 0.66), (0.58, 0.48, 0.62), between(rng, 0, 1))
    tone = between(rng, 0.70, 0.86)
    green = scaled(blend(season.far, season.near, 0.5), (tone * 0.82, tone, tone * 1.05))
    hill = blend(green, (0.74, 0.83, 0.94), season.snow * 0.8)
    height, phases = between(rng, 0.03, 0.15), (between(rng, 0, 1), between(rng, 0, 1))
    return Mountains(tuple(peaks), rock, hill, height, phases) if kind < 0.88 else None


def sample_treeline(rng: Generator, season: SeasonColours) -> Treeline | None:
    """In four scenes of ten a far row of trees, across the picture or at one side."""
    chance, left, right = rng.uniform(), between(rng, -0.3, 0.5), between(rng, 0.5, 1.3)
    height, phase = between(rng, 0.035, 0.075), between(rng, 0, 1)
    return Treeline(left, right, height, phase, treeline_colour(season)) if chance < 0.40 else None


def sample_meadow(rng: Generator, season: SeasonColours, horizon: float) -> Meadow:
    """The ground, yellower or bluer by chance."""
    hue = between(rng, -0.10, 0.10) * (1 - season.snow)
    factor = (1 + hue, 1.0, 1 - hue)
    fold = horizon + (1 - horizon) * between(rng, 0.30, 0.80)
    return Meadow(
        scaled(season.far, factor),
        scaled(season.near, factor),
        fold,
        between(rng, -0.25, 0.25),
        between(rng, 0, 6.28),
    )


def sample_water(rng: Generator, horizon: float) -> Water | None:
    """A lake, a pond or a river in 38 scenes of a hundred."""
    chance, kind = rng.uniform(), str(rng.choice(("lake", "pond", "pond", "river")))
    side = float(rng.choice((-1.0, 0.0, 1.0)))
    bend = between(rng, -0.14, 0.14)
    ground = 1 - horizon
    if kind == "lake":
        bottom = horizon + ground * between(rng, 0.26, 0.62)
        water = Water(kind, horizon, between(rng, 0.35, 0.65), bottom, 0, 0, side, 0, bend)
    elif kind == "pond":
        y = horizon + ground * between(rng, 0.32, 0.88)
        size = between(rng, 0.7, 1.15) * (0.20 + 0.55 * (y - horizon))
        water = Water(kind, horizon, between(rng, 0.05, 0.95), y, size, size * between(rng, 0.28, 0.40), 0, 0, bend)
    else:
        start, end = between(rng, 0.10, 0.90), between(rng, -0.05, 1.05)
        water = Water(kind, horizon, start, horizon, between(rng, 0.09, 0.22), 0, 0, end, bend)
    return water if chance < 0.40 else None
