"""The stages of training the default model.

tail: the edit layer and everything behind it learn to draw encoded scenes, and edits of them, as they must be.
trunk: everything before the edit layer learns, adversarially, to make featuremaps like those of encoded scenes.
grow: two more layers at twice the size learn to draw the same featuremaps finer.
joint: all of it together, with the pictures of samples judged too, and strokes rehearsed on samples.
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

from server.training import edits, steps
from server.training.config import TrainConfig
from server.training.data import Batch, SceneData
from server.training.latents import Moments, whiten
from server.training.sheets import sample_sheet
from server.training.state import RunState, adam, load_checkpoint, save_checkpoint
from server.training.steps import Figures, Functions

Log = Callable[[str], None]
STAGES = ("tail", "trunk", "grow", "joint")
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
        self.progress = 0.0
        self.shares = data.shares()  # (C, 16, 16)
        self.weights = steps.concept_weights(self.shares)
        self.show_z = torch.from_numpy(np.random.RandomState(7).standard_normal((32, config.latent_dim))).float()

    def stage(self, name: str, minutes: float | None = None) -> None:
        """Run a stage up to its length, or for that long; its learning rate falls over the last third."""
        which = STAGES.index(name)
        total = getattr(self.config, f"{name}_images")
        if int(self.state.images_seen[which]) == 0:
            self.state.settle()
            if name == "joint":
                whiten(self.state, self.data)
        make: Callable[[], Callable[[int], Figures]] = getattr(self, f"_{name}")
        step_of = make()
        started = saved = time.monotonic()
        sums: defaultdict[str, list[float]] = defaultdict(list)
        step, batch = 0, self.config.trunk_batch if name == "trunk" else self.config.batch
        while True:
            seen = int(self.state.images_seen[which])
            spent = time.monotonic() - started
            done = seen / total if minutes is None else spent / (60 * minutes)
            if done >= 1:
                break
            self.progress = done
            rate = self.config.learning_rate * min(1.0, (step + 1) / 100) * max(0.03, min(1.0, 3 * (1 - done)))
            for optimiser in self.optimisers:
                _set_rate(optimiser, rate * (self.config.joint_rate if name == "joint" else 1.0))
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
        sheet = sample_sheet(self.state, self.data.held(16), self.show_z, np.random.default_rng(1))
        sheet.save(self.folder / f"sheet-{name}.png")

    def _judge_pictures(self, step: int, real: Tensor, fake: Tensor, optimiser: torch.optim.Optimizer) -> float:
        return self._teach(self.state.discriminator, self.f.judge, step, real, fake, optimiser)

    def _judge_features(self, step: int, real: Tensor, fake: Tensor, optimiser: torch.optim.Optimizer) -> float:
        real, fake = real + self._noise(real), fake + self._noise(fake)
        return self._teach(self.state.features, self.f.judge_features, step, real, fake, optimiser)

    def _teach(
        self,
        judge: torch.nn.Module,
        see: Callable[[Tensor], tuple[Tensor, Tensor]],
        step: int,
        real: Tensor,
        fake: Tensor,
        optimiser: torch.optim.Optimizer,
    ) -> float:
        """One step of a discriminator, with the gradient penalty on every sixteenth. Returns its loss."""
        judge.requires_grad_(True)
        with self.f.half():
            loss = steps.judge_loss(see(real), see(fake.detach()))
        if step % 16 == 0:
            loss = loss + steps.penalty(judge, real[:8], 16 * self.config.penalty)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        judge.requires_grad_(False)
        return float(loss.detach())

    def _real(self, batch: Batch) -> Tensor:
        n = batch.images.shape[0]
        return steps.show(batch.images, batch.labels, steps.kept(n, self.config.hide_labels))

    def _behind(self, layer: str) -> list[torch.nn.Parameter]:
        """Parameters from that layer on, output and label head included."""
        g = self.state.generator
        names = [k.name for k in g.layers[g.index(layer) :]] + [g.output_name]
        return [p for name in names for p in g.block(name).parameters()] + list(self.state.head.parameters())

    def _tail(self) -> Callable[[int], Figures]:
        return self._drawing([*self._behind(self.config.edit_layer), *self.state.encoder.parameters()])

    def _grow(self) -> Callable[[int], Figures]:
        layers = self.state.generator.layers
        params = self._behind(layers[-2].name)
        self.state.generator.requires_grad_(False)
        self.state.encoder.requires_grad_(False)
        for p in params:
            p.requires_grad_(True)
        return self._drawing(params)

    def _drawing(self, parameters: list[torch.nn.Parameter]) -> Callable[[int], Figures]:
        """Steps that rebuild and edit scenes, training these parameters."""
        config, state = self.config, self.state
        makers = adam(parameters, config.learning_rate)
        judges = adam(list(state.discriminator.parameters()), config.learning_rate)
        self.optimisers = [makers, judges]

        def step(i: int) -> Figures:
            task = edits.rehearse(self.data.draw(self.rng, config.batch), self.rng, plain=config.batch // 4)
            built = steps.rebuild(state, self.f, task, self.weights)
            keep = steps.kept(config.batch, config.hide_labels)
            fake = steps.show(built.images, built.scores.softmax(1), keep)
            d = self._judge_pictures(i, self._real(self.data.draw(self.rng, config.batch)), fake, judges)
            with self.f.half():
                convince = steps.maker_loss(self.f.judge(fake))
            makers.zero_grad()
            (built.loss + config.adversarial * convince).backward()  # type: ignore[no-untyped-call]
            makers.step()
            return {**built.figures, "d": d, "g": float(convince.detach())}

        return step

    def _encoded(self, batch: Batch) -> Tensor:
        with torch.no_grad(), self.f.half():
            return steps.encode(self.state, self.f, batch.images, batch.labels, noise=False).float()

    def _trunk_parameters(self) -> list[torch.nn.Parameter]:
        g = self.state.generator
        names = [k.name for k in g.layers[: g.index(self.config.edit_layer)]]
        return [p for name in names for p in g.block(name).parameters()]

    def _trunk(self) -> Callable[[int], Figures]:
        config, state, n = self.config, self.state, self.config.trunk_batch
        makers = adam(self._trunk_parameters() + list(state.latent_encoder.parameters()), config.learning_rate)
        judges = adam(list(state.features.parameters()), config.learning_rate)
        self.optimisers = [makers, judges]
        store, moments = self._featuremaps(), Moments(config.latent_dim)

        def step(i: int) -> Figures:
            index = torch.from_numpy(self.rng.integers(0, store.shape[0], n))
            real = store[index].float().contiguous(memory_format=torch.channels_last)
            _, lost, cost = steps.remember(state, self.f, real, moments)
            loss = config.remember * lost + config.latent_cost * cost
            figures = {"lost": float(lost.detach()), "nats": float(cost.detach())}
            if self.progress >= config.warm_up:
                with self.f.half():
                    fake = self.f.edit_block(self.f.trunk(torch.randn(n, config.latent_dim)).float()).float()
                d = self._judge_features(i, real, fake, judges)
                with self.f.half():
                    convince = steps.maker_loss(self.f.judge_features(fake + self._noise(fake)))
                loss = loss + 0.3 * convince
                figures |= {"d": d, "g": float(convince.detach()), "spread": float(fake.detach().std(0).mean())}
            makers.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            makers.step()
            return figures

        return step

    def _noise(self, r: Tensor) -> Tensor:
        """Noise on what the featuremaps' discriminator sees: it is to judge layouts, not the last decimals."""
        return self.config.feature_noise * torch.randn_like(r)

    def _featuremaps(self, limit: int = 24_000) -> Tensor:
        """The edit layer's activations of the scenes, computed once: (M, U, 16, 16), float16."""
        count = min(self.data.count - self.data.held_out, limit) // self.config.batch * self.config.batch
        store = torch.empty(count, self.config.edit_width, edits.GRID, edits.GRID, dtype=torch.float16)
        for a in range(0, count, self.config.batch):
            store[a : a + self.config.batch] = self._encoded(self.data.take(np.arange(a, a + self.config.batch)))
        return store

    def _joint(self) -> Callable[[int], Figures]:
        config, state = self.config, self.state
        makers = adam([*state.maker_parameters(), *state.latent_encoder.parameters()], config.learning_rate)
        judges = adam(list(state.discriminator.parameters()), config.learning_rate)
        feature_judges = adam(list(state.features.parameters()), config.learning_rate)
        self.optimisers = [makers, judges, feature_judges]
        moments = Moments(config.latent_dim)
        half, quarter, k = config.batch // 2, config.batch // 4, config.units_a_concept

        def step(i: int) -> Figures:
            task = edits.rehearse(self.data.draw(self.rng, config.batch), self.rng, plain=config.batch // 2)
            built = steps.rebuild(state, self.f, task, self.weights, moments)
            real = self._encoded(self.data.draw(self.rng, half))
            with self.f.half():
                r = self.f.edit_block(self.f.trunk(torch.randn(half, config.latent_dim)).float()).float()
            alpha, factor, chosen = steps.random_edits(self.rng, self.shares, quarter)
            painted = edits.apply(r[:quarter], alpha, factor, state.levels)
            with self.f.half():
                x, s = self.f.tail(r)
                px, ps = self.f.tail(painted)
            x, s, px, ps = x.float(), s.float(), px.float(), ps.float()
            obey, calm = steps.stroke_losses(x[:quarter], px, ps, alpha, chosen)
            shares = F.avg_pool2d(s.detach().softmax(1), config.size // edits.GRID)  # (N, C, 16, 16)
            align = edits.align_loss(r, shares, k, config.level)

            pictures = torch.cat([x, px, built.images[1::4]])
            maps = torch.cat([s, ps, built.scores[1::4]]).softmax(1)
            fake = steps.show(pictures, maps, steps.kept(len(pictures), config.hide_labels))
            d = self._judge_pictures(i, self._real(self.data.draw(self.rng, len(pictures))), fake, judges)
            fd = self._judge_features(i + 8, real, r, feature_judges)
            with self.f.half():
                convince = steps.maker_loss(self.f.judge(fake))
                convince_features = steps.maker_loss(self.f.judge_features(r + self._noise(r)))
            loss = built.loss + config.joint_adversarial * convince + config.joint_features * convince_features
            loss = loss + 0.5 * obey + 2 * calm + 0.5 * config.align * align
            makers.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            makers.step()
            terms = {"g": convince, "fg": convince_features, "obey": obey, "calm": calm}
            return {**built.figures, "d": d, "fd": fd, **{key: float(t.detach()) for key, t in terms.items()}}

        return step
