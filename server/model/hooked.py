"""A generator made of any network: its layers found by running it, cut there without touching its code.

    generator = HookedGenerator(network, latent_dim=100)
    a = generator.trunk(z, "main.8")       # runs the network's code until that module has returned
    x = generator.tail(a, "main.8")        # runs it again, where every module before answers what it had returned

A layer is a module that is called once and returns featuremaps. An edit costs what lies behind its layer, and of what
lies before only the code between modules, in the layer's callers (`server.model.cuts`). Networks for which that would
not be the same are found out when they are made, and run as a whole. Random numbers drawn by a network are the same in
every picture, as constant noise is.
"""

from __future__ import annotations

import copy
import logging
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from server.errors import WeightError
from server.model.calls import NONE_AHEAD, Ahead, Path, Run, Seen, prepare
from server.model.cuts import Cut, find_cut, image_of, record, whole_cuts
from server.model.generator import Activations, Generator, Layer, joined
from server.model.latents import latents_of
from server.results.reading import reason

Some = TypeVar("Some", Tensor, Activations)

log = logging.getLogger(__name__)

LEAST_UNITS, LEAST_SIDE = 8, 4  # of layers that are edited by default
DRAFT_ERROR = 0.05  # of -1..1, the mean difference of drafts that are still worth showing

_random = threading.Lock()  # torch's random numbers are those of the whole process


