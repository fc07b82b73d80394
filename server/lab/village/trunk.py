"""Training of the trunk: from a latent to the sketch of the scene that it means.

The trunk is small and its error large, and a sketch is drawn fifty times as fast as the pictures and maps that those
behind it learn from. So it is trained alone, on many more scenes, drawn at 64 pixels (6 GB of sketches); those behind
it never change it.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.lib.format import open_memmap
from torch import Tensor, nn
from tqdm import tqdm

from server.files import write_text, write_whole
from server.lab.scenes.latent import LATENT_DIM
from server.lab.training.log import open_log
from server.lab.training.muon import Muon
from server.lab.village.colours import GRID
from server.lab.village.drawing import draw_village
from server.lab.village.sketch import CHANNELS, sketches_of
from server.lab.village.store import fitted_colours, scene_at, seed_at
from server.model.decided import DecidedGenerator
from server.model.latents import latents_of

CHECKPOINT, STEPS = "trunk.pt", "trunk_steps.txt"
# Scenes of the trunk have other seeds than those that the others learn from.
FIRST = 20_000
_RESOLUTION = 64
_DRAWN_AT_ONCE = 50
_SAVE_SECONDS = 60.0


@dataclass(frozen=True)
class TrunkSettings:
    """A run's settings. scenes: how many it learns from; held_out: the first of them, which only measure. steps: how
    many it takes; over the last part of them, `falling` of the whole, the rate falls to nothing."""

    scenes: int = 180_000
    held_out: int = 200
    batch: int = 64
    rate: float = 4e-3
    falling: float = 0.9
    average: float = 0.99
    seed: int = 0
    steps: int = 24_000
    bfloat16: bool = True


def open_sketches(folder: Path, count: int) -> np.ndarray:
    """The sketches (count, CHANNELS, 16, 16), float16, of scenes FIRST, FIRST + 1, ..., in a file of the folder; those
    that are not there yet are drawn. Raises ValueError where the file has room for another number."""
    folder.mkdir(parents=True, exist_ok=True)
    path, done = folder / "trunk_sketches.npy", folder / "trunk_sketches.txt"
    sketches = open_memmap(path, "r+" if path.exists() else "w+", np.float16, (count, CHANNELS, GRID, GRID))
    if len(sketches) != count:
        raise ValueError(f"{path} has room for {len(sketches)} scenes, not {count}")
    first = int(done.read_text()) if done.exists() else 0
    colours = fitted_colours()
    for begin in tqdm(range(first, count, _DRAWN_AT_ONCE), desc="sketches", unit_scale=_DRAWN_AT_ONCE):
        end = min(count, begin + _DRAWN_AT_ONCE)
        scenes = [scene_at(FIRST + index) for index in range(begin, end)]
        drawings = [draw_village(scene, _RESOLUTION) for scene in scenes]
        sketches[begin:end] = sketches_of(drawings, scenes, colours).numpy()
        write_text(done, str(end))
    return sketches


@dataclass(frozen=True)
class Lessons:
    """What the trunk learns from, and how its error is measured: in units of each number's `spread`,
    (1, CHANNELS, 1, 1)."""

    sketches: np.ndarray
    spread: Tensor

    @classmethod
    def of(cls, sketches: np.ndarray, held_out: int) -> Lessons:
        """Measured by the first scenes."""
        return cls(sketches, spread_of(torch.from_numpy(sketches[:held_out].astype(np.float32))))

    def error(self, generator: DecidedGenerator, index: np.ndarray) -> Tensor:
        """The mean square by which the trunk misses the sketches of the scenes of `index`."""
        latents = latents_of([seed_at(FIRST + int(i)) for i in index], LATENT_DIM)
        sketches = torch.from_numpy(self.sketches[index].astype(np.float32))  # (N, CHANNELS, 16, 16)
        made: Tensor = generator.trunk(latents, generator.sketch).r.float()
        return ((made - sketches) / self.spread).square().mean()


def spread_of(sketches: Tensor) -> Tensor:
    """The deviation of each number of sketches (N, CHANNELS, 16, 16): (1, CHANNELS, 1, 1)."""
    return sketches.std((0, 2, 3)).clamp(min=0.03).view(1, -1, 1, 1)


def trunk_of(generator: DecidedGenerator) -> nn.ModuleList:
    """The blocks up to the sketch."""
    return nn.ModuleList(
        generator.block(layer.name) for layer in generator.layers[: generator.index(generator.sketch) + 1]
    )


def train_trunk(folder: Path, settings: TrunkSettings, sketches: np.ndarray | None = None) -> float:
    """Train the trunk in a folder up to `settings.steps`, on from its checkpoint where it has one. Returns the error on
    the scenes held out. Writes `log.txt`, the checkpoint, and beside it how many steps were taken for it."""
    sketches = open_sketches(folder, settings.scenes) if sketches is None else sketches
    log = open_log(folder)
    torch.manual_seed(settings.seed)
    generator, taken = DecidedGenerator(), 0
    if (folder / CHECKPOINT).exists():
        load_trunk(folder, generator)
        taken = int((folder / STEPS).read_text())
    averaged = copy.deepcopy(generator)
    lessons = Lessons.of(sketches, settings.held_out)
    trained, kept = trunk_of(generator), trunk_of(averaged)
    optimiser = Muon(trained.parameters(), settings.rate)
    rng = np.random.default_rng(time.time_ns())  # so that a run that goes on sees other scenes
    saved, begun = time.monotonic(), taken
    for taken in tqdm(range(begun + 1, settings.steps + 1), "trunk", initial=begun, total=settings.steps, unit="step"):
        index = np.sort(rng.integers(settings.held_out, len(sketches), settings.batch))
        with torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16):
            error = lessons.error(generator, index)
        optimiser.zero_grad()
        error.backward()  # type: ignore[no-untyped-call]
        left = 1 - taken / settings.steps
        for group in optimiser.param_groups:
            group["lr"] = settings.rate * min(1.0, (taken - begun) / 60, left / settings.falling)
        optimiser.step()
        keep = min(settings.average, taken / (9 + taken))
        with torch.no_grad():
            torch._foreach_lerp_(list(kept.parameters()), list(trained.parameters()), 1 - keep)
        if time.monotonic() - saved > _SAVE_SECONDS or taken == settings.steps:
            saved = time.monotonic()
            write_whole(folder / CHECKPOINT, lambda path: torch.save(kept.state_dict(), path))
            write_text(folder / STEPS, str(taken))
            log(f"trunk: {taken} of {settings.steps} steps, error {_missed(lessons, averaged, settings):.3f}")
    return _missed(lessons, averaged, settings)


@torch.no_grad()
def _missed(lessons: Lessons, generator: DecidedGenerator, settings: TrunkSettings) -> float:
    """The error on the scenes held out."""
    return float(lessons.error(generator, np.arange(settings.held_out)))


def load_trunk(folder: Path, generator: DecidedGenerator) -> None:
    """Put the trunk of the folder's checkpoint into a generator. Raises FileNotFoundError where there is none."""
    trunk_of(generator).load_state_dict(torch.load(folder / CHECKPOINT, map_location="cpu", weights_only=True))
