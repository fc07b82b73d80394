"""The land of a latent: its numbers become sky, clouds, mountains, meadow and water."""

from dataclasses import replace

from server.lab.scenes.land import Meadow, Mountains, Treeline, Water, treeline_colour
from server.lab.scenes.latent import COLUMNS, Latent, between, in_strip, pick, strongest
from server.lab.scenes.palette import SeasonColours, SkyColours, blend, scaled
from server.lab.scenes.sky import Cloud, Sky

# Stars stand still, as in a real sky: x, and height in shares of the way down to the horizon.
STARS = (
    *((0.06, 0.30), (0.13, 0.62), (0.20, 0.14), (0.29, 0.46), (0.37, 0.26), (0.46, 0.60)),
    *((0.55, 0.12), (0.63, 0.42), (0.71, 0.20), (0.80, 0.54), (0.88, 0.34), (0.95, 0.10)),
)
# How many clouds a sky has, of as many as it could have: the rest is open to paint on.
CLOUDS = 0.55
# How strong a chance of a pond, a lake and a river must be.
WATER_BARS = (0.80, 0.86, 0.88)


def sample_sky(latent: Latent, colours: SkyColours, overcast: float) -> Sky:
    """A horizon, a sun or moon anywhere above it, and a dozen stars."""
    a, b, c, d, _ = latent.group("sky")
    horizon = between(a, 0.49, 0.65)
    hue = between(b, -0.10, 0.10)
    colours = replace(colours, top=scaled(colours.top, (1 + hue, 1 - 0.3 * hue, 1 - 0.2 * hue)))
    stars = tuple((x, y * horizon) for x, y in STARS)
    return Sky(colours, horizon, between(c, 0.04, 0.96), between(d, 0.08, 0.62) * horizon, 1 - 0.85 * overcast, stars)


def cloud_bar(cloudiness: float) -> float:
    """The most that a strip's chance may be for a cloud to be in it."""
    return 1.25 * cloudiness


def sample_clouds(latent: Latent, cloudiness: float, horizon: float) -> tuple[Cloud, ...]:
    """Up to a cloud in each strip of the sky, and the more the cloudier it is."""
    clouds: list[Cloud] = []
    for column in range(COLUMNS):
        chance, a, b, c = latent.group(f"cloud{column}")
        if chance > cloud_bar(cloudiness):
            continue
        width = between(c, 0.09, 0.24)
        x, y = in_strip(column, a), between(b, 0.06, max(0.14, horizon - 0.10))
        # A wide cloud leans one way and a narrow one the other.
        crest = between(c, -0.3, 0.3)
        puffs = (
            (crest, -0.30, 0.41),
            (crest - 0.52, -0.06, between(a, 0.26, 0.34)),
            (crest + 0.50, -0.08, between(b, 0.26, 0.36)),
            (-0.80, 0.00, 0.24),
            (0.80, 0.00, 0.24),
            (-0.42, 0.00, 0.32),
            (0.42, 0.00, 0.32),
        )
        clouds.append(Cloud(f"cloud{len(clouds)}", x, y, width, puffs))
    return tuple(clouds)


def sample_mountains(latent: Latent, season: SeasonColours) -> Mountains | None:
    """Hills in most scenes, a peak behind them in a third of the strips."""
    kind, rock, tone, height, phase = latent.group("hills")
    peaks = []
    for column in range(COLUMNS):
        a, b = latent.group(f"peak{column}")
        if b > 0.66:
            rise = (b - 0.66) / 0.34
            peaks.append((in_strip(column, a), between(rise, 0.16, 0.40), between(rise, 0.95, 0.65)))
    tone = between(tone, 0.70, 0.86)
    green = scaled(blend(season.far, season.near, 0.5), (tone * 0.82, tone, tone * 1.05))
    hill = blend(green, (0.74, 0.83, 0.94), season.snow * 0.8)
    stone = blend((0.40, 0.42, 0.66), (0.58, 0.48, 0.62), rock)
    if kind < 0.12:
        return None
    return Mountains(tuple(peaks), stone, hill, between(height, 0.03, 0.15), (phase, 0.5))


def sample_treeline(latent: Latent, season: SeasonColours) -> Treeline | None:
    """In four scenes of ten a far row of trees, across the picture or at one side."""
    chance, side, height = latent.group("treeline")
    if chance < 0.60:
        return None
    left, right = between(side, -0.9, 0.5), between(side, 0.5, 1.9)
    return Treeline(left, right, between(height, 0.035, 0.075), treeline_colour(season))


def sample_meadow(latent: Latent, season: SeasonColours, horizon: float) -> Meadow:
    """The ground, in some scenes yellower and in others bluer."""
    a, b, c, d = latent.group("meadow")
    hue = between(a, -0.10, 0.10) * (1 - season.snow)
    factor = (1 + hue, 1.0, 1 - hue)
    fold = horizon + (1 - horizon) * between(b, 0.30, 0.80)
    return Meadow(
        scaled(season.far, factor), scaled(season.near, factor), fold, between(c, -0.25, 0.25), between(d, 0, 3.14)
    )


def sample_water(latent: Latent, horizon: float) -> Water | None:
    """A pond, a lake or a river in four scenes of ten."""
    *chances, a, b = latent.group("water")
    strong = strongest(chances, WATER_BARS)
    if strong is None:
        return None
    winner, (size, _) = strong
    kind = ("pond", "lake", "river")[winner]
    bend = between(b, -0.14, 0.14)
    ground = 1 - horizon
    if kind == "pond":
        y = horizon + ground * between(b, 0.32, 0.88)
        half = between(size, 0.7, 1.15) * (0.20 + 0.55 * (y - horizon))
        return Water(kind, horizon, between(a, 0.05, 0.95), y, half, half * 0.34, 0, 0, bend)
    if kind == "lake":
        side = (-1.0, 0.0, 1.0)[pick(a, (0.33, 0.34, 0.33))]
        return Water(kind, horizon, 0.5, horizon + ground * between(b, 0.26, 0.62), 0, 0, side, 0, bend)
    start, end = between(a, 0.10, 0.90), between(b, -0.05, 1.05)
    return Water(kind, horizon, start, horizon, between(size, 0.09, 0.22), 0, 0, end, bend)
