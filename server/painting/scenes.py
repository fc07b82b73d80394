"""What a picture's scene is made from: a latent, or featuremaps that stand in the place of what the trunk makes of one.

scene = scene_of(picture, model)
a = scene.output(generator, "layer4")     # what the layer puts out before any edit
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from server.model.catalog import Model
from server.model.generator import Activations, Generator
from server.model.latents import latent_of
from server.painting.base import decode_base
from server.painting.picture import Picture
from server.results.directions import move

Array = NDArray[np.float32]
Digest = tuple[object, ...]  # what tells a scene from others of its model, and is short


@dataclass(frozen=True)
class Scene:
    """start: what the trunk makes the scene of, (latent_dim,), or the generator's w_shape where the picture gives a w.
    base, r: the layer whose featuremaps are these, (units, height, width); None where the trunk makes them all. digest:
    the same for the same scene."""

    start: Array
    base: str | None
    r: Array | None
    digest: Digest

    @property
    def of_latent(self) -> bool:
        """Whether the trunk makes all of it, of a latent."""
        return self.base is None and self.start.ndim == 1

    def first(self, generator: Generator) -> int:
        """The place of the first layer that is there to be edited."""
        return 0 if self.base is None else generator.index(self.base)

    def output(self, generator: Generator, layer: str) -> Activations:
        """What a layer puts out, of the first one there is or later."""
        begin = layer if self.base is None else self.base
        x = torch.from_numpy(self.start)[None]
        a = generator.trunk(x, begin) if self.start.ndim == 1 else generator.trunk_from_w(x, begin)
        if self.r is None:
            return a
        return generator.advance(a.edited(torch.from_numpy(self.r)[None].to(a.r)), begin, layer)


def scene_of(picture: Picture, model: Model) -> Scene:
    """The scene of a picture that the model can draw (`server.painting.edits.resolve`)."""
    generator = model.generator
    if picture.w is not None:
        start = np.broadcast_to(np.asarray(picture.w, np.float32), generator.w_shape or ()).copy()
    else:
        start = move(latent(picture, generator.latent_dim), model.directions, picture.directions)
    digest = start.ndim, hashlib.sha256(start.tobytes()).digest()
    if picture.base is None:
        return Scene(start, None, None, digest)
    layer = generator.layer(picture.base.layer)
    r = decode_base(picture.base).reshape(layer.units, layer.height, layer.width)
    return Scene(start, layer.name, r, (*digest, layer.name, hashlib.sha256(r.tobytes()).digest()))


def latent(picture: Picture, latent_dim: int) -> Array:
    """The latent the picture starts from, before any direction moves it: (latent_dim,), or as long as its z. Zeros
    where its base says all there is to know."""
    if picture.z is not None:
        return np.asarray(picture.z, np.float32)
    return np.zeros(latent_dim, np.float32) if picture.seed is None else latent_of(picture.seed, latent_dim)
