"""The default model's scenes with and without one of their things.

A latent of the village says what its scene shows, and `server.lab.scenes.absent` gives the latent of the same scene
without one thing. What the generator draws of that is the picture that removing the thing should give.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from server.errors import UsageError
from server.lab.scenes.absent import without
from server.lab.scenes.latent import LATENT_DIM
from server.lab.scenes.render import objects, render
from server.lab.scenes.scene import scene_of
from server.painting.picture import Picture
from server.painting.scenes import latent

CHANGED = 8  # of 255: from there on a pixel of the rendering shows the thing or its shadow


@dataclass(frozen=True)
class Thing:
    """A thing of a scene. concept: what most of it shows. mask: where it stands, (R, R). lacking: the picture of the
    scene without it."""

    concept: str
    mask: NDArray[np.bool_]
    lacking: Picture


def things_of(picture: Picture, latent_dim: int) -> dict[str, str]:
    """The things that the scene could be without, and the concept that most of each shows. Raises UsageError where the
    model's latents are no villages'."""
    if latent_dim != LATENT_DIM or picture.w is not None or picture.base is not None or picture.directions:
        raise UsageError("only the village's scenes are known, by their seed or z and without directions")
    z = latent(picture, latent_dim)  # (latent_dim,)
    scene = scene_of(z)
    return {thing.name: thing.concept for thing in objects(scene) if without(z, scene, thing.name) is not None}


def thing_of(picture: Picture, name: str, resolution: int, latent_dim: int) -> Thing:
    """The thing of that name, as `tree0`. Raises UsageError where the scene has no such thing, where it is hidden, and
    what `things_of` raises."""
    things = things_of(picture, latent_dim)
    z = latent(picture, latent_dim)  # (latent_dim,)
    scene = scene_of(z)
    if name not in things:
        raise UsageError(f"the scene has no {name!r} that it could be without; it has {', '.join(things) or 'nothing'}")
    shown, _ = render(scene, resolution)  # (R, R, 3)
    hidden, _ = render(scene, resolution, frozenset({name}))
    mask = np.abs(shown.astype(int) - hidden).max(2) > CHANGED  # (R, R)
    if not mask.any():
        raise UsageError(f"{name!r} is hidden behind other things; take another")
    lacking = without(z, scene, name)
    assert lacking is not None  # it is in `things`
    return Thing(things[name], _grown(mask), replace(picture, seed=None, z=tuple(map(float, lacking))))


def _grown(mask: NDArray[np.bool_], by: int = 2) -> NDArray[np.bool_]:
    """With so many pixels around it, as the generator draws a thing a little beside where it should be."""
    padded = np.pad(mask, by)
    shifts = range(2 * by + 1)
    height, width = mask.shape
    return np.asarray(np.any([padded[y : y + height, x : x + width] for y in shifts for x in shifts], axis=0))
