"""The run as a whole, from rendered scenes to what the server loads: `directions.json` and its picture sheet.

A predictor of attributes is trained on scenes rendered for it and scores a generator's samples; a linear model of the
scores gives the directions; and what they do is measured on pictures that the model was not fitted to. Work in progress
lies in `out/.directions`, and an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from server.files import write_json
from server.lab.directions.attributes import ATTRIBUTES, NAMES
from server.lab.directions.card import SHEET
from server.lab.directions.find import fit, orthogonalise
from server.lab.directions.measure import DirectionEffect, measure_effects, score_samples
from server.lab.directions.predictor import (
    HELD_OUT,
    Examples,
    Floats,
    Predictor,
    held_out_r2,
    render_examples,
    train_predictor,
)
from server.lab.directions.sheet import write_sheet
from server.lab.dissect.running.passes import Passes
from server.lab.dissect.running.work import Arrays, Work
from server.results.directions import FILE_NAME, SCHEMA, Directions, load_directions

WORK = ".directions"
RANGE = (-3.0, 3.0)  # a standard normal number seldom lies farther out
SCENES_FROM = 60_000_000
SAMPLES_FROM = 70_000_000
DIGITS = 6
FEWEST = 100  # scenes that a predictor can be trained on at all

Report = Callable[[str, float], None]  # takes the stage and the share of it that is done, 0..1


@dataclass(frozen=True)
class DirectionsConfig:
    """How much of everything. scenes: rendered for the predictor, HELD_OUT of them to judge it; epochs: how often it
    sees each of the others. samples: pictures to fit to. measured: pictures to measure on, seeds 0, 1, ..."""

    samples: int = 3000
    scenes: int = 5000
    epochs: float = 8
    measured: int = 200
    seed: int = 0


def find_directions(
    passes: Passes,
    model: str,
    weights: str | None,
    config: DirectionsConfig,
    out: Path,
    scenes: Sequence[int],
    report: Report,
) -> Directions:
    """Find a model's directions and write them and their sheet to `out`.

    passes: the generator and its segmenter. weights: the SHA-256 of the generator's file, None where unknown. scenes:
    seeds for the sheet. The same settings, weights and number of threads give the same file. Raises ValueError where
    the settings cannot be, OSError where `out` cannot be written.
    """
    if config.scenes < HELD_OUT + FEWEST or config.measured < 1:
        raise ValueError(f"scenes are {HELD_OUT + FEWEST} or more, measured pictures 1 or more")
    if config.samples < 3 * passes.generator.latent_dim:
        raise ValueError(f"samples are {config.samples}; this model takes {3 * passes.generator.latent_dim} or more")
    work = Work.open(out / WORK, {"model": model, "weights": weights, "attributes": NAMES, **asdict(config)})
    predictor, fits = _predictor(work, config, report)
    scored = work.arrays("samples", lambda: _scored(passes, predictor, config, report))
    linear = fit(scored["z"], scored["scores"])
    vectors = np.round(orthogonalise(linear.weights), DIGITS)  # (A, D)
    effects = _effects(work, passes, predictor, vectors, config, report)
    document = {
        "schema": SCHEMA,
        "model": model,
        "generator": weights,
        "latent_dim": passes.generator.latent_dim,
        "samples": config.samples,
        "measured_on": config.measured,
        "predictor": {"scenes": config.scenes, "r2": _named(fits)},
        "random_kept": round(effects[-1].kept, 4),
        "directions": [
            _entry(a, vectors, linear.r2, effects[a], predictor.deviation.numpy()) for a in range(len(ATTRIBUTES))
        ],
    }
    write_json(out / FILE_NAME, document)
    directions = load_directions(out)
    assert directions is not None
    report("picture sheet", 0)
    write_sheet(out / SHEET, passes, directions, scenes or range(len(ATTRIBUTES)))
    shutil.rmtree(work.folder)
    return directions


def _predictor(work: Work, config: DirectionsConfig, report: Report) -> tuple[Predictor, Floats]:
    """The predictor and its R2 on scenes it was not trained on, (A,)."""

    def render() -> Arrays:
        examples = render_examples(SCENES_FROM, config.scenes, NAMES, lambda done: report("scenes", done))
        return {"images": examples.images, "attributes": examples.attributes}

    def train() -> Arrays:
        network = train_predictor(examples, config.epochs, config.seed, lambda done: report("predictor", done))
        return {name: tensor.numpy() for name, tensor in network.state_dict().items()}

    examples = Examples(**work.arrays("scenes", render))
    state = {name: torch.from_numpy(array) for name, array in work.arrays("predictor", train).items()}
    network = Predictor(state["mean"], state["deviation"])
    network.load_state_dict(state)
    network.eval().requires_grad_(False)
    return network, held_out_r2(network, examples)


def _scored(passes: Passes, predictor: Predictor, config: DirectionsConfig, report: Report) -> Arrays:
    seeds = range(SAMPLES_FROM, SAMPLES_FROM + config.samples)
    z, scores = score_samples(passes, predictor, seeds, lambda done: report("samples", done))
    return {"z": z, "scores": scores}


def _effects(
    work: Work, passes: Passes, predictor: Predictor, vectors: Floats, config: DirectionsConfig, report: Report
) -> list[DirectionEffect]:
    """What each vector does, and at last what a random one does."""
    random = np.random.default_rng(config.seed).standard_normal(vectors.shape[1])  # (D,)
    every = np.vstack([vectors, random / np.linalg.norm(random)])  # (A + 1, D)

    def measured() -> Arrays:
        seeds = range(config.measured)
        each = measure_effects(passes, predictor, every, seeds, lambda done: report("changes", done))
        return {"effects": np.stack([e.effects for e in each]), "kept": np.array([e.kept for e in each])}

    stored = work.arrays("changes", measured)
    return [DirectionEffect(e, float(kept)) for e, kept in zip(stored["effects"], stored["kept"], strict=True)]


def _entry(a: int, vectors: Floats, r2: Floats, effect: DirectionEffect, deviation: Floats) -> dict[str, Any]:
    attribute = ATTRIBUTES[a]
    return {
        **asdict(attribute),
        "range": list(RANGE),
        "fit": round(float(r2[a]), 4),
        "effect": round(float(effect.effects[a]), 4),
        "effects": _named(effect.effects / deviation),
        "layout_kept": round(effect.kept, 4),
        "vector": vectors[a].tolist(),
    }


def _named(values: Floats) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in zip(NAMES, values, strict=True)}
