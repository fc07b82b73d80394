from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from server.cluster.remote import ATTEMPTS, RemotePainter
from server.errors import PictureError, UnknownModel
from server.model.catalog import Catalog
from server.painting.picture import Picture
from server.web.engine import Busy

PICTURE = Picture("village", 1)


class LostPainter(Exception):
    pass


class Answer:
    """A response that waits for some looks at it, and gives or raises what it is to."""

    def __init__(self, outcome: Any, looks: int = 0) -> None:
        self.outcome, self.looks, self.cancelled = outcome, looks, False

    def result(self, *, timeout_s: float) -> Any:
        self.looks -= 1
        if self.looks >= 0:
            raise TimeoutError
        if isinstance(self.outcome, LostPainter):
            raise self.outcome
        return self.outcome

    def cancel(self) -> None:
        self.cancelled = True


class Painters:
    """Gives the answers one after another, and keeps what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.asked = iter(answers), []

    def __call__(self, *asked: object) -> Answer:
        self.asked.append(asked)
        return next(self.answers)


def remote(painters: Painters, catalog: Catalog) -> RemotePainter:
    return RemotePainter(painters, (LostPainter,), catalog)


def test_each_method_asks_for_its_own_with_the_model_it_needs(catalog: Catalog) -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels.setflags(write=False)
    painters = Painters(*(Answer(pixels, looks=2) for _ in range(5)))
    painter = remote(painters, catalog)
    for came in (
        painter.render(PICTURE),
        painter.frame(PICTURE, draft=True),
        painter.featuremaps(PICTURE, "layer4"),
        painter.labels(PICTURE),
        painter.covered(PICTURE),
    ):
        assert came.flags.writeable
    assert painters.asked == [
        ("render", "village", PICTURE, False),
        ("frame", "village", PICTURE, True),
        ("featuremaps", "village", PICTURE, "layer4"),
        ("labels", "village", PICTURE),
        ("covered", "village", PICTURE),
    ]


def test_what_the_painter_raises_is_raised_here(catalog: Catalog) -> None:
    with pytest.raises(PictureError, match="no such edit") as caught:
        remote(Painters(Answer(PictureError("no such edit", "/edits/0"))), catalog).render(PICTURE)
    assert caught.value.pointer == "/edits/0"


def test_another_painter_is_asked_where_one_is_lost(catalog: Catalog) -> None:
    painters = Painters(Answer(LostPainter()), Answer(LostPainter()), Answer(np.ones((2, 2, 3), np.uint8)))
    assert remote(painters, catalog).render(PICTURE).min() == 1
    assert len(painters.asked) == 3


def test_where_all_are_lost_the_caller_is_told_to_come_back(catalog: Catalog) -> None:
    with pytest.raises(Busy, match="try again"):
        remote(Painters(*(Answer(LostPainter()) for _ in range(ATTEMPTS))), catalog).render(PICTURE)


def test_a_painter_is_told_where_nobody_waits_any_more(catalog: Catalog) -> None:
    answer = Answer(None, looks=10**6)
    checks = iter((False, False, True))

    def check() -> None:
        if next(checks):
            raise KeyError

    with pytest.raises(KeyError):
        remote(Painters(answer), catalog).frame(PICTURE, check=check)
    assert answer.cancelled


def test_no_painter_is_asked_for_a_model_that_there_is_not(catalog: Catalog) -> None:
    with pytest.raises(UnknownModel):
        remote(Painters(), catalog).render(Picture("castle", 1))
