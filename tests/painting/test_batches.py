"""Drafts of several pictures in one pass: what each would be by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from server.errors import PictureError, UnknownConcept
from server.model.catalog import Catalog
from server.model.graphs import Replay
from server.painting.batches import Prepared, Together, edited_together, most_together
from server.painting.blend import edited
from server.painting.edits import PlacedEdit
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture, Rect, Region, Stroke, Strokes
from tests.helpers.decided import DECISION, SKETCH, write_decided_model


def stroke(x: float, radius: float = 0.15) -> Strokes:
    return Strokes((Stroke(((x, 0.4), (x + 0.1, 0.7)), radius),))


TOP = Rect((0, 0, 1, 0.5))
PICTURES = (
    Picture("village", 1),
    Picture("village", 2, edits=(Edit("draw", "tree", stroke(0.2)),)),
    Picture("village", 2, edits=(Edit("draw", "tree", stroke(0.6)), Edit("remove", "door", None, strength=0.5))),
    Picture("village", 3, edits=(Edit("draw", "sky", TOP), Edit("draw", "tree", stroke(0.4), layer="layer6"))),
    Picture("village", 4, edits=(Edit("draw", None, stroke(0.5), (1, 3), (2.0, -1.0), layer="layer6"),)),
    Picture("village", z=tuple(np.linspace(-1, 1, 8).tolist()), edits=(Edit("draw", "door", stroke(0.3)),)),
    Picture("village", 2, edits=(Edit("draw", "tree", stroke(0.2)),), directions={"season": 1.0}),
)


def test_each_is_what_it_would_be_by_itself(catalog: Catalog) -> None:
    together, alone = (Painter(catalog, precision="float32") for _ in range(2))
    drawn = together.drafts_of(PICTURES)
    assert together.live.frames["draft"] == len(PICTURES)
    for picture, pixels in zip(PICTURES, drawn, strict=True):
        assert np.abs(np.asarray(pixels, int) - alone.render(picture, draft=True)).max() <= 1


def test_in_bfloat16_they_are_as_near_to_the_finished_picture_as_drafts_drawn_alone(catalog: Catalog) -> None:
    """How sums are rounded there depends on how many are drawn at once."""
    painter = Painter(catalog, precision="bfloat16")
    finished = np.stack([painter.render(picture) for picture in PICTURES]).astype(int)
    alone = np.stack([painter.render(picture, draft=True) for picture in PICTURES])
    together = np.stack([np.asarray(pixels) for pixels in painter.drafts_of(PICTURES)])
    assert np.abs(together - finished).mean() <= 1.2 * np.abs(alone - finished).mean() + 0.1


def test_they_are_drawn_in_one_pass_and_new_scenes_too(painter: Painter, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = painter._generator(painter.catalog.get(), draft=True)
    seen: list[tuple[str, int]] = []
    for name in ("trunk", "tail"):
        whole = getattr(generator, name)
        counting = lambda x, layer, name=name, whole=whole: (seen.append((name, len(x))), whole(x, layer))[1]  # noqa: E731
        monkeypatch.setattr(generator, name, counting)
    pictures = [Picture("village", seed, edits=(Edit("draw", "tree", stroke(0.1 * seed)),)) for seed in (1, 2, 3, 1)]
    painter.drafts_of(pictures)
    assert seen == [("trunk", 3), ("tail", 4)]
    painter.drafts_of(pictures)
    assert seen[2:] == [("tail", 4)]


def test_pictures_that_are_prepared_are_drawn_the_same(painter: Painter) -> None:
    picture = PICTURES[2]
    prepared = painter.prepare(picture)
    assert isinstance(prepared, Prepared)
    (one,), (other,) = painter.drafts_of([prepared]), painter.drafts_of([picture])
    assert np.array_equal(one, other)
    assert np.array_equal(painter.frame(prepared), painter.render(picture))
    found = Picture("village", 1, edits=(Edit("remove", "tree", Region("tree", (0.5, 0.5))),))
    assert painter.prepare(found) is found  # the device has to look where the tree is


def test_what_is_wrong_with_one_is_its_own(painter: Painter) -> None:
    bad = Picture("village", 1, edits=(Edit("draw", "dragon", None),))
    first, wrong, last = painter.drafts_of([PICTURES[1], bad, PICTURES[0]])
    assert isinstance(wrong, UnknownConcept)
    assert isinstance(first, np.ndarray)
    assert isinstance(last, np.ndarray)
    with pytest.raises(PictureError):
        painter.prepare(bad)


def test_its_check_ends_it(painter: Painter) -> None:
    def check() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        painter.drafts_of(PICTURES, check)


def test_finished_pictures_keep_their_bytes_beside_drafts(catalog: Catalog) -> None:
    painter, fresh = Painter(catalog), Painter(catalog)
    painter.drafts_of(PICTURES)
    for picture in PICTURES:
        assert np.array_equal(painter.render(picture), fresh.render(picture))


def test_large_pictures_are_drawn_in_several_passes(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    painter = Painter(catalog, precision="float32")
    generator = painter._generator(painter.catalog.get(), draft=True)
    assert most_together(generator) > 64
    monkeypatch.setattr("server.painting.batches.MOST_PIXELS", 2 * 32 * 32)
    assert most_together(generator) == 2
    drawn = painter.drafts_of([Picture("village", seed) for seed in range(5)])
    for seed, pixels in enumerate(drawn):
        assert np.abs(np.asarray(pixels, int) - painter.render(Picture("village", seed), draft=True)).max() <= 1


def test_generators_that_decide_are_drawn_whole(tmp_path: Path) -> None:
    write_decided_model(tmp_path)
    catalog = Catalog(tmp_path / "models", tmp_path / "dissect_results")
    pictures = [
        Picture("village", 7, edits=(Edit("draw", "door", stroke(0.3), layer=layer),)) for layer in (SKETCH, DECISION)
    ]
    together = Painter(catalog, precision="float32")
    for picture, pixels in zip(pictures * 2, together.drafts_of(pictures * 2), strict=True):
        off = np.abs(np.asarray(pixels, int) - together.render(picture))
        assert (off > 1).mean() < 0.002  # where two parts are as likely, rounding decides


def test_on_a_gpu_tails_are_recorded_once_and_replayed(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[tuple[str, int]] = []

    def stand_in(device: torch.device, run: Callable[[], Tensor]) -> tuple[Replay, Tensor]:
        result = run().clone()
        recorded.append((device.type, len(result)))
        return lambda: result.copy_(run()), result

    monkeypatch.setattr("server.painting.batches.capture_cuda", stand_in)
    painter, plain = (Painter(catalog, precision="float32") for _ in range(2))
    painter._together = Together("cuda")
    for number in (3, 4, 3, 2):
        drawn, expected = (one.drafts_of(PICTURES[:number]) for one in (painter, plain))
        assert all(np.abs(np.asarray(a, int) - b).max() <= 1 for a, b in zip(drawn, expected, strict=True))
    # The fourth picture is edited at layer6 as well, so that all four are replayed from there.
    assert recorded == [("cuda", 4), ("cuda", 4), ("cuda", 2)]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and here is none")
def test_a_gpu_draws_the_same(catalog: Catalog) -> None:
    gpu, cpu = Painter(catalog, "cuda"), Painter(catalog)
    for _ in range(2):  # recorded, and replayed
        for picture, pixels in zip(PICTURES, gpu.drafts_of(PICTURES), strict=True):
            off = np.abs(np.asarray(pixels, int) - cpu.render(picture))
            assert off.mean() <= 2
            assert np.abs(gpu.render(picture).astype(int) - cpu.render(picture)).max() <= 1


def test_edits_of_several_pictures_are_those_of_each_to_the_bit(painter: Painter) -> None:
    torch.manual_seed(0)
    r = torch.randn(len(PICTURES), 12, 8, 8)
    placed: list[list[PlacedEdit]] = []
    for picture in PICTURES:
        prepared = painter.prepare(picture)
        assert isinstance(prepared, Prepared)
        placed.append([one for one in prepared.placed if one.edit.layer.name == "layer4"])
    assert max(map(len, placed)) > min(map(len, placed))
    whole = edited_together(r, placed)
    for i, some in enumerate(placed):
        assert torch.equal(whole[i], edited(r[i : i + 1], some)[0])
