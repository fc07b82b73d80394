"""What a picture's scene begins from: its latent, moved along its directions."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from server.model.catalog import Model
from server.model.latents import latent_of
from server.painting.picture import Picture
from server.results.directions import move

Scene = tuple[bytes, int]  # what tells one from others of its model, and is short


def latent(picture: Picture, latent_dim: int) -> NDArray[np.float32]:
    """The latent the picture starts from, before any direction moves it: (latent_dim,), or as long as its z."""
    if picture.z is not None:
        return np.asarray(picture.z, np.float32)
    assert picture.seed is not None  # the document's rule
    return latent_of(picture.seed, latent_dim)


def start_of(picture: Picture, model: Model) -> NDArray[np.float32]:
    """What the trunk makes the scene from: (latent_dim,), or the generator's w_shape where the picture gives a w."""
    if picture.w is None:
        return move(latent(picture, model.generator.latent_dim), model.directions, picture.directions)
    return np.broadcast_to(np.asarray(picture.w, np.float32), model.generator.w_shape or ()).copy()


def scene_of(start: NDArray[np.float32]) -> Scene:
    """The scene that begins so."""
    return hashlib.sha256(start.tobytes()).digest(), start.ndim
