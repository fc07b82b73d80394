"""What the twin of a scene lacks."""

from __future__ import annotations

import numpy as np

from server.lab.scenes.render import objects
from server.lab.scenes.scene import Scene

# In scenes with buildings, how many twins lack one whatever else there is: they are hardest to remove.
_BUILDING = 0.35
# Sets these random numbers apart from others of the same index.
_SALT = 0x7717


def hidden_object(scene: Scene, index: int) -> frozenset[str]:
    """The object that the twin of the scene of that index lacks: a building, or a concept at random, then one of
    its objects."""
    things = objects(scene)
    if not things:
        return frozenset()
    rng = np.random.default_rng(index ^ _SALT)
    concepts = sorted({thing.concept for thing in things})
    building = "wall" in concepts and rng.random() < _BUILDING
    concept = "wall" if building else concepts[rng.integers(len(concepts))]
    names = [thing.name for thing in things if thing.concept == concept]
    return frozenset({names[rng.integers(len(names))]})
