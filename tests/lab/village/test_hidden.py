"""What twins lack."""

from __future__ import annotations

from server.lab.scenes.scene import sample_scene
from server.lab.village.hidden import hidden_object
from server.lab.village.store import FIRST_SEED

SCENES = [sample_scene(FIRST_SEED + i) for i in range(400)]


def test_many_lack_a_building() -> None:
    lacking = [(scene, hidden_object(scene, i)) for i, scene in enumerate(SCENES)]
    built = [(scene, names) for scene, names in lacking if scene.buildings]
    bare = [names & {b.name for b in scene.buildings} for scene, names in built]
    assert 0.35 < sum(map(bool, bare)) / len(bare) < 0.55
    every = {name.rstrip("0123456789") for _, names in lacking for name in names}
    assert {"tree", "cloud", "mountains", "water", "path", "treeline", "doors", "windows", "domes"} < every
