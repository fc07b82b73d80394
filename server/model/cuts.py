"""Where a network of one's own is cut: what its layers are, and what of the calls before a layer the rest still reads.

The calls that had returned before a layer did, made by callers that had not, are not computed again when the network
goes on from the layer: each answers what it returned. Most of that is only handed from one such call to the next; what
anything else reads is found by watching the rest run once, and kept beside the layer's output.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from server.model.calls import Ahead, Path, callers
from server.model.generator import Activations

LAYER = -1  # in the place of an index, for a layer's own output
_UNREAD = torch.empty(0)  # in the place of a tensor that nothing reads

# A run of the network on the latents z, (N, latent_dim), with answers and the other parameters of `Run`.
Go = Callable[..., Any]


@dataclass(frozen=True)
class Place:
    """Where a tensor of a call's output is kept: among the tensors beside a layer's output."""

    index: int


@dataclass(frozen=True)
class Slot:
    """A call's output that is kept. leaves: its parts, tensors that are needed as their `Place`. structure: how they
    make the output, as a tuple or a dict of tensors."""

    path: Path
    leaves: tuple[object, ...]
    structure: pytree.TreeSpec

    def output(self, beside: Sequence[Tensor]) -> object:
        """The output, of the tensors kept."""
        leaves = [beside[leaf.index] if isinstance(leaf, Place) else leaf for leaf in self.leaves]
        return pytree.tree_unflatten(leaves, self.structure)


@dataclass(frozen=True)
class Cut:
    """A layer, and how the network goes on from it.

    slots: outputs of calls before it. copied: those of the tensors kept that are copied when they are recorded, as
    what runs before the layer writes to them later; changed: those copied whenever they are used, as what runs behind
    it does, LAYER standing for the layer's own output.
    """

    path: Path
    slots: tuple[Slot, ...]
    copied: frozenset[int] = frozenset()
    changed: frozenset[int] = frozenset()

    def given(self, a: Activations) -> dict[Path, object]:
        """What the calls answer when the network goes on. a: the layer's, the latent first of what is beside it."""
        answers = self._unread.copy()
        answers[self.path] = a.r.clone() if LAYER in self.changed else a.r
        if self._read:
            beside = [t.clone() if i in self.changed else t for i, t in enumerate(a.beside[1:])]
            answers.update((slot.path, slot.output(beside)) for slot in self._read)
        return answers

    @property
    def paths(self) -> list[Path]:
        """The calls of its slots, and its own."""
        return [*(slot.path for slot in self.slots), self.path]

    @cached_property
    def follow(self) -> frozenset[Path]:
        """The calls within which what is given is answered."""
        return callers(self.paths)

    @cached_property
    def ahead(self) -> Ahead:
        """The calls that answer before their caller computes anything."""
        counts = Counter(path[:-1] for path in self.paths)
        return {path[:-1]: (counts[path[:-1]], path) for path in self.paths}  # of several calls the last

    @cached_property
    def _read(self) -> tuple[Slot, ...]:
        """The slots whose answers hold tensors of the pictures'."""
        return tuple(slot for slot in self.slots if any(isinstance(leaf, Place) for leaf in slot.leaves))

    @cached_property
    def _unread(self) -> dict[Path, object]:
        """The answers of all others."""
        return {slot.path: slot.output(()) for slot in self.slots if slot not in self._read}


class _Recorder:
    """Keeps what a cut needs of a run that stops at its layer."""

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        self._slots = {slot.path: slot for slot in cut.slots}
        self._kept: dict[int, Tensor] = {}

    def seen(self, path: Path, output: object) -> None:
        """Told every call's output."""
        slot = self._slots.get(path)
        if slot is None:
            return
        for leaf, value in zip(slot.leaves, pytree.tree_leaves(output), strict=True):
            if isinstance(leaf, Place) and leaf.index not in self._kept:
                self._kept[leaf.index] = value.clone() if leaf.index in self.cut.copied else value

    def activations(self, z: Tensor, r: Tensor) -> Activations:
        """r: the layer's output, of the latents z."""
        return Activations(r, (z, *(self._kept[i] for i in range(len(self._kept)))))


def find_cut(go: Go, path: Path, z: Tensor, other: Tensor) -> Cut | None:
    """How the network goes on from the layer of that call. None where it cannot without running as a whole.

    z: (2, latent_dim), so that tensors without a batch in front are told from others. other: (1, latent_dim), to prove
    it on.
    """
    return next((cut for cut in _possible_cuts(go, path, z) if _agrees(go, cut, other)), None)


