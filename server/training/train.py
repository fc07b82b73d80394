"""The stages of training the default model.

tail: the edit layer and everything behind it learn to draw scenes from their layouts, and edits of them, as they
must be.
coarse: the trunk learns from scenes' latents what stands where, at 4x4 and then at 8x8.
trunk: it learns to make whole layouts at 16x16, also against a discriminator of layouts.
joint: the tail learns to draw the trunk's layouts too, with strokes rehearsed on them.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.scenes.concepts import CONCEPTS
from server.training import edits, steps
from server.training.config import TrainConfig
from server.training.data import GRID, SceneData, Spread
from server.training.sheets import sample_sheet
from server.training.state import GUIDED, STAGES, RunState, adam, load_checkpoint, save_checkpoint
from server.training.steps import Drawn, Figures, Functions
from server.training.window import Window, chance_window

Log = Callable[[str], None]
REPORT_STEPS = 50
SAVE_SECONDS = 120.0


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


class Run:
    """A training run in a folder: goes on from its checkpoint, logs, saves, and draws sample sheets."""

    def __init__(self, folder: Path, config: TrainConfig, data: SceneData, compiled: bool, log: Log) -> None:
        self.folder, self.config, self.data, self.log = folder, config, data, log
        self.state = RunState(config, torch.device("cpu"))
        self.path = folder / "checkpoint.pt"
        if self.path.exists():
            load_checkpoint(self.path, self.state)
        self.f: Functions = steps.functions(self.state, compiled)
        seen = int(self.state.images_seen.sum())
        self.rng = np.random.default_rng([config.seed, seen])
        torch.manual_seed(config.seed + seen)
        self.shares = data.shares()  # (C, 16, 16)
        self.weights = steps.concept_weights(self.shares)

    def stage(self, name: str, minutes: float | None = None) -> None:
        """Run a stage up to its length, or for that long; its learning rate falls over the last half."""
        which = STAGES.index(name)
        total = getattr(self.config, f"{name}_images")
        if int(self.state.images_seen[which]) == 0:
            self.state.settle()
        self.state.generator.requires_grad_(True)
        make: Callable[[], Callable[[int], Figures]] = getattr(self, f"_{name}")
        step_of = make()
        started = saved = time.monotonic()
        sums: defaultdict[str, list[float]] = defaultdict(list)
        step, batch = 0, self.config.coarse_batch if name == "coarse" else self.config.batch
        while True:
            seen = int(self.state.images_seen[which])
            spent = time.monotonic() - started
            done = seen / total if minutes is None else spent / (60 * minutes)
            if done >= 1:
                break
            pace = min(1.0, (step + 1) / 100) * max(0.03, min(1.0, 2 * (1 - done)))
            for optimiser, rate in self.optimisers.items():
                _set_rate(optimiser, rate * pace)
            figures = step_of(step)
            step += 1
            self.state.images_seen[which] += batch
            self.state.update_average(min(self.config.average, (1 + step) / (10 + step)))
            for key, value in figures.items():
                sums[key].append(value)
            if step % REPORT_STEPS == 0:
                text = " ".join(f"{k} {np.mean(v):.3f}" for k, v in sums.items())
                speed = step * batch / (time.monotonic() - started)
                self.log(f"{name}: {seen + batch} images, {100 * done:.0f} %, {speed:.1f}/s, {text}")
                if not all(np.isfinite(v).all() for v in sums.values()):
                    raise FloatingPointError(f"{name}: a loss is not finite; the last checkpoint is {self.path}")
                sums.clear()
            if time.monotonic() - saved > SAVE_SECONDS:
                self.save(name)
                saved = time.monotonic()
        self.save(name)

    def save(self, name: str) -> None:
        """Write the checkpoint and a sheet of rebuilt scenes, edits and samples."""
        save_checkpoint(self.path, self.state)
        sheet = sample_sheet(self.state, self.data.held(16), np.random.default_rng(1))
        sheet.save(self.folder / f"sheet-{name}.png")

    def _teach(
        self,
        judge: torch.nn.Module,
        step: int,
        real: Tensor,
        fake: Tensor,
        optimiser: torch.optim.Optimizer,
        penalty: float,
    ) -> float:
        """One step of a discriminator, with the gradient penalty on every sixteenth. Returns its loss."""
        judge.requires_grad_(True)
        with self.f.half():
            loss = steps.judge_loss(judge(real), judge(fake.detach()))
        if step % 16 == 0:
            loss = loss + steps.penalty(judge, real[:8], 16 * penalty)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        judge.requires_grad_(False)
        return float(loss.detach())

    def _behind(self, layer: str) -> list[torch.nn.Parameter]:
        """Parameters from that layer on, output and label head included."""
        g = self.state.generator
        names = [k.name for k in g.layers[g.index(layer) :]] + [g.output_name]
        return [p for name in names for p in g.block(name).parameters()] + list(self.state.head.parameters())

    def _tail(self) -> Callable[[int], Figures]:
        return self._drawing(self._behind(self.config.edit_layer))

    def _drawing(self, parameters: list[torch.nn.Parameter]) -> Callable[[int], Figures]:
        """Steps that rebuild and edit scenes from their layouts, training these parameters."""
        config, state, n = self.config, self.state, self.config.batch
        makers = adam(parameters, config.learning_rate)
        judges = adam(list(state.discriminator.parameters()), config.learning_rate)
        self.optimisers = {makers: config.learning_rate, judges: config.learning_rate}

        def step(i: int) -> Figures:
            batch = self.data.draw(self.rng, n)
            task = edits.rehearse(batch, self.rng, edits.chance_kinds(self.rng, n, plain=n // 4))
            with self.f.half():
                r = steps.encode(state, self.f, task, n, noise=True)
            drawn = steps.draw(state, self.f, r, task, self.weights, n, self._window())
            convince, figures = self._convince(i, drawn, n, judges)
            makers.zero_grad()
            (drawn.loss + convince).backward()  # type: ignore[no-untyped-call]
            makers.step()
            return {**drawn.figures, **figures}

        return step

    def _window(self) -> Window:
        return chance_window(self.rng, GRID, self.config.window)

    def _convince(self, step: int, drawn: Drawn, known: int, judges: torch.optim.Optimizer) -> tuple[Tensor, Figures]:
        """Teach the discriminator these pictures and what they should be; the loss that they carry for its sake."""
        config = self.config
        keep = steps.kept(len(drawn.images), config.hide_labels, drawn.images.device)
        real = steps.show(drawn.target, drawn.target_labels, keep)
        fake = steps.show(drawn.images, drawn.scores.softmax(1), keep)
        d = self._teach(self.state.discriminator, step, real, fake, judges, config.penalty)
        with self.f.half():
            with torch.no_grad():
                true = self.f.judge(real)
            seen = self.f.judge(fake)
        convince, match = steps.maker_loss(seen), steps.match_loss(true, seen, known)
        loss = config.adversarial * convince + config.match * match
        return loss, {"d": d, "g": float(convince.detach()), "match": float(match.detach())}

    def _trunk_parameters(self) -> list[torch.nn.Parameter]:
        g = self.state.generator
        names = [k.name for k in g.layers[: g.index(self.config.edit_layer)]]
        return [p for name in names for p in g.block(name).parameters()]

    def _coarse(self) -> Callable[[int], Figures]:
        """Steps that teach the trunk's first layers, by way of the guides, what stands where: in 4x4 cells over the
        first two thirds of the stage, then in 8x8."""
        config, state, generator = self.config, self.state, self.state.generator
        makers = adam([*self._trunk_parameters(), *state.guides.parameters()], config.coarse_rate, momentum=0.9)
        self.optimisers = {makers: config.coarse_rate}
        store, latents = self.data.layouts(), self.data.latents()  # (M, C + 6, 16, 16), (M, D)
        spread = Spread(store)

        def step(i: int) -> Figures:
            index = self.data.chance(self.rng, config.coarse_batch)
            cells = spread.measure(store[index].float())  # (N, C + 6, 16, 16)
            x, losses = latents[index][:, :, None, None], {}
            depth = 1 if int(state.images_seen[STAGES.index("coarse")]) < config.coarse_images * 2 / 3 else 2
            for layer in generator.layers[: 2 * depth]:
                with self.f.half():
                    x = generator.block(layer.name)(x)
                if layer.name in GUIDED:
                    wrong = state.guides[layer.name](x.float()) - F.adaptive_avg_pool2d(cells, layer.height)
                    losses[f"at{layer.height}"] = wrong.square().mean()
            loss = 0.3 * torch.stack(list(losses.values())).sum() + 0.7 * losses[f"at{4 * depth}"]
            makers.zero_grad()
            loss.backward()
            makers.step()
            return {name: float(value.detach()) for name, value in losses.items()}

        return step

    def _trunk(self) -> Callable[[int], Figures]:
        """Steps that teach the trunk to make layouts: those of the scenes that its latents mean, and, where it cannot
        tell, such as the layouts' judge takes for real. It judges shares only: colours may stay soft."""
        config, state, n = self.config, self.state, self.config.batch
        makers = adam(self._trunk_parameters(), config.trunk_rate, momentum=0.5)
        judges = adam(list(state.layout_judge.parameters()), config.learning_rate)
        self.optimisers = {makers: config.trunk_rate, judges: config.learning_rate}
        store, latents = self.data.layouts(), self.data.latents()
        spread = Spread(store)
        concepts = len(CONCEPTS)

        def step(i: int) -> Figures:
            index = self.data.chance(self.rng, n)
            true = spread.measure(store[index].float())  # (N, C + 6, 16, 16)
            with self.f.half():
                made = spread.measure(self.f.trunk(latents[index])[:, : true.shape[1]].float())
            real, fake = true[:, :concepts], made[:, :concepts]
            d = self._teach(state.layout_judge, i, real, fake, judges, config.layout_penalty)
            with torch.no_grad():
                wanted = state.layout_judge(real)
            seen = state.layout_judge(fake)
            lost, convince = (made - true).square().mean(), steps.maker_loss(seen)
            match = steps.match_loss(wanted, seen, n)
            loss = 0.4 * lost + config.layout_adversarial * (convince + match)
            makers.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            makers.step()
            return {"lost": float(lost.detach()), "d": d, "g": float(convince.detach()), "match": float(match.detach())}

        return step

    def _joint(self) -> Callable[[int], Figures]:
        """Steps that teach the tail to draw the trunk's layouts as cleanly as those of scenes, and to obey strokes.

        Of sixteen pictures, six are scenes from their layouts: two as they are, two without something, two to which
        something is added. Six are samples, whose layouts no scene need have, so that only the discriminator can tell
        what is wrong with them; and four are the first of these with a stroke by chance. The trunk is left as it is.
        """
        config, state, n = self.config, self.state, self.config.batch
        strokes, known = n // 4, 3 * n // 8
        kinds = [("plain", "remove", "draw")[i % 3] for i in range(known)] + ["plain"] * (n - known)
        makers = adam(self._behind(config.edit_layer), config.joint_rate)
        judges = adam(list(state.discriminator.parameters()), config.joint_rate)
        self.optimisers = {makers: config.joint_rate, judges: config.joint_rate}

        def step(i: int) -> Figures:
            batch, window = self.data.draw(self.rng, n), self._window()
            task = edits.rehearse(batch, self.rng, kinds)
            alpha, factor, chosen = steps.random_edits(self.rng, self.shares, strokes)
            task.alpha[n - strokes :], task.factor[n - strokes :] = alpha, factor
            with torch.no_grad(), self.f.half():
                h = self.f.trunk(torch.randn(n - known - strokes, config.latent_dim)).float()
            with self.f.half():
                scenes = steps.encode(state, self.f, task, known, noise=True).float()
                samples = self.f.edit_block(h).float()
            r = torch.cat([scenes, samples, samples[:strokes]])
            drawn = steps.draw(state, self.f, r, task, self.weights, known, window)
            before, after = drawn.images[known : known + strokes], drawn.images[n - strokes :]
            inner = window.inner(alpha, 1)
            obey, calm = steps.stroke_losses(before, after, drawn.scores[n - strokes :], inner, chosen)
            convince, figures = self._convince(i, drawn, known, judges)
            makers.zero_grad()
            loss = drawn.loss + convince + config.obey * obey + config.calm * calm
            loss.backward()  # type: ignore[no-untyped-call]
            makers.step()
            return {**drawn.figures, **figures, "obey": float(obey.detach()), "calm": float(calm.detach())}

        return step
