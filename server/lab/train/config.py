"""The settings of a training run: sizes, weights of the losses, lengths of the stages."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from server.files import write_text

STAGES = ("tail", "trunk", "joint")
# Pixels a side that a run can have, and the units of its layers, two at 4x4, two at 8x8 and so on; 256 pixels take 2.5
# GFLOP. Outlines are made in layer4 and layer5, which have many: most painting does not run them.
SIZES = (64, 128, 256)
WIDTHS = (256, 384, 384, 384, 256, 128, 96, 96, 64, 64, 32, 32, 16, 16)


@dataclass(frozen=True)
class TrainConfig:
    """A run, whole. Stage lengths are in images; loss weights multiply terms of about unit size."""

    size: int = 128
    latent_dim: int = 128
    widths: tuple[int, ...] = WIDTHS[:12]
    scenes: int = 24_000
    more_layouts: int = 240_000
    held_out: int = 500
    seed: int = 0
    average: float = 0.998
    tail_images: int = 80_000
    tail_batch: int = 4
    tail_rate: float = 1e-2
    trunk_images: int = 600_000
    trunk_batch: int = 32
    trunk_rate: float = 6e-3
    joint_images: int = 86_000
    joint_batch: int = 8
    joint_rate: float = 5e-3
    joint_share: float = 0.5
    judge_rate: float = 2e-3
    window: int = 10
    noise: float = 0.03
    reconstruct: float = 4.0
    label: float = 0.5
    adversarial: float = 1.0
    match: float = 2.0
    follow: float = 0.5
    penalty: float = 0.03
    hide_labels: float = 0.3
    obey: float = 0.7
    calm: float = 2.0
    guide: float = 0.2
    sketch: float = 0.1

    @property
    def carrier_width(self) -> int:
        """Units of the layer that carries the layout, which lies at 16x16."""
        return self.widths[5]


def config_for(size: int) -> TrainConfig:
    """The settings of a run for pictures of `size` pixels, one of SIZES."""
    return replace(TrainConfig(), size=size, widths=WIDTHS[: 2 * size.bit_length() - 4])


def save_config(path: Path, config: TrainConfig) -> None:
    """Write the run's settings as JSON."""
    write_text(path, json.dumps(asdict(config), indent=1) + "\n")


def load_config(path: Path) -> TrainConfig:
    """Read settings written by `save_config`. Raises ValueError where a field is unknown."""
    fields = json.loads(path.read_text())
    fields["widths"] = tuple(fields["widths"])
    try:
        return TrainConfig(**fields)
    except TypeError as error:
        raise ValueError(f"{path}: {error}") from error
