"""How near inversion comes to renderings that nothing was trained on, stage by stage, how long it takes, and whether
brushes then do what they do on samples."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from server.inversion.invert import invert, split_steps
from server.inversion.own import fit
from server.lab.scenes.render import render
from server.lab.scenes.scene import sample_scene
from server.model.catalog import Catalog, Model
from server.model.encoder import encoder_of
from server.painting.mask import coverage
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture, Stroke, Strokes
from server.steps import finished

FIRST_SEED = 3_000_000_000  # of the scenes
RADIUS = 0.1  # of the dabs that brushes are tried with
TRIED = 3  # brushes on each picture, the next ones on the next

NONE = float("nan")


@dataclass(frozen=True)
class Row:
    """A stage, means over all pictures. agreement: of labels. seconds: of a picture. gain: of what a brush draws, the
    share of a dab that shows it, behind less before. NaN where that was not measured."""

    stage: str
    psnr: float = NONE
    agreement: float = NONE
    share: float = NONE
    seconds: float = NONE
    gain: float = NONE


def measure(
    catalog: Catalog, name: str | None, count: int, steps: int, device: str, advance: Callable[[int], object]
) -> list[Row]:
    """advance: called after each picture that is done. Raises UnknownModel, NotInvertible, WeightError."""
    model, painter = catalog.get(name), Painter(catalog)
    encoder = encoder_of(model)
    latent, features = split_steps(steps)
    begins = "nearest of the samples" if encoder is None else "encoder alone"
    stages = [(begins, 0, 0), ("with latent", latent, 0), ("with residual", latent, features)]
    if encoder is not None and encoder.aim.layer is not None:
        stages.pop(1)  # it tells featuremaps, and no latent is needed
    figures: dict[str, list[tuple[float, ...]]] = {stage: [] for stage, _, _ in stages}
    on_samples = []
    for i in range(count):
        own = fit(
            render(sample_scene(FIRST_SEED + i), model.generator.resolution, supersample=2)[0], model.generator.size
        )
        for stage, of_latent, of_features in stages:
            began = time.perf_counter()
            inversion = finished(invert(model, own, encoder, of_latent, of_features, device))
            seconds, missing = time.perf_counter() - began, inversion.missing
            agreement = NONE if missing.agreement is None else missing.agreement
            gain = _gain(painter, model, inversion.picture, i)
            figures[stage].append((missing.psnr, agreement, missing.share, seconds, gain))
        # A village draws the same scene of that latent itself, so that brushes meet the same things.
        on_samples.append(_gain(painter, model, Picture(model.name, seed=FIRST_SEED + i), i))
        advance(1)
    rows = [Row(stage, *np.mean(values, 0).tolist()) for stage, values in figures.items()]
    return [*rows, Row("samples", gain=float(np.mean(on_samples)))]


def table(rows: list[Row]) -> str:
    """The rows, for people."""
    lines = [f"{'':24}{'PSNR':>8}{'labels agreeing':>18}{'not expressed':>16}{'seconds':>10}{'brush gains':>14}"]
    for r in rows:
        lines.append(f"{r.stage:24}{r.psnr:8.1f}{r.agreement:18.3f}{r.share:16.3f}{r.seconds:10.1f}{r.gain:14.3f}")
    return "\n".join(lines).replace("nan", "  -")


def _gain(painter: Painter, model: Model, picture: Picture, number: int) -> float:
    """The mean of some brushes, each at a place of its own; both change with the number."""
    concepts = [c for c in model.dissection.concepts if model.segmenter is not None and c in model.segmenter.concepts]
    if model.segmenter is None or not concepts:
        return NONE
    places, gains = np.random.RandomState(number), []
    before = painter.labels(picture)  # (H, W)
    for i in range(TRIED * number, TRIED * (number + 1)):
        concept = concepts[i % len(concepts)]
        x, y = places.uniform(0.2, 0.8, 2)
        mask = Strokes((Stroke(((float(x), float(y)),), RADIUS),))
        at = coverage(mask, *model.generator.size, model.generator.aspect) >= 0.5  # (H, W)
        shown = model.segmenter.concepts.index(concept)
        after = painter.labels(replace(picture, edits=(Edit("draw", concept, mask),)))
        gains.append(float((after[at] == shown).mean()) - float((before[at] == shown).mean()))
    return float(np.mean(gains))
