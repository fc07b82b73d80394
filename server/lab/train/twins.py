"""Twins: the second picture of each scene.

Half of the scenes have a twin that is pixel for pixel the same without, say, the second tree: removing that tree must
give the twin. The other half have one with something more, which answers a stroke: that stroke must give the twin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from server.lab.scenes.answer import BrushStroke, answered, random_stroke
from server.lab.scenes.render import render
from server.lab.scenes.scene import Scene
from server.lab.village.hidden import hidden_object
from server.model.pixels import Pixels

# Sets the random numbers of twins apart from others of the same index.
_SALT = 0x7717


@dataclass(frozen=True)
class Twin:
    """How a twin is drawn: a scene, and what is left out of it."""

    scene: Scene
    hide: frozenset[str]

    def drawn(self, size: int) -> tuple[Pixels, Pixels]:
        """See `server.lab.scenes.render.render`."""
        return render(self.scene, size, hide=self.hide)


def answers(index: int) -> bool:
    """Whether the twin of the scene of that index answers a stroke, as those of odd ones do."""
    return index % 2 == 1


def stroke_on(scene: Scene, index: int) -> BrushStroke:
    """The stroke that the twin of the scene of that index answers, where it does."""
    return random_stroke(np.random.default_rng(index ^ _SALT), scene)


def twin_of(scene: Scene, index: int) -> Twin:
    """The twin of the scene of that index."""
    if not answers(index):
        return Twin(scene, hidden_object(scene, index))
    return Twin(answered(scene, stroke_on(scene, index)), frozenset())
