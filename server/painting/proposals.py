"""Things in a picture, found without a segmenter: nested regions, made by merging those neighbours that differ least.

Koepfler, Lopez and Morel, "A Multiscale Algorithm for Image Segmentation by Variational Method", SIAM J. Numer. Anal.
1994: of all neighbours those two become one first whose union adds the least squared error of colour for each pixel of
the border between them that vanishes (the Mumford-Shah functional of constant regions). What a merger costs is the
scale at which its parts end and their union begins. As in Wei et al., "Superpixel Hierarchy", TIP 2018, the first
mergers, of pixels, are made in rounds: every region joins its nearest neighbour, so that half of them are left at most
(Boruvka).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from server.painting.imaging import resize

SIDE = 256  # pixels of the longer side in which regions are sought, at most
LEAVES = 256  # the smallest regions, at most: their numbers are grey values
ONE_BY_ONE = 1500  # regions from which on they are merged one by one
SOFTENED = 0.7  # pixels, the deviation of a Gaussian: a dithered surface is one colour
FAINT = 6.0  # of scales: regions below differ by no more than shading does
RADIUS = 0.075  # of the disc, in widths, that a thing is expected to be about as large as
TRUST = 0.5  # in that expectation; 0 is none

Reals = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Proposals:
    """Regions in a tree: leaves first, every region before the larger one that it is a part of, the whole picture last.

    labels: the leaf that each pixel belongs to, (H, W), a smaller picture of the same shape. parents: of each region
    the larger one, -1 for the whole picture. prominence: how far it stands out, the scale at which it ends over that at
    which it began; 0 for the whole picture.
    """

    labels: NDArray[np.uint8]
    parents: tuple[int, ...]
    prominence: tuple[float, ...]

    def regions_at(self, x: float, y: float) -> list[int]:
        """The regions that a point lies in, x and y in 0..1, the smallest first and the whole picture last."""
        height, width = self.labels.shape
        region = int(self.labels[min(int(y * height), height - 1), min(int(x * width), width - 1)])
        regions = []
        while region >= 0:
            regions.append(region)
            region = self.parents[region]
        return regions

    def mask(self, region: int) -> NDArray[np.bool_]:
        """Which pixels belong to a region: (H, W)."""
        inside = np.zeros(len(self.parents), bool)
        inside[region] = True
        for part in range(region - 1, -1, -1):
            inside[part] = self.parents[part] <= region and inside[self.parents[part]]
        return np.asarray(inside[self.labels])

    def thing_at(self, x: float, y: float, radius: float = RADIUS) -> int:
        """The region at a point that stands out most for its size, which is best near that of a disc; where none stands
        out, the whole picture. radius: in widths."""
        height, width = self.labels.shape
        disc = np.pi * radius**2 * width / height  # of the picture's area

        def fitness(region: int) -> float:
            return self.prominence[region] * float(np.exp(-TRUST * abs(np.log(self.mask(region).mean() / disc))))

        return max(reversed(self.regions_at(x, y)), key=fitness)


def propose(pixels: NDArray[np.uint8], check: Callable[[], None] = lambda: None) -> Proposals:
    """Find the regions of a picture. pixels: (H, W, 3). check: called between the steps; it raises to end them."""
    image = Image.fromarray(resize(pixels, min(SIDE, max(pixels.shape[:2]))))
    colours = np.asarray(image.filter(ImageFilter.GaussianBlur(SOFTENED)).convert("YCbCr"), float)  # (h, w, 3)
    height, width = colours.shape[:2]
    labels = np.arange(height * width).reshape(height, width)  # (h, w)
    ends = [
        np.stack([labels[:, :-1].ravel(), labels[:, 1:].ravel()]),
        np.stack([labels[:-1].ravel(), labels[1:].ravel()]),
    ]
    graph = _Graph(np.ones(labels.size), colours.reshape(-1, 3), edges := np.hstack(ends), np.ones(edges.shape[1]))
    random = np.random.RandomState(0)
    while len(graph.sizes) > ONE_BY_ONE:
        check()
        number, graph = _round(graph, random)
        labels = number[labels]
    check()
    parents, scales = _merged(graph)
    return _proposals(labels, parents, np.array(scales) / max(height, width))


@dataclass(frozen=True)
class _Graph:
    """Regions and which are neighbours. sizes: in pixels, (regions,). colours: means, (regions, 3). edges: pairs of
    neighbours, (2, edges). borders: their lengths in pixels, (edges,)."""

    sizes: Reals
    colours: Reals
    edges: Indices
    borders: Reals


def _round(graph: _Graph, random: np.random.RandomState) -> tuple[Indices, _Graph]:
    """Every region joined with its nearest neighbour: the new number of each, (regions,), and what is left."""
    a, b = graph.edges
    both = graph.sizes[a] * graph.sizes[b] / (graph.sizes[a] + graph.sizes[b])  # (edges,)
    costs = both * np.square(graph.colours[a] - graph.colours[b]).sum(1) / graph.borders  # (edges,)
    # In a flat surface all cost nothing: by chance, else a row of pixels would hang together first.
    order = np.argsort(costs + 1e-6 * random.rand(len(costs)))
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order))
    own = np.arange(len(graph.sizes))
    least = np.full(len(own), len(order))
    np.minimum.at(least, a, rank)
    np.minimum.at(least, b, rank)
    nearest = (a + b)[order[least]] - own  # (regions,)
    # Two that are nearest to each other are the root of all that join them.
    root = np.where((nearest[nearest] == own) & (own < nearest), own, nearest)
    while (root != (root := root[root])).any():
        pass
    numbers, number = np.unique(root, return_inverse=True)
    count = len(numbers)
    sizes = np.bincount(number, graph.sizes, count).astype(float)
    sums = [np.bincount(number, graph.sizes * channel, count) for channel in graph.colours.T]
    ends = np.sort(number[graph.edges], 0)  # (2, edges)
    outer = ends[0] != ends[1]
    keys, edge = np.unique(ends[0, outer] * count + ends[1, outer], return_inverse=True)
    borders = np.bincount(edge, graph.borders[outer], len(keys)).astype(float)
    return number, _Graph(sizes, np.stack(sums, 1) / sizes[:, None], np.stack([keys // count, keys % count]), borders)


def _merged(graph: _Graph) -> tuple[list[int], list[float]]:
    """All regions merged one by one, the cheapest first: the parent of each region and of each that was made, -1 for
    the last, and the scale at which it came to be, 0 for those of the graph."""
    sizes, colours = graph.sizes.tolist(), graph.colours.tolist()
    neighbours: list[dict[int, float]] = [{} for _ in sizes]  # and the borders; empty once merged
    for a, b, border in zip(*graph.edges.tolist(), graph.borders.tolist(), strict=True):
        neighbours[a][b] = neighbours[b][a] = border

    def cost(a: int, b: int) -> float:
        error = sum((one - other) ** 2 for one, other in zip(colours[a], colours[b], strict=True))
        return float(sizes[a] * sizes[b] / (sizes[a] + sizes[b]) * error / neighbours[a][b])

    parents, scales, scale = [-1] * len(sizes), [0.0] * len(sizes), 0.0
    queue = [(cost(a, b), a, b) for a, b in graph.edges.T.tolist()]
    heapq.heapify(queue)
    while queue:
        least, a, b = heapq.heappop(queue)
        if parents[a] >= 0 or parents[b] >= 0:
            continue
        union, scale = len(sizes), max(scale, least)
        parents[a] = parents[b] = union
        parents.append(-1)
        scales.append(scale)
        sizes.append(sizes[a] + sizes[b])
        pairs = zip(colours[a], colours[b], strict=True)
        colours.append([(sizes[a] * one + sizes[b] * other) / sizes[union] for one, other in pairs])
        neighbours.append({})
        for part, other in ((a, b), (b, a)):
            for beside, border in neighbours[part].items():
                if beside != other:
                    del neighbours[beside][part]
                    border += neighbours[union].get(beside, 0.0)
                    neighbours[union][beside] = neighbours[beside][union] = border
            neighbours[part] = {}
        for beside in neighbours[union]:
            heapq.heappush(queue, (cost(beside, union), beside, union))
    return parents, scales


def _proposals(labels: Indices, parents: list[int], scales: Reals) -> Proposals:
    """The last of the regions, as many as have numbers. labels: (h, w). scales: of each region, (regions,)."""
    count = (len(parents) + 1) // 2  # before the first was merged
    cut = max(count, len(parents) + 1 - LEAVES)  # the first that is no leaf
    whole = len(parents) - 1
    kept = [region for region in range(whole + 1) if region >= cut or not 0 <= parents[region] < cut]
    number = np.full(len(parents), -1)
    number[kept] = np.arange(len(kept))
    for region in range(cut - 1, -1, -1):
        if number[region] < 0:
            number[region] = number[parents[region]]
    ends = [scales[parents[region]] if parents[region] >= 0 else 0.0 for region in kept]
    return Proposals(
        number[labels].astype(np.uint8),
        tuple(int(number[parents[region]]) if parents[region] >= 0 else -1 for region in kept),
        tuple(float(end / max(scales[region], FAINT)) for region, end in zip(kept, ends, strict=True)),
    )
