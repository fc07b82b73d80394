"""The stages of training the default model.

tail: everything behind the layer that carries the layout learns to draw scenes from their layouts, and edits of them,
as they must be.
trunk: the layers up to that one learn the layouts that latents mean, guided at 4x4 and 8x8, and to make of strokes on
their sketches the layouts that such strokes should lead to.
joint: the tail learns to draw the trunk's layouts too, as the scenes that their latents mean, and against a
discriminator of pictures, with strokes rehearsed on them.

Tail and trunk need nothing of each other and may be trained side by side.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.train import edits, steps, watch
from server.lab.train.ahead import ahead
from server.lab.train.config import STAGES, TrainConfig
from server.lab.train.data import LayoutData, SceneData, absent_latent, stroke_of
from server.lab.train.layout import GRID, Spread
from server.lab.train.sheets import sample_sheet
from server.lab.train.sketching import SKETCH_GRID, Sketched, rehearse_sketches, stroke_alpha
from server.lab.train.state import CARRIER, GUIDED, SKETCHER, RunState, adam, load_checkpoint, save_checkpoint
from server.lab.train.steps import Drawn, Figures, Functions
from server.lab.train.store import scene_latents
from server.lab.train.window import Window, random_window
from server.lab.training.log import Log
from server.lab.training.muon import Muon
from server.lab.training.pace import pace, set_rate
from server.lab.training.segmenters import concept_weights

CPU = torch.device("cpu")
# One step of a stage of which some share (0..1) is done.
Step = Callable[[float], Figures]
T = TypeVar("T")
# By how much smaller steps are where units are shares.
_BOUND = 0.25
# Of strokes on samples that draw again, remove, or draw what lacks, how many are on their sketches.
_EARLY = 0.75
# What becomes of each four samples.
_SAMPLED = (("plain",), ("remove", "remove", "again"), ("answer",), ("answer", "draw"))
REPORT_STEPS = 50
SAVE_SECONDS = 120.0


class TrainingRun:
    """A training run in a folder: goes on from its checkpoint, logs, saves, and draws sample sheets."""

    def __init__(
        self, folder: Path, config: TrainConfig, data: SceneData, compiled: bool, log: Log, device: torch.device = CPU
    ) -> None:
        self.folder, self.config, self.data, self.log = folder, config, data, log
        self.state = RunState(config, device)
        self.path = folder / "checkpoint.pt"
        if self.path.exists():
            load_checkpoint(self.path, self.state)
        self.f: Functions = steps.functions(self.state, compiled)
        seen = int(self.state.images_seen.sum())
        self.rng = np.random.default_rng([config.seed, seen])
        torch.manual_seed(config.seed + seen)
        self.shares = data.shares()  # (C, 16, 16)
        self.weights = concept_weights(self.shares.mean((1, 2))).view(1, -1, 1, 1).to(device)
        self.discriminator_steps = 0
        self.optimisers: dict[torch.optim.Optimizer, float] = {}

    def stage(self, name: str) -> None:
        """Run a stage up to its length; its learning rate falls over the last half."""
        which = STAGES.index(name)
        total = getattr(self.config, f"{name}_images")
        if int(self.state.images_seen[which]) == 0:
            self.state.restart()
        self.state.generator.requires_grad_(True)
        make: Callable[[], Step] = getattr(self, f"_{name}")
        self.optimisers.clear()
        step_of = make()
        started = saved = time.monotonic()
        sums: defaultdict[str, list[float]] = defaultdict(list)
        step, batch = 0, getattr(self.config, f"{name}_batch")
        while (seen := int(self.state.images_seen[which])) < total:
            done = seen / total
            for optimiser, rate in self.optimisers.items():
                set_rate(optimiser, rate * pace(step, done))
            figures = step_of(done)
            step += 1
            self.state.images_seen[which] += batch
            self.state.update_average(min(self.config.average, (1 + step) / (10 + step)))
            for key, value in figures.items():
                sums[key].append(value)
            if step % REPORT_STEPS == 0:
                means = {key: float(np.mean(values)) for key, values in sums.items()}
                text = " ".join(f"{key} {mean:.3f}" for key, mean in means.items())
                speed = step * batch / (time.monotonic() - started)
                self.log(f"{name}: {seen + batch} images, {100 * done:.0f} %, {speed:.1f}/s, {text}")
                if "d" in means and watch.won(means["d"]):
                    self.log(f"{name}: warning: the discriminator wins (d {means['d']:.3f})")
                if not all(np.isfinite(v).all() for v in sums.values()):
                    raise FloatingPointError(f"{name}: a loss is not finite; the last checkpoint is {self.path}")
                sums.clear()
            if time.monotonic() - saved > SAVE_SECONDS:
                self.save(name)
                saved = time.monotonic()
        self.save(name)

    def save(self, name: str) -> None:
        """Write the checkpoint and a sheet of rebuilt scenes, edits and samples; warn of what samples lose."""
        save_checkpoint(self.path, self.state)
        if name != "tail":  # as then samples show nothing yet
            made = watch.shown(self.state, scene_latents(self.data.held_out_indices(48)))
            for concept, ratio in watch.lost(made, self.shares.mean((1, 2))).items():
                self.log(f"{name}: warning: {concept} is shown {ratio:.2f} times as often as in scenes")
        sheet = sample_sheet(self.state, self.data, np.random.default_rng(1))
        sheet.save(self.folder / f"sheet-{name}.png")

    def _teach(self, real: Tensor, fake: Tensor, optimiser: torch.optim.Optimizer) -> float:
        """One step of the discriminator, with the gradient penalty on every sixteenth. Returns its loss."""
        discriminator = self.state.discriminator
        discriminator.requires_grad_(True)
        with self.f.half():
            loss = steps.discriminator_loss(discriminator(real), discriminator(fake.detach()))
        if self.discriminator_steps % 16 == 0:
            loss = loss + steps.penalty(discriminator, real[:8], 16 * self.config.penalty)
        self.discriminator_steps += 1
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        discriminator.requires_grad_(False)
        return float(loss.detach())

    def _behind(self) -> list[torch.nn.Parameter]:
        """Parameters behind the layer that carries the layout, output and label head included."""
        g = self.state.generator
        names = [layer.name for layer in g.layers[g.index(CARRIER) + 1 :]] + [g.output_name]
        return [p for name in names for p in g.block(name).parameters()] + list(self.state.head.parameters())

    def _ahead(self, make: Callable[[np.random.Generator], T]) -> Iterator[T]:
        """What `make` gives of random numbers, made while the steps before train."""
        (rng,) = self.rng.spawn(1)
        return ahead(lambda: make(rng))

    def _window(self) -> Window:
        return random_window(self.rng, GRID, self.config.window)

    def _tail(self) -> Step:
        """Steps that draw scenes, half of them edited, from their layouts."""
        config, state, n = self.config, self.state, self.config.tail_batch
        makers = Muon(self._behind(), config.tail_rate)
        self.optimisers[makers] = config.tail_rate

        def random_task(rng: np.random.Generator) -> edits.Rehearsal:
            kinds = edits.random_kinds(rng, n, plain=n // 2)
            return edits.rehearse(self.data.sample(rng, n), rng, kinds)

        tasks = self._ahead(random_task)

        def step(done: float) -> Figures:
            task = next(tasks).to(state.device)
            r = steps.carry(state, task.layouts, noise=True)
            drawn = steps.draw(state, self.f, r, task, self.weights, torch.ones(n, device=r.device), self._window())
            makers.zero_grad()
            drawn.loss.backward()  # type: ignore[no-untyped-call]
            makers.step()
            return drawn.figures

        return step

    def _trunk_makers(self) -> list[Muon]:
        """What changes the trunk and its guides; the layers whose units are shares, and so small, by smaller steps."""
        g, rate = self.state.generator, self.config.trunk_rate
        names = [layer.name for layer in g.layers[: g.index(CARRIER) + 1]]
        free = [p for name in names if name not in (SKETCHER, CARRIER) for p in g.block(name).parameters()]
        bound = [p for name in (SKETCHER, CARRIER) for p in g.block(name).parameters()]
        makers = [Muon([*free, *self.state.guides.parameters()], rate), Muon(bound, _BOUND * rate)]
        self.optimisers.update(zip(makers, (rate, _BOUND * rate), strict=True))
        return makers

    def _trunk(self) -> Step:
        """Steps that make the layouts that latents mean, and those that strokes on sketches should lead to: half of the
        examples have one."""
        config, state, n = self.config, self.state, self.config.trunk_batch
        makers = self._trunk_makers()
        layouts = LayoutData(self.data)
        spread = Spread(self.data.some_layouts(2000).to(state.device))

        def random_task(rng: np.random.Generator) -> Sketched:
            return rehearse_sketches(layouts.sample(rng, n), rng, plain=n // 2)

        tasks = self._ahead(random_task)

        def step(done: float) -> Figures:
            task = next(tasks).to(state.device)
            seen = steps.guided_trunk(state, self.f, task)
            terms = steps.trunk_losses(seen, task, spread, plain=n // 2)
            loss = terms["lost"] + terms["stroke"] + config.sketch * terms["sketch"]
            loss = loss + config.guide * (1 - done) * sum(terms[name] for name in GUIDED)
            for maker in makers:
                maker.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            for maker in makers:
                maker.step()
            return {name: float(term.detach()) for name, term in terms.items()}

        return step

    def _joint(self) -> Step:
        """Steps that teach the tail to draw the trunk's layouts as cleanly as those of scenes, and to obey strokes.

        Of eight pictures, two are scenes from their layouts: as they are, without something, or with something added.
        Four are samples, drawn from what the trunk makes of scenes' latents: one as it is, one without something or in
        which something is drawn again where it stands, one with a stroke that is answered, and one more like that or in
        which is drawn what it lacks. Their scenes are what they should become, but for what the trunk does not know
        (`follow`), and there the discriminator tells what is wrong with them. Two are the first of these with random
        strokes, one that draws and one that removes. Of the strokes on samples most are on their sketches. The trunk
        is left as it is.
        """
        config, state, n = self.config, self.state, self.config.joint_batch
        strokes_on, scenes = n // 4, n // 4
        known = n - strokes_on
        sampled = [_SAMPLED[i % len(_SAMPLED)] for i in range(known - scenes)]
        on = torch.arange(0, known - scenes, 4).repeat_interleave(2)[:strokes_on]  # of samples, those strokes are on
        trust = torch.ones(known, device=state.device)
        trust[scenes:] = config.follow
        makers = Muon(self._behind(), config.joint_rate)
        discriminator_adam = adam(list(state.discriminator.parameters()), config.judge_rate)
        self.optimisers[makers], self.optimisers[discriminator_adam] = config.joint_rate, config.judge_rate

        def random_task(rng: np.random.Generator) -> tuple[edits.Rehearsal, Tensor, Tensor]:
            kinds = [str(rng.choice(some)) for some in sampled]
            index = self.data.random_indices(rng, n)
            index[scenes:known] = [self.data.random_index(rng, kind == "answer") for kind in kinds]
            latents = scene_latents(index[scenes:known])  # (K, D)
            for i, kind in enumerate(kinds):
                if kind == "draw":
                    absent = absent_latent(int(index[scenes + i]))
                    kinds[i] = "again" if absent is None else "draw"
                    latents[i] = latents[i] if absent is None else absent
            some = [str(kind) for kind in rng.choice(("plain", "remove", "draw"), scenes)]
            early = torch.from_numpy(rng.random(n) < _EARLY)
            early[:scenes] = False
            every = [*some, *kinds, *["plain"] * strokes_on]
            task = edits.rehearse(self.data.take(index), rng, every, early.tolist())
            sketched = F.max_pool2d(task.alpha, 2)[scenes:known]  # (K, C, 8, 8)
            sketched[~early[scenes:known]] = 0.0
            task.alpha[early] = 0.0
            for i in range(known - scenes):
                stroke = stroke_of(int(index[scenes + i]))
                if stroke is not None:
                    sketched[i] = stroke_alpha(stroke, SKETCH_GRID)
            return task, sketched, latents

        tasks = self._ahead(random_task)

        def step(done: float) -> Figures:
            rehearsed, sketched, latents = next(tasks)
            task, window = rehearsed.to(state.device), self._window()
            latents, sketched = latents.to(state.device), sketched.to(state.device)
            with torch.no_grad(), self.f.half():
                samples = self.f.trunk(latents, sketched, task.factor[scenes:known]).float()
                strokes = steps.random_strokes(self.rng, self.shares, samples[on].cpu()).to(state.device)
                early = torch.from_numpy(self.rng.random((len(on), 1, 1, 1)) < 0.5).to(state.device)
                stroked = self.f.trunk(latents[on], F.avg_pool2d(strokes.alpha * early, 2), strokes.factor).float()
            task.alpha[known:], task.factor[known:] = strokes.alpha * ~early, strokes.factor
            r = torch.cat([steps.carry(state, task.layouts[:scenes], noise=True), samples, stroked])
            drawn = steps.draw(state, self.f, r, task, self.weights, trust, window)
            before, after = drawn.images[scenes:known][on], drawn.images[known:]
            obey, calm = steps.stroke_losses(before, after, drawn.scores[known:], strokes, window)
            convince, figures = self._convince(drawn, known, discriminator_adam)
            makers.zero_grad()
            loss = drawn.loss + convince + config.obey * obey + config.calm * calm
            loss.backward()  # type: ignore[no-untyped-call]
            makers.step()
            return {**drawn.figures, **figures, "obey": float(obey.detach()), "calm": float(calm.detach())}

        return step

    def _convince(self, drawn: Drawn, known: int, discriminator_adam: torch.optim.Optimizer) -> tuple[Tensor, Figures]:
        """Teach the discriminator the first `known` pictures and what they should be; the loss that they carry for its
        sake. Of what random strokes should lead to, it knows nothing: on those it had the tail scribble."""
        config = self.config
        keep = steps.kept(known, config.hide_labels, drawn.images.device)
        real = steps.show(drawn.target[:known], drawn.target_labels[:known], keep)
        fake = steps.show(drawn.images[:known], drawn.scores[:known].softmax(1), keep)
        d = self._teach(real, fake, discriminator_adam)
        with self.f.half():
            with torch.no_grad():
                true = self.f.discriminator(real)
            seen = self.f.discriminator(fake)
        convince, match = steps.generator_loss(seen), steps.match_loss(true, seen)
        figures = {"d": d, "g": float(convince.detach()), "match": float(match.detach())}
        return config.adversarial * convince + config.match * match, figures
