"""Training of the village's generator on rendered scenes and their sketches.

The trunk is trained before (`trunk`) and stays as it is. Those behind it learn from imperfect sketches.
The drawing layers are taught with true decisions; the deciding ones by cross-entropy, rare parts weighed up. Pictures
are drawn in windows of a quarter of their area, as drawing has little reach and much work. From some time on a judge
says which decisions look like a rendering's. Weights are averaged.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from server.files import write_whole
from server.lab.training.log import Log, open_log
from server.lab.training.muon import Muon
from server.lab.village.colours import GRID
from server.lab.village.examples import Examples, examples, window_of
from server.lab.village.judge import Judge, misjudged, plausible, shifted, slope
from server.lab.village.sheet import sheet
from server.lab.village.store import Store, open_store
from server.lab.village.trunk import load_trunk, trunk_of
from server.model.decided import DecidedGenerator, decided
from server.model.generator import Activations

CHECKPOINT = "checkpoint.pt"
# Scenes that the losses' measures are taken from.
_MEASURED = 200


@dataclass(frozen=True)
class Settings:
    """A run's settings. held_out: the first scenes of the store, which are never trained on. first: scenes drawn
    before training begins; each step then draws `more`. window: side of the windows that are drawn, in cells of the
    sketch. images: how many pictures it sees; over the last part of them, `falling` of the whole, the rate falls to
    nothing. judged_from: after how many the judge plays. save_minutes: between checkpoints. free: how many sketches a
    step the judge sees whose scenes nobody knows; foreseen: and how many of the others; slope_steps: of how many steps
    one keeps the judge's slope low."""

    scenes: int = 8000
    held_out: int = 40
    first: int = 240
    more: int = 1
    batch: int = 8
    rate: float = 4e-3
    window: int = 8
    average: float = 0.998
    seed: int = 0
    images: int = 38_000
    judged_from: int = 13_000
    falling: float = 0.0
    save_minutes: float = 4.0
    bfloat16: bool = True
    changed_weight: float = 4.0
    colour_weight: float = 4.0
    coarse_weight: float = 4.0
    parts_weight: float = 0.5
    judge_weight: float = 0.15
    slope_weight: float = 0.25
    slope_steps: int = 8
    free: int = 2
    foreseen: int = 4

    def judged(self, seen: int) -> bool:
        """Whether the judge plays after so many pictures."""
        return seen >= self.judged_from

    def share(self, seen: int) -> float:
        """Of the rate, what is left after so many pictures, 0..1."""
        return min(1.0, (1 - seen / self.images) / self.falling) if self.falling else 1.0


@dataclass
class Run:
    """What is trained, and how far it is."""

    generator: DecidedGenerator
    averaged: DecidedGenerator
    optimiser: Muon
    judge: Judge
    judge_optimiser: Muon
    seen: int = 0
    steps: int = 0
    sums: dict[str, list[float]] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write the checkpoint whole or not at all."""
        state = {
            "generator": self.generator.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "judge": self.judge.state_dict(),
            "judge_optimiser": self.judge_optimiser.state_dict(),
            "seen": self.seen,
            "steps": self.steps,
        }
        write_whole(folder / CHECKPOINT, lambda path: torch.save(state, path))


def begun(folder: Path, settings: Settings) -> Run:
    """A new run, or that of the folder's checkpoint. Raises FileNotFoundError where no trunk was trained."""
    torch.manual_seed(settings.seed)
    generator = DecidedGenerator()
    judge = Judge(generator.decider.parts)
    optimisers = Muon(_behind(generator), settings.rate), Muon(judge.parameters(), settings.rate)
    run = Run(generator, copy.deepcopy(generator), optimisers[0], judge, optimisers[1])
    if (folder / CHECKPOINT).exists():
        state = torch.load(folder / CHECKPOINT, map_location="cpu", weights_only=True)
        run.generator.load_state_dict(state["generator"])
        run.averaged.load_state_dict(state["averaged"])
        run.optimiser.load_state_dict(state["optimiser"])
        run.judge.load_state_dict(state["judge"])
        run.judge_optimiser.load_state_dict(state["judge_optimiser"])
        run.seen, run.steps = state["seen"], state["steps"]
    for each in (run.generator, run.averaged):
        load_trunk(folder, each)
    return run


def _behind(generator: DecidedGenerator) -> list[nn.Parameter]:
    """What is trained here: all parameters but the trunk's."""
    trunk = {*trunk_of(generator).parameters()}
    return [parameter for parameter in generator.parameters() if parameter not in trunk]


def part_weights(store: Store) -> Tensor:
    """How much each part counts in the cross-entropy, rare ones more, 1 on average over cells: (1, 30, 1, 1)."""
    some = np.asarray(store.parts[: min(_MEASURED, store.drawn), 0, 1::2, 1::2])
    share = np.bincount(some.ravel(), minlength=30) / some.size  # (30,)
    weights = 1 / np.sqrt(share + 0.002)
    return torch.from_numpy(weights / (weights * share).sum()).float().view(1, -1, 1, 1)


