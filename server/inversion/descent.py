"""Going downhill: Adam (Kingma and Ba, 2015) on one tensor, by hand, as torch's imports a compiler for seconds."""

from __future__ import annotations

import torch
from torch import Tensor

MOMENTA = (0.9, 0.99)


class Descent:
    """Where it stands is `x`; each gradient takes it a step further."""

    def __init__(self, x: Tensor) -> None:
        self.x = x.detach().clone()
        self._mean, self._square = torch.zeros_like(x), torch.zeros_like(x)
        self._steps = 0

    def step(self, gradient: Tensor, rate: float) -> None:
        """gradient: of x's shape. rate: about how far each number goes."""
        self._steps += 1
        self._mean.lerp_(gradient, 1 - MOMENTA[0])
        self._square.lerp_(gradient * gradient, 1 - MOMENTA[1])
        mean = self._mean / (1 - MOMENTA[0] ** self._steps)
        scale = (self._square / (1 - MOMENTA[1] ** self._steps)).sqrt() + 1e-12
        self.x = self.x - rate * mean / scale