class HookedGenerator(nn.Module, Generator):
    """Draws with a network that maps (N, latent_dim) or (N, latent_dim, 1, 1) to images, (N, 3 or 1, H, W).

    The network is this object's own from now on. layers: names of modules, by default those of `usual`. low, high: the
    range of its images. candidates: all layers it could have. Raises WeightError, in one line, for a network that
    cannot be painted with.
    """

    family = "own module"

    def __init__(
        self,
        network: nn.Module,
        latent_dim: int,
        layers: Collection[str] | None = None,
        low: float = -1.0,
        high: float = 1.0,
    ) -> None:
        super().__init__()
        self.network = network.eval()
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        self.latent_dim, self.low, self.high = latent_dim, low, high
        self._first = list(_floats(self.network.parameters()))[:1]  # looking for it costs more than a small layer
        names = prepare(self.network)
        with torch.inference_mode(False), torch.no_grad():
            z = latents_of(range(3), latent_dim).to(self._like)  # (3, latent_dim)
            self._random, self._spatial = self._probe(z[:2])
            traced, self.size = self._trace(z[:2], names)
            self.candidates = tuple(traced)
            self.layers = _chosen(self.candidates, layers, self.size)
            paths = [traced[layer] for layer in self.layers]
            cuts = [find_cut(self._go, path, z[:2], z[2:]) for path in paths]
        self.whole = None in cuts  # whether an edit runs all of the network
        self._cuts = tuple(whole_cuts(paths)) if self.whole else tuple(cut for cut in cuts if cut is not None)

    def trunk(self, z: Tensor, layer: str) -> Activations:
        """z: (N, latent_dim). Returns the layer's output. Raises UnknownLayer."""
        cut = self._cuts[self.index(layer)]
        return _joined([record(self._go, cut, part, {}) for part in self._parts(z.to(self._like))])

    def advance(self, a: Activations, after: str, to: str) -> Activations:
        """Run what lies behind the layer `after` up to and including the layer `to` on the output of `after`."""
        here, there = self.index(after), self.index(to)
        if here >= there:
            return a
        parts = (self._given(part, self._cuts[here]) for part in self._parts(a))
        return _joined([record(self._go, self._cuts[there], z, given, self.whole) for z, given in parts])

    def tail(self, a: Activations, layer: str) -> Tensor:
        """a: the layer's output. Returns the image, (N, 3, H, W), about -1..1, not clamped."""
        cut = self._cuts[self.index(layer)]
        x = _cat([self._image(part, cut) for part in self._parts(a)]).float()  # (N, 3 or 1, H, W)
        if (self.low, self.high) != (-1, 1):
            x = (x - self.low) * (2 / (self.high - self.low)) - 1
        return x if x.shape[1] == 3 else x.expand(-1, 3, -1, -1)

    def forward(self, z: Tensor) -> Tensor:
        """z: (N, latent_dim). Returns the image, (N, 3, H, W)."""
        first = self.layers[0].name
        return self.tail(self.trunk(z, first), first)

    def frozen(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Generator:
        """A copy with its weights laid out for convolutions; in float32 where the network does not draw about the same
        in that precision."""
        with torch.inference_mode(False):
            other = copy.deepcopy(self, {id(self._cuts): self._cuts}).to(device, dtype)
            prepare(other.network)  # a copy of a TorchScript module has lost its `Call`
            other.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if dtype == torch.float32 or self._draws_as(other):
            return other
        log.info("a network of the module %s draws in float32 only", type(self.network).__name__)
        return self.frozen(torch.float32, device)

    def _draws_as(self, other: HookedGenerator) -> bool:
        z = latents_of(range(2), self.latent_dim)  # (2, latent_dim)
        try:
            with torch.inference_mode():
                error = (other(z).clamp(-1, 1).to(self._like) - self(z).clamp(-1, 1)).abs().mean()
        except Exception:  # whatever the network's own code minds in that precision
            return False
        return float(error) <= DRAFT_ERROR

    @property
    def _like(self) -> Tensor:
        """A tensor of the network's device and precision."""
        return self._first[0] if self._first else next(_floats(self.network.buffers()), torch.empty(0))

    def _parts(self, some: Some) -> list[Some]:
        """Latents or activations as batches: one by one where noise is drawn, as each picture has the same."""
        return [some[slice(i, i + 1)] for i in range(len(some))] if self._random else [some]

    def _image(self, a: Activations, cut: Cut) -> Tensor:
        """What the network draws of the output of the cut's layer, (N, 3 or 1, H, W)."""
        z, given = self._given(a, cut)
        ahead = NONE_AHEAD if self.whole else cut.ahead
        return image_of(self._go(z, given, follow=cut.follow, computing=self.whole, ahead=ahead))

    def _given(self, a: Activations, cut: Cut) -> tuple[Tensor, dict[Path, object]]:
        """The latents and the answers that the network goes on with. a: the output of the cut's layer."""
        like = self._like
        a = Activations(a.r.to(like), tuple(t.to(like if t.is_floating_point() else like.device) for t in a.beside))
        return a.beside[0], cut.given(a)

    def _go(
        self,
        z: Tensor,
        given: dict[Path, object],
        stop: Path | None = None,
        seen: Seen | None = None,
        follow: frozenset[Path] | None = None,
        computing: bool = False,
        ahead: Ahead = NONE_AHEAD,
    ) -> Any:
        """A run of the network, see `Run`. z: (N, latent_dim)."""
        run = Run(given, stop, seen, follow, self._random, computing, ahead)
        shaped = z.reshape(*z.shape, 1, 1) if self._spatial else z
        if not self._random:
            return run.through(self.network, shaped)
        with _same_random_numbers(z.device):
            return run.through(self.network, shaped)

    def _probe(self, z: Tensor) -> tuple[bool, bool]:
        """Whether the network draws random numbers, and whether it takes latents as (N, latent_dim, 1, 1)."""
        complaints = []
        for spatial in (False, True):
            with _same_random_numbers(z.device):
                before = _random_state(z.device)
                try:
                    self.network(z[:, :, None, None] if spatial else z)
                except Exception as error:  # the network's own code
                    complaints.append(reason(error))
                    continue
                return not torch.equal(before, _random_state(z.device)), spatial
        raise WeightError(
            f"the network takes no latents of {self.latent_dim} numbers: as (N, {self.latent_dim}) {complaints[0]}; "
            f"as (N, {self.latent_dim}, 1, 1) {complaints[1]}"
        )

    def _trace(self, z: Tensor, names: dict[int, str]) -> tuple[dict[Layer, Path], tuple[int, int]]:
        """The layers there could be with their calls, in the order they return, and the size of the images."""
        returned: list[tuple[Path, object]] = []
        image = image_of(self._go(z, {}, seen=lambda *call: returned.append(call)))
        size = _checked(image, len(z))
        times = Counter(path[-1][0] for path, _ in returned)
        paths = {}
        for path, output in returned:
            number = path[-1][0]
            if times[number] == 1 and output is not image and _is_featuremaps(output, len(z)):
                assert isinstance(output, Tensor)
                paths[Layer(names[number], *output.shape[1:])] = path
        if not paths:
            raise WeightError("no module of the network returns featuremaps, (N, units, height, width), in one call")
        return paths, size


def usual(candidates: Sequence[Layer], size: tuple[int, int]) -> list[Layer]:
    """Layers worth editing, of all there could be: those of LEAST_UNITS or more, from LEAST_SIDE cells to half of the
    image, whose height and width are `size`; of several of one size in a row the last, as that is what a block returns.
    All where there are none."""

    def fits(layer: Layer) -> bool:
        fine = 2 * layer.height > size[0] or 2 * layer.width > size[1]
        return layer.units >= LEAST_UNITS and min(layer.height, layer.width) >= LEAST_SIDE and not fine

    def shape(layer: Layer) -> tuple[int, int, int]:
        return layer.units, layer.height, layer.width

    blocks = [list(row)[-1] for _, row in groupby(filter(fits, candidates), shape)]
    return blocks or list(candidates)


def _chosen(candidates: Sequence[Layer], names: Collection[str] | None, size: tuple[int, int]) -> tuple[Layer, ...]:
    """The layers of these names, in the order they return. Raises WeightError."""
    if names is None:
        return tuple(usual(candidates, size))
    known = [layer.name for layer in candidates]
    for name in names:
        if name not in known:
            raise WeightError(f"the network has no layer {name!r}; there are {', '.join(known)}")
    return tuple(layer for layer in candidates if layer.name in names)


def _checked(image: Tensor, count: int) -> tuple[int, int]:
    """The height and width of the images. Raises WeightError where they are none that can be painted on."""
    shape = tuple(image.shape)
    if image.ndim != 4 or shape[0] != count or shape[1] not in (1, 3):
        raise WeightError(f"the network returns {shape} for {count} latents, not images, ({count}, 3 or 1, H, W)")
    return shape[2], shape[3]


def _floats(tensors: Iterable[Tensor]) -> Iterator[Tensor]:
    return (tensor for tensor in tensors if tensor.is_floating_point())


def _is_featuremaps(output: object, count: int) -> bool:
    return isinstance(output, Tensor) and output.ndim == 4 and len(output) == count and output.is_floating_point()


def _joined(parts: Sequence[Activations]) -> Activations:
    return parts[0] if len(parts) == 1 else joined(parts)


def _cat(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def _random_state(device: torch.device) -> Tensor:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


@contextmanager
def _same_random_numbers(device: torch.device) -> Iterator[None]:
    """What runs inside draws the same random numbers every time, and nothing outside is the wiser."""
    with _random, torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        yield
