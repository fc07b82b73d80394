"""What a training that is interrupted goes on from: one file with the state of all its networks and optimisers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from server.files import write_whole

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Parts = Mapping[str, nn.Module | torch.optim.Optimizer]


def store(path: Path, training: DataclassInstance, step: int, parts: Parts) -> None:
    """Write everything that the next step needs. training: what is trained, and how long. Raises OSError."""
    state = {"training": json.dumps(asdict(training)), "step": step}
    write_whole(path, lambda part: torch.save({**state, **{k: v.state_dict() for k, v in parts.items()}}, part))


def restore(path: Path, training: DataclassInstance, parts: Parts) -> int:
    """The steps done before, with the parts as they were then; 0 where there is no checkpoint, or one of another
    training."""
    if not path.is_file():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["training"] != json.dumps(asdict(training)):
        return 0
    for key, part in parts.items():
        part.load_state_dict(state[key])
    return int(state["step"])
