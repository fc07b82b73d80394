"""The start of the trunk: where a latent's numbers enter it, and which units carry the layout.

layer1 is linear: it gives every number of the latent a weight for each unit in each of 4x4 cells. Its units start
divided among the things that latents describe: some see the numbers of a plot of ground, in the cells around that plot
and nowhere else, with the same weights for every plot of a row but for the shift, so that what is learnt of one holds
for the next; some see a strip's cloud, some its peak, and the others what belongs to the whole scene, its season or
light, with the same weight in every cell. From there training changes them freely.
"""

from __future__ import annotations

import torch
from torch import Tensor

from server.lab.scenes.latent import COLUMNS, LATENT_DIM, ROWS, group_slices
from server.model.progressive import ProgressiveGenerator

GRID = 4
# The row of cells around which each row of plots, the clouds and the peaks start.
PLOT_ROWS, CLOUD_ROW, PEAK_ROW = (2, 3), 0, 1
# Weights by distance in cells; a plot's building is up to three cells tall and two wide.
NEAR = (2.0, 1.0, 0.4, 0.0)
WHOLE = ("light", "sky", "hills", "treeline", "meadow", "water", "path", "path_start", "spare")
# Shares of the units: each row of plots, clouds, peaks; the rest see the whole scene.
PLOT_SHARE, CLOUD_SHARE, PEAK_SHARE = 0.27, 0.10, 0.06


def _around(shared: Tensor, row: int, column: int) -> Tensor:
    """Weights (O, numbers, 4, 4) around a cell, out of shared ones by distance (O, numbers, 7, 7)."""
    rows, columns = torch.arange(GRID) - row, torch.arange(GRID) - column
    away = torch.maximum(rows.abs()[:, None], columns.abs()[None])  # (4, 4)
    fall = torch.tensor(NEAR)[away]  # (4, 4)
    return shared[:, :, rows + GRID - 1][..., columns + GRID - 1] * fall


@torch.no_grad()
def route(generator: ProgressiveGenerator) -> None:
    """Start layer1 of a generator for the world's latents; one for latents of another size is left alone."""
    if generator.latent_dim != LATENT_DIM:
        return
    block, slices = generator.block("layer1"), group_slices()
    weight = block.conv.weight  # (O, 128, 4, 4)
    units = weight.shape[0]
    cells = torch.zeros_like(weight)
    at = 0

    def share(part: float, names: list[tuple[str, int, int]]) -> None:
        """Give the next units to these groups, each around its cell."""
        nonlocal at
        count = round(part * units)
        numbers = slices[names[0][0]].stop - slices[names[0][0]].start
        shared = torch.randn(count, numbers, 1, 1) + 0.3 * torch.randn(count, numbers, 2 * GRID - 1, 2 * GRID - 1)
        for name, row, column in names:
            cells[at : at + count, slices[name]] = _around(shared, row, column)
        at += count

    columns = range(COLUMNS)
    for row in range(ROWS):
        share(PLOT_SHARE, [(f"plot{row}{column}", PLOT_ROWS[row], column) for column in columns])
    share(CLOUD_SHARE, [(f"cloud{column}", CLOUD_ROW, column) for column in columns])
    share(PEAK_SHARE, [(f"peak{column}", PEAK_ROW, column) for column in columns])
    for name in WHOLE:
        numbers = slices[name].stop - slices[name].start
        same = torch.randn(units - at, numbers, 1, 1)
        cells[at:, slices[name]] = same + 0.3 * torch.randn(units - at, numbers, GRID, GRID)
    # One pixel seen through padding: cell i of the output meets row or column 3 - i of the kernel.
    weight.copy_(cells.flip(2, 3))
    # Without biases no unit could tell a number above a threshold from one below it.
    block.wscale.b.normal_(0, 0.15)


@torch.no_grad()
def reserve(generator: ProgressiveGenerator, layer: str, channels: int, alone: bool) -> None:
    """Start a layer with its first units for a layout or a sketch, nearly the same everywhere. The others are as faint
    as these, so that PixelNorm leaves room for them, or where `alone` there is nothing in them.
    """
    block = generator.block(layer)
    block.conv.weight[channels:] *= 0.0 if alone else 0.5
    block.conv.weight[:channels] *= 0.1
    # Near the values that shares have, above the bend of the LeakyReLU.
    block.wscale.b[:channels] = 0.2
