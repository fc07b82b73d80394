"""The networks of a run, their optimisers and moving averages, and the checkpoint that holds them all."""

from __future__ import annotations

import copy
import os
from pathlib import Path

import torch
from torch import Tensor, nn

from server.generators.progressive import ProgressiveGenerator
from server.scenes.concepts import CONCEPTS
from server.training.config import TrainConfig
from server.training.networks import Discriminator, Encoder, FeatureDiscriminator, LabelHead, LatentEncoder

MAKERS = ("generator", "head", "encoder")


class RunState(nn.Module):
    """Everything a run learns. `average` holds moving averages of the makers; they are what is shipped."""

    def __init__(self, config: TrainConfig, device: torch.device) -> None:
        super().__init__()
        torch.manual_seed(config.seed)
        n = len(CONCEPTS)
        self.config, self.device = config, device
        self.generator = ProgressiveGenerator(config.latent_dim, config.widths)
        self.head = LabelHead(config.widths[-1], n)
        self.encoder = Encoder(n, config.edit_width, config.encoder_size)
        self.latent_encoder = LatentEncoder(config.edit_width, config.latent_dim)
        self.discriminator = Discriminator(3 + n, config.size)
        self.features = FeatureDiscriminator(config.edit_width)
        self.average = nn.ModuleDict({name: copy.deepcopy(getattr(self, name)) for name in MAKERS})
        self.average.requires_grad_(False)
        self.register_buffer("levels", torch.full((n * config.units_a_concept,), config.level))
        self.register_buffer("images_seen", torch.zeros(4, dtype=torch.int64))
        self.levels: Tensor
        self.images_seen: Tensor
        self.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def update_average(self, decay: float) -> None:
        """One step of the exponential moving average of the makers."""
        for name in MAKERS:
            mean, live = self.average[name], getattr(self, name)
            torch._foreach_lerp_(list(mean.parameters()), list(live.parameters()), 1 - decay)

    def settle(self) -> None:
        """Take the averages as the live weights, where a stage begins."""
        for name in MAKERS:
            getattr(self, name).load_state_dict(self.average[name].state_dict())

    def maker_parameters(self, names: tuple[str, ...] = MAKERS) -> list[nn.Parameter]:
        """Parameters of the named makers."""
        return [p for name in names for p in getattr(self, name).parameters()]


def save_checkpoint(path: Path, state: RunState) -> None:
    """Write the whole state, so that a run broken off at any time goes on from a whole file."""
    fresh = path.with_suffix(".new")
    torch.save(state.state_dict(), fresh)
    os.replace(fresh, path)


def load_checkpoint(path: Path, state: RunState) -> None:
    """Fill `state` from a file of `save_checkpoint`; nothing is unpickled but tensors."""
    state.load_state_dict(torch.load(path, map_location=state.device, weights_only=True))


def _depth(tensors: dict[str, Tensor]) -> int:
    return sum(name.startswith("discriminator.down.") for name in tensors)


def adopt(state: RunState, source: dict[str, Tensor]) -> list[str]:
    """Take from a smaller run's checkpoint all that still fits, and return the names of what was new.

    The discriminator gains a convolution in front when the size doubles, so its old ones move one place back.
    """
    own = state.state_dict()
    taken: dict[str, Tensor] = {}
    deeper = _depth(own) > _depth(source)
    for name, tensor in source.items():
        if deeper and name.startswith("discriminator.down."):
            _, _, index, kind = name.split(".")
            name = f"discriminator.down.{int(index) + 1}.{kind}"
        if name in own and own[name].shape == tensor.shape:
            taken[name] = tensor
    state.load_state_dict(taken, strict=False)
    return sorted(set(own) - set(taken))


def adam(parameters: list[nn.Parameter], rate: float) -> torch.optim.Adam:
    """Adam as Progressive GAN uses it: no first moment."""
    return torch.optim.Adam(parameters, rate, betas=(0.0, 0.99), fused=True)