def losses(
    generator: DecidedGenerator, batch: Examples, counts: Tensor, window: tuple[int, int], settings: Settings
) -> tuple[dict[str, Tensor], Tensor]:
    """colour: of the window, drawn from true decisions; coarse: the same of 8x8 pixels; parts: of all decisions that
    follow from the sketch, each part counted as `counts`, (1, 30, 1, 1), says.

    Second, the scores that decisions follow from, (N + free, 30, 128, 128), those of the trunk's own sketches last.
    """
    features = generator.plan(batch.edited(generator))  # (N + free, 80, 64, 64)
    all_scores = generator.decider.scores(features).float()  # (N + free, 30, 128, 128)
    features, scores = features[: len(batch.sketches)], all_scores[: len(batch.sketches)]
    cross = -(counts * batch.parts * F.log_softmax(scores, 1)).sum(1, keepdim=True)  # (N, 1, 128, 128)
    attention = 1 + settings.changed_weight * batch.changed
    foreseen = attention * (1 - batch.unforeseen)
    down, across = window

    def cut(x: Tensor) -> Tensor:
        """The window of maps of any size."""
        cell = x.shape[-1] // GRID
        side = settings.window * cell
        return x[..., down * cell : down * cell + side, across * cell : across * cell + side]

    carried = generator.decider.carried(cut(features))
    decision = torch.cat([cut(batch.parts).to(carried.dtype), carried], 1)
    drawn = generator.tail(Activations(decision), generator.decision).float()  # (N, 3, 128, 128)
    off = drawn - cut(batch.images)
    fine = F.interpolate(cut(attention), scale_factor=2.0)
    parts = {
        "colour": (off.abs() * fine).mean() / fine.mean(),
        "coarse": F.avg_pool2d(off, 8).abs().mean(),
        "parts": (cross * foreseen).mean() / foreseen.mean(),
    }
    return parts, all_scores


def step(
    run: Run,
    batch: Examples,
    counts: Tensor,
    window: tuple[int, int],
    settings: Settings,
    rng: np.random.Generator,
) -> None:
    """One step of training, and the averaged weights after it; where the judge plays, a step of the judge first."""
    share = settings.share(run.seen)
    with torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16):
        parts, scores = losses(run.generator, batch, counts, window, settings)
        loss = settings.colour_weight * parts["colour"] + settings.coarse_weight * parts["coarse"]
        loss = loss + settings.parts_weight * parts["parts"]
        if settings.judged(run.seen):
            real, made = shifted([batch.parts, decided(scores[-settings.foreseen - settings.free :])], rng)
            parts["judge"] = _judge(run, real, made.detach(), settings, share)
            run.judge.requires_grad_(False)
            parts["plausible"] = plausible(run.judge, made)
            run.judge.requires_grad_(True)
            loss = loss + settings.judge_weight * parts["plausible"]
    _follow(run.optimiser, loss, share * settings.rate * min(1.0, (run.steps + 1) / 60))
    run.steps += 1
    run.seen += len(batch.sketches)
    keep = min(settings.average, (1 + run.steps) / (10 + run.steps))
    with torch.no_grad():
        torch._foreach_lerp_(list(run.averaged.parameters()), list(run.generator.parameters()), 1 - keep)
    for name, value in parts.items():
        run.sums.setdefault(name, []).append(float(value.detach()))


def _judge(run: Run, real: Tensor, made: Tensor, settings: Settings, share: float) -> Tensor:
    """A step of the judge on decisions (N, 30, H, W) of renderings and of the generator. Returns its loss."""
    judged = misjudged(run.judge, real, made)
    loss = judged
    if run.steps % settings.slope_steps == 0:
        loss = loss + settings.slope_steps * settings.slope_weight * slope(run.judge, real[:4])
    _follow(run.judge_optimiser, loss, share * settings.rate)
    return judged


def _follow(optimiser: Muon, loss: Tensor, rate: float) -> None:
    """A step down the loss, in float32 wherever it is called: in bfloat16 Muon's iteration grows without end."""
    with torch.autocast("cpu", enabled=False):
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()


def train(folder: Path, settings: Settings, scenes: Path | None = None) -> None:
    """Train in a folder up to `settings.images`, on from its checkpoint where it has one.

    scenes: the folder of the store, by default `scenes` in the run's. Writes `log.txt`, a checkpoint and a sheet every
    few minutes. Raises ValueError where the store is of another size, FileNotFoundError where no trunk was trained.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = open_log(folder)
    store = open_store(scenes or folder / "scenes", settings.scenes)
    store.grow(settings.first)
    run = begun(folder, settings)
    counts = part_weights(store)
    rng = np.random.default_rng([settings.seed, run.steps])
    begin = last = time.monotonic()
    seen = run.seen
    with tqdm(desc="painter", initial=seen, total=settings.images, unit="picture") as bar:
        while run.seen < settings.images:
            store.grow(store.drawn + settings.more)
            index = np.sort(rng.integers(settings.held_out, store.drawn, settings.batch))
            batch = examples(store, index, rng, free=settings.free if settings.judged(run.seen) else 0)
            step(run, batch, counts, window_of(rng, settings.window), settings, rng)
            bar.update(settings.batch)
            if run.steps % 20 == 0:
                _report(run, (run.seen - seen) / (time.monotonic() - begin), log)
            if time.monotonic() - last > 60 * settings.save_minutes:
                _keep(run, store, folder, settings)
                last = time.monotonic()
    _keep(run, store, folder, settings)


def _report(run: Run, speed: float, log: Log) -> None:
    means = {name: sum(values) / len(values) for name, values in run.sums.items()}
    if not all(math.isfinite(value) for value in means.values()):
        raise ValueError(f"the losses are no longer finite: {means}")
    figures = " ".join(f"{name} {value:.3f}" for name, value in means.items())
    log(f"{run.seen} pictures, {speed:.2f} a second: {figures}")
    run.sums.clear()


def _keep(run: Run, store: Store, folder: Path, settings: Settings) -> None:
    run.save(folder)
    sheet(run.averaged, store, settings.held_out).save(folder / f"sheet_{run.seen:07d}.png")
