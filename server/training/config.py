"""What a training run is made of: sizes, weights of the losses, lengths of the stages."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class TrainConfig:
    """A run, whole. Stage lengths are in images; loss weights multiply terms of about unit size."""

    size: int = 128
    latent_dim: int = 128
    widths: tuple[int, ...] = (192, 192, 192, 96, 64, 32)
    edit_layer: str = "layer6"
    scenes: int = 30_000
    held_out: int = 500
    batch: int = 16
    coarse_batch: int = 8
    coarse_rate: float = 8e-3
    trunk_rate: float = 4e-3
    seed: int = 0
    units_a_concept: int = 8
    level: float = 2.0
    learning_rate: float = 2e-3
    joint_rate: float = 2e-3
    average: float = 0.995
    noise: float = 0.03
    reconstruct: float = 4.0
    label: float = 1.0
    align: float = 1.0
    adversarial: float = 0.5
    penalty: float = 0.01
    hide_labels: float = 0.3
    match: float = 1.0
    obey: float = 0.5
    calm: float = 2.0
    window: int = 10
    layout_adversarial: float = 0.3
    layout_penalty: float = 0.02
    tail_images: int = 60_000
    coarse_images: int = 200_000
    trunk_images: int = 300_000
    joint_images: int = 100_000

    @property
    def last_layer(self) -> str:
        """The name of the last layer before the output."""
        return f"layer{2 * len(self.widths)}"

    @property
    def edit_width(self) -> int:
        """Units of the edit layer, which lies at 16x16."""
        return self.widths[2]


def save_config(path: Path, config: TrainConfig) -> None:
    """Write the run's settings as JSON."""
    path.write_text(json.dumps(asdict(config), indent=1) + "\n")


def load_config(path: Path) -> TrainConfig:
    """Read settings written by `save_config`. Raises ValueError where a field is unknown."""
    fields = json.loads(path.read_text())
    fields["widths"] = tuple(fields["widths"])
    try:
        return TrainConfig(**fields)
    except TypeError as error:
        raise ValueError(f"{path}: {error}") from error
