"""The first layer that draws, in as few multiplications as a decision needs.

It convolves a picture of one-hot cells beside some features (`FirstDrawBlock`). A one-hot cell multiplies one row of
the kernel by a constant, so where it stands that row is added: 36 additions for each output in the place of 36 products
with each part. Only the features are convolved.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from server.model.decided import DECIDED
from server.model.progressive import SLOPE

WINDOW = 6  # cells of the decision, along each side, that an output of the layer reads
STRIDE = 2


def likeliest(p: Tensor) -> Tensor:
    """Which part is the likeliest in each cell, the first of equals. p: (N, parts, H, W). Returns (N, H, W)."""
    if p.dtype != torch.bfloat16:
        return p.argmax(1)
    # A float32 whose first half is the number and whose second says how early it comes: a maximum runs in a third of
    # the time of an argmax. Of equals below zero it finds the last.
    early = torch.arange(p.shape[1], 0, -1, dtype=torch.int32, device=p.device)[:, None, None]  # (parts, 1, 1)
    bits = p.contiguous().float().view(torch.int32) | early  # (N, parts, H, W)
    return p.shape[1] - (bits.view(torch.float32).amax(1).view(torch.int32) & 0xFFFF)


def of_features(kernel: Tensor, parts: int) -> Tensor:
    """What reads the features, of a FirstDrawBlock's kernel (O, 4 (parts + features), 3, 3): (O, 4 features, 3, 3), one
    cell of the four after another."""
    features = _by_cell(kernel)[:, parts:].permute(0, 2, 3, 1, 4, 5)  # (O, row, column, features, y, x)
    return features.reshape(kernel.shape[0], -1, 3, 3).contiguous(memory_format=torch.channels_last)


def drawing_of_decision(kernel: Tensor, parts: int, convolve: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """What a FirstDrawBlock of that kernel computes: of (N, parts + features, 2 H, 2 W), (N, O, H, W).

    convolve: features (N, 4 features, H, W), channels last, by the kernel `of_features`, with the bias, without the
    LeakyReLU.
    """
    outputs = kernel.shape[0]
    rows = _by_cell(kernel)[:, :parts].permute(4, 2, 5, 3, 1, 0).float() * DECIDED  # (y, row, x, column, parts, O)
    nothing = rows.new_zeros(WINDOW * WINDOW, 1, outputs)  # what a cell outside the picture adds
    table = torch.cat([rows.reshape(WINDOW * WINDOW, parts, outputs), nothing], 1).flatten(0, 1)  # (36 (parts + 1), O)
    first = torch.arange(WINDOW * WINDOW, device=kernel.device) * (parts + 1)  # (36,), of each place's rows

    def run(x: Tensor) -> Tensor:
        n, _, height, width = x.shape
        cells = F.pad(likeliest(x[:, :parts]), (2, 2, 2, 2), value=parts)  # (N, 2 H + 4, 2 W + 4)
        windows = cells.unfold(1, WINDOW, STRIDE).unfold(2, WINDOW, STRIDE)  # (N, H, W, 6, 6)
        of_windows = windows.reshape(-1, WINDOW * WINDOW) + first  # (N H W, 36)
        sums = F.embedding_bag(of_windows, table, mode="sum").to(x.dtype)  # (N H W, O)
        y = sums.reshape(n, height // 2, width // 2, outputs).permute(0, 3, 1, 2)  # (N, O, H, W)
        four = x[:, parts:].permute(0, 2, 3, 1).reshape(n, height // 2, 2, width // 2, 2, -1)
        four = four.transpose(2, 3).reshape(n, height // 2, width // 2, -1).permute(0, 3, 1, 2)  # (N, 4 features, H, W)
        return F.leaky_relu_(convolve(four).add_(y), SLOPE)

    return run


def _by_cell(kernel: Tensor) -> Tensor:
    """(O, 4 C, 3, 3) as (O, C, row, column, 3, 3): the four cells that `pixel_unshuffle` makes channels of."""
    return kernel.reshape(kernel.shape[0], -1, STRIDE, STRIDE, 3, 3)
