"""Generators that a model's card names as `package.module:factory`, a person's own code.

Importing a module runs it. So one is imported only where its name, or the name of the model, is among those trusted:
on the command line or in `UNITBRUSH_TRUSTED_MODULES`. A folder that came from somewhere else names no code that runs by
itself.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from server.errors import WeightError
from server.model.card import Card
from server.model.generator import Generator
from server.model.hooked import HookedGenerator
from server.model.weights import MAX_DEPTH, WRAPPERS, load_generator, load_tensors
from server.results.reading import reason

REFERENCE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def open_generator(card: Card, model: str, trusted: Collection[str] = ()) -> Generator:
    """The generator of the model of that name. trusted: references and names of models whose code may run. Raises
    WeightError, with one line."""
    if card.own is None:
        assert card.generator is not None
        return load_generator(card.generator, card.sha256, card.truncation)
    own = card.own
    if not {own.module, model} & set(trusted):
        raise WeightError(
            f"it is made by code, {own.module}, which runs only where it is trusted: give --trust-module {own.module}, "
            f"or set UNITBRUSH_TRUSTED_MODULES={own.module}"
        )
    network = made_by(own.module)
    if card.generator is not None:
        load_weights(network, card.generator, card.sha256)
    return HookedGenerator(network, own.latent_dim, own.layers, *own.range)


def made_by(reference: str) -> nn.Module:
    """The network that a factory makes. reference: as `package.module:factory`. Imports and runs that code. Raises
    WeightError."""
    if not REFERENCE.fullmatch(reference):
        raise WeightError(f"{reference!r} names no factory; write it as package.module:factory")
    module, _, attribute = reference.partition(":")
    try:
        factory: object = importlib.import_module(module)
        for name in attribute.split("."):
            factory = getattr(factory, name)
        network = factory() if callable(factory) and not isinstance(factory, nn.Module) else factory
    except Exception as error:  # anybody's code
        raise WeightError(f"{reference} makes no network ({reason(error)})") from error
    if not isinstance(network, nn.Module):
        raise WeightError(f"{reference} makes a {type(network).__name__}, no torch.nn.Module")
    return network


def load_weights(network: nn.Module, path: Path, sha256: str | None = None) -> None:
    """Read a state dict, of its own or within the names of WRAPPERS, into a network. Raises WeightError."""
    tensors = load_tensors(path, sha256)
    wanted = network.state_dict()
    # Older files lack this count, which nothing reads in evaluation mode.
    needed = {name for name in wanted if not name.endswith("num_batches_tracked")}
    state = next((some for some in _within(tensors) if needed <= set(some) <= set(wanted)), None)
    if state is None:
        missing, others = sorted(needed - set(tensors)), sorted(set(tensors) - set(wanted))
        complaints = ([f"it lacks {missing[0]!r}"] if missing else []) + ([f"it has {others[0]!r}"] if others else [])
        raise WeightError(f"{path.name}: holds the weights of another network: {' and '.join(complaints)}")
    for name, tensor in state.items():
        if tensor.shape != wanted[name].shape:
            shapes = f"{tuple(tensor.shape)}, expected {tuple(wanted[name].shape)}"
            raise WeightError(f"{path.name}: {name} has the shape {shapes}")
        if not bool(torch.isfinite(tensor).all()):
            raise WeightError(f"{path.name}: {name} holds numbers that are not finite")
    try:
        network.load_state_dict(state, strict=False)
    except Exception as error:
        raise WeightError(f"{path.name}: does not go into the network ({reason(error)})") from error


def _within(tensors: Mapping[str, Tensor], depth: int = 0) -> Iterator[Mapping[str, Tensor]]:
    """The tensors by their names, and those below each of WRAPPERS by their names there."""
    yield tensors
    for wrapper in WRAPPERS if depth < MAX_DEPTH else ():
        below = {n.removeprefix(f"{wrapper}."): t for n, t in tensors.items() if n.startswith(f"{wrapper}.")}
        if below:
            yield from _within(below, depth + 1)
