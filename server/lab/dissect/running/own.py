"""A segmenter of a user's own: any callable from images to scores of every pixel."""

from __future__ import annotations

import hashlib
import importlib
import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from server.files import file_sha256
from server.lab.dissect.running.work import weights_digest

MOST_CONCEPTS = 256  # labels are bytes


@dataclass
class OwnSegmenter:
    """A callable with concepts, called from several threads at once. digest: of its code's file and its weights, which
    finished stages depend on.
    """

    concepts: tuple[str, ...]
    scores: Callable[[Tensor], Tensor]
    digest: str

    def __call__(self, images: Tensor) -> Tensor:
        """images: (N, 3, H, W), -1..1. Returns scores (N, C, H, W)."""
        return self.scores(images)


def load_own_segmenter(
    name: str, concepts: Sequence[str] | None, size: tuple[int, int], device: torch.device
) -> OwnSegmenter:
    """What package.module:factory returns when called without arguments, or the object of that name itself where it
    cannot be called so. Its code runs because the user named it. See `own_segmenter`.
    """
    module, _, attribute = name.partition(":")
    try:
        named = getattr(importlib.import_module(module), attribute)
        made = named() if _is_factory(named) else named
    except Exception as error:  # it may be any code
        raise ValueError(f"{name} makes no segmenter: {type(error).__name__}: {error}") from error
    return own_segmenter(made, name, concepts, size, device)


def _is_factory(named: object) -> bool:
    if not inspect.isroutine(named) and not inspect.isclass(named):
        return False
    try:
        inspect.signature(named).bind()
    except (TypeError, ValueError):  # it wants arguments, or tells nothing of them
        return False
    return True


def own_segmenter(
    made: object, name: str, concepts: Sequence[str] | None, size: tuple[int, int], device: torch.device
) -> OwnSegmenter:
    """What the factory `name` made, tried on a picture of that height and width. concepts: in the place of its own.

    Raises ValueError, in one line, where it is of no use.
    """
    if not callable(made):
        raise ValueError(f"{name} made a {type(made).__name__}, which cannot be called with images")
    if isinstance(made, nn.Module):
        made = made.eval().requires_grad_(False).to(device)
    own = getattr(made, "concepts", ())
    named: tuple[str, ...] = tuple(concepts or (own if isinstance(own, list | tuple) else ()))
    if not named:
        raise ValueError(f"{name} has no list `concepts`; name them with --concepts a,b,c")
    if not all(isinstance(concept, str) and concept.strip() for concept in named):
        raise ValueError(f"the concepts of {name} are not all names")
    if len(set(named)) != len(named) or len(named) > MOST_CONCEPTS:
        raise ValueError(f"{name} needs distinct concepts, at most {MOST_CONCEPTS}")
    shape, wanted = _shape_of_scores(made, name, size, device), (1, len(named), *size)
    if shape != wanted:
        raise ValueError(f"{name} made scores of shape {shape} of an image {(1, 3, *size)}, not {wanted}")
    return OwnSegmenter(named, made, _digest(made, name))


def _shape_of_scores(
    scores: Callable[[Tensor], object], name: str, size: tuple[int, int], device: torch.device
) -> tuple[int, ...]:
    try:
        with torch.inference_mode():
            made = scores(torch.zeros(1, 3, *size, device=device))
    except Exception as error:  # it may be any code
        raise ValueError(f"{name} fails on an image: {type(error).__name__}: {error}") from error
    if not isinstance(made, Tensor):
        raise ValueError(f"{name} made a {type(made).__name__} of an image, not a tensor of scores")
    return tuple(made.shape)


def _digest(made: object, name: str) -> str:
    digest = hashlib.sha256(name.encode())
    code = made if inspect.isroutine(made) else type(made)
    with suppress(OSError, TypeError):  # typed in, or built in
        digest.update(file_sha256(Path(inspect.getfile(code))).encode())
    digest.update(weights_digest(made).encode())
    return digest.hexdigest()
