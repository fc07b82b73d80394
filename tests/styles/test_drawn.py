from __future__ import annotations

from itertools import combinations

import numpy as np

from server.styles.drawn import SIDE, STYLES, draw_style


def test_every_style_is_an_image_of_its_own_and_the_same_each_time() -> None:
    images = {name: draw_style(name) for name in STYLES}
    for name, image in images.items():
        assert (image.shape, image.dtype) == ((SIDE, SIDE, 3), np.uint8)
        assert image.std() > 20, f"{name} is nearly flat"
        assert np.array_equal(image, STYLES[name]())
    for a, b in combinations(images.values(), 2):
        assert np.abs(a.astype(float) - b).mean() > 20
