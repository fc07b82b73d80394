"""Muon: gradient descent in which every kernel's momentum is made orthogonal before it is followed.

All directions that a step would change a layer in are changed alike, the faint as much as the strong (Jordan et al.,
"Muon: an optimizer for hidden layers", 2024). What it gains here is in the village's card.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import overload

import torch
from torch import Tensor, nn

# Coefficients of a polynomial x -> a x + b x^3 + c x^5 which, five times over, takes all of 0.01..1 near 1 (Jordan).
_A, _B, _C = 3.4445, -4.7750, 2.0315
_ROUNDS = 5


def orthogonalised(matrix: Tensor) -> Tensor:
    """The nearest matrix to (O, K) whose singular values are all about 1 (0.7 to 1.2).

    A Newton-Schulz iteration on the smaller Gram matrix: X_k = Q_k X, where Q_k is a polynomial of X X^T, so that
    nothing but the first and the last product is larger than the smaller side.
    """
    if matrix.shape[0] > matrix.shape[1]:
        turned: Tensor = orthogonalised(matrix.T)
        return turned.T
    x: Tensor = matrix / (matrix.norm() + 1e-12)
    gram = x @ x.T  # (O, O)
    eye = torch.eye(len(gram), dtype=x.dtype, device=x.device)
    product = eye
    for _ in range(_ROUNDS):
        step = _A * eye + _B * gram + _C * (gram @ gram)  # (O, O)
        product, gram = (step if product is eye else step @ product), step @ gram @ step
    return product @ x


class Muon(torch.optim.Optimizer):
    """Muon for kernels, flattened to matrices of outputs by the rest; Adam for biases and the like.

    `lr` is the root mean square by which a step changes a kernel's entries, which the equalised learning rate keeps
    near 1; biases are changed by Adam at the same rate.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, momentum: float = 0.9) -> None:
        super().__init__(list(parameters), {"lr": lr, "momentum": momentum})

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step along the gradients. `closure` is not called: training steps are taken once."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                change = (self._kernel if parameter.ndim > 1 else self._bias)(parameter, parameter.grad, group)
                parameter.add_(change, alpha=-group["lr"])
        return None

    def _kernel(self, parameter: Tensor, gradient: Tensor, group: dict[str, float]) -> Tensor:
        state = self.state[parameter]
        if not state:
            state["mean"] = torch.zeros_like(parameter)
        mean = state["mean"].lerp_(gradient, 1 - group["momentum"])
        ahead = gradient.lerp(mean, group["momentum"])  # Nesterov's
        step = orthogonalised(ahead.flatten(1).float())  # (O, K)
        return (step * math.sqrt(max(step.shape))).reshape(parameter.shape)

    def _bias(self, parameter: Tensor, gradient: Tensor, group: dict[str, float]) -> Tensor:
        state = self.state[parameter]
        if not state:
            state.update(mean=torch.zeros_like(parameter), square=torch.zeros_like(parameter), steps=0)
        state["steps"] += 1
        near, far = group["momentum"], 0.99
        mean: Tensor = state["mean"].lerp_(gradient, 1 - near) / (1 - near ** state["steps"])
        square: Tensor = state["square"].lerp_(gradient.square(), 1 - far) / (1 - far ** state["steps"])
        return mean / (square.sqrt() + 1e-8)
