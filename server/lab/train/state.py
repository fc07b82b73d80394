"""The state of a run: its networks, their moving averages, and the checkpoint that keeps both."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import Tensor, nn

from server.files import write_whole
from server.lab.scenes.concepts import CONCEPTS
from server.lab.train.config import STAGES, TrainConfig
from server.lab.train.layout import CHANNELS, SKETCH
from server.lab.train.networks import Discriminator, Guide, LabelHead
from server.lab.train.routing import reserve, route
from server.model.generator import Activations
from server.model.progressive import ProgressiveGenerator

MAKERS = ("generator", "head")
# The last layers at 4x4 and at 8x8, from which the guides read.
GUIDED = ("layer2", "layer4")
# The layer at 8x8 that carries the layout's sketch, and that at 16x16 that carries the layout, with the tail behind it.
SKETCHER, CARRIER = "layer4", "layer6"


class RunState(nn.Module):
    """Everything a run learns. `average` holds moving averages of the makers; they are what is shipped."""

    def __init__(self, config: TrainConfig, device: torch.device) -> None:
        super().__init__()
        torch.manual_seed(config.seed)
        n = len(CONCEPTS)
        self.config, self.device = config, device
        self.generator = ProgressiveGenerator(config.latent_dim, config.widths, per_layer=True)
        route(self.generator)
        reserve(self.generator, SKETCHER, SKETCH, alone=False)
        reserve(self.generator, CARRIER, CHANNELS, alone=True)
        self.head = LabelHead(config.widths[-1], n)
        units = {layer.name: layer.units for layer in self.generator.layers}
        self.guides = nn.ModuleDict({name: Guide(units[name], CHANNELS) for name in GUIDED})
        self.discriminator = Discriminator(3 + n)
        self.average = nn.ModuleDict({name: copy.deepcopy(getattr(self, name)) for name in MAKERS})
        self.average.requires_grad_(False)
        self.register_buffer("images_seen", torch.zeros(len(STAGES), dtype=torch.int64))
        self.images_seen: Tensor
        self.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def update_average(self, decay: float) -> None:
        """One step of the exponential moving average of the makers."""
        for name in MAKERS:
            mean, live = self.average[name], getattr(self, name)
            torch._foreach_lerp_(list(mean.parameters()), list(live.parameters()), 1 - decay)

    def draw(self, r: Tensor) -> tuple[Tensor, Tensor]:
        """What the averages draw of the carrier's activations, see `draw_carried`."""
        return draw_carried(self.average["generator"], self.average["head"], r)  # type: ignore[arg-type]

    def sample(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """The same of latents (N, D)."""
        return self.draw(self.average["generator"].trunk(latents.to(self.device), CARRIER).r)  # type: ignore[operator]

    def restart(self) -> None:
        """Take the averages as the live weights, where a stage begins."""
        for name in MAKERS:
            getattr(self, name).load_state_dict(self.average[name].state_dict())

    def soften(self, before: dict[str, Tensor], share: float) -> None:
        """Make of the averages a mean of their own weights, `share` of it, and those of `before`, an earlier state dict
        of `average`: what a discriminator taught beside what was right before it judged (network interpolation: Wang et
        al., "ESRGAN", 2018, section 3.4)."""
        for name, tensor in self.average.state_dict().items():
            tensor.lerp_(before[name].to(tensor.device), 1 - share)


def draw_carried(generator: ProgressiveGenerator, head: LabelHead, r: Tensor) -> tuple[Tensor, Tensor]:
    """What a generator draws of its carrier's activations (N, U, 16, 16): pictures (N, 3, R, R), about -1..1, and
    their label scores (N, C, R, R)."""
    f = generator.advance(Activations(r), CARRIER, generator.layers[-1].name).r  # (N, width, R, R)
    return generator.block(generator.output_name)(f), head(f)


def save_checkpoint(path: Path, state: RunState) -> None:
    """Write all of the state. A run that is broken off at any time goes on from a whole file."""
    write_whole(path, lambda part: torch.save(state.state_dict(), part))


def load_checkpoint(path: Path, state: RunState) -> None:
    """Fill `state` from a file of `save_checkpoint`; nothing is unpickled but tensors."""
    state.load_state_dict(torch.load(path, map_location=state.device, weights_only=True))


def adam(parameters: list[nn.Parameter], rate: float) -> torch.optim.Adam:
    """Adam as Progressive GAN uses it, without a first moment."""
    return torch.optim.Adam(parameters, rate, betas=(0.0, 0.99), fused=True)