def whole_cuts(paths: Sequence[Path]) -> list[Cut]:
    """For a network that has to run as a whole: from the latent on, with the outputs of its layers up to this one as
    they are, the edits in them. paths: of the layers, in the order they return."""
    cuts = []
    for place, path in enumerate(paths):
        before = [p for p in paths[:place] if not callers([p]) & set(paths[:place])]  # those inside others do not run
        structure = pytree.tree_structure(0)
        slots = tuple(Slot(p, (Place(i),), structure) for i, p in enumerate(before))
        every = frozenset(range(len(slots)))
        cuts.append(Cut(path, slots, every, every | {LAYER}))
    return cuts


def record(go: Go, cut: Cut, z: Tensor, given: dict[Path, object], computing: bool = False) -> Activations:
    """The output of the cut's layer, and what the rest reads beside it; of the latents z, with these answers."""
    recorder = _Recorder(cut)
    follow = callers([*given, *cut.paths])
    r = go(z, given, stop=cut.path, seen=recorder.seen, follow=follow, computing=computing)
    return recorder.activations(z, r)


def _possible_cuts(go: Go, path: Path, z: Tensor) -> Iterator[Cut]:
    outputs: dict[Path, object] = {}
    versions: dict[int, int] = {}  # of tensors when their call had returned: they count what is written to them
    follow = callers([path])
    above = {(), *follow}

    def seen(at: Path, output: object) -> None:
        if at[:-1] in above and at not in above and at != path:
            outputs[at] = output
            versions.update((id(t), t._version) for t in _tensors(output) if id(t) not in versions)

    r = go(z, {}, stop=path, seen=seen, follow=follow).clone()
    tensors = {id(t): t for output in outputs.values() for t in _tensors(output)}
    late = {i for i, t in tensors.items() if t._version != versions[i]}
    before = {i: t._version for i, t in tensors.items()}
    reads = _Reads(tensors)
    with reads:
        image = go(z, {**outputs, path: r}, follow=follow)
    read = [i for i in tensors if i in reads.found or any(i == id(t) for t in _tensors(image))]
    if any(tensors[i].ndim == 0 or len(tensors[i]) != len(z) for i in read):
        return
    places = {i: Place(place) for place, i in enumerate(read)}
    changed = {places[i].index for i in read if tensors[i]._version != before[i]}
    cut = Cut(path, tuple(_slot(at, output, places) for at, output in outputs.items()), changed=frozenset(changed))
    if r._version:
        cut = replace(cut, changed=cut.changed | {LAYER})
    yield cut
    # A tensor that is written to before the layer, by a call that answers from now on, is needed as it is at the end;
    # one that the callers' own code writes to, as it was: that code runs again.
    if copied := {places[i].index for i in read if i in late}:
        yield replace(cut, copied=frozenset(copied), changed=cut.changed | copied)


def _slot(path: Path, output: object, places: dict[int, Place]) -> Slot:
    leaves, structure = pytree.tree_flatten(output)
    kept = (places.get(id(leaf), _UNREAD) if isinstance(leaf, Tensor) else leaf for leaf in leaves)
    return Slot(path, tuple(kept), structure)


def _agrees(go: Go, cut: Cut, z: Tensor) -> bool:
    """Whether going on from the layer, edited, draws what the whole network does, and leaves what was kept as it is."""
    a = record(go, cut, z, {})
    a = a.edited(a.r.flip(1) + a.r.std())
    before = [t.clone() for t in (a.r, *a.beside)]
    truth = image_of(go(z, {cut.path: a.r.clone()}, follow=cut.follow, computing=True))
    try:
        image = image_of(go(z, cut.given(a), follow=cut.follow, ahead=cut.ahead))
    except Exception:  # the network's own code, which may well mind what it is given
        return False
    untouched = all(torch.equal(x, y) for x, y in zip(before, (a.r, *a.beside), strict=True))
    close = 1e-4 * float(truth.abs().max())
    return untouched and image.shape == truth.shape and torch.allclose(image, truth, 1e-4, close, equal_nan=True)


def image_of(output: object) -> Tensor:
    """The image among what a network returns: the first of its tensors. Raises ValueError where there is none."""
    if isinstance(output, Tensor):  # as a rule, and quicker than looking through it
        return output
    for tensor in _tensors(output):
        return tensor
    raise ValueError(f"it returns no tensor but {type(output).__name__}")


def _tensors(output: object) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(output) if isinstance(leaf, Tensor)]


class _Reads(TorchFunctionMode):
    """Finds which of some tensors anything is computed from. watched: by their `id`."""

    def __init__(self, watched: dict[int, Tensor]) -> None:
        super().__init__()
        self._watched, self.found = watched, set[int]()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        self.found.update(id(t) for t in _tensors((args, kwargs)) if id(t) in self._watched)
        return func(*args, **kwargs)
