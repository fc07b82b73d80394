from __future__ import annotations

import logging
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from server.errors import WeightError
from server.model.beside import Beside
from server.model.catalog import Catalog, Model
from server.model.translator import NoTranslator
from tests.helpers.tiny import write_model

NAME = "beside.safetensors"


@pytest.fixture
def model(tmp_path: Path) -> Model:
    write_model(tmp_path)
    return Catalog(tmp_path / "models", tmp_path / "dissect_results").get()


class Reading:
    """Tells the text that stands beside a model, and how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, model: Model) -> str:
        self.times += 1
        path = model.folder / NAME
        if not path.is_file():
            raise NoTranslator("none")
        text = path.read_text()
        if text == "damaged":
            raise WeightError(f"{path} is damaged")
        if text == "worse":
            raise OSError("no such disk")
        return text


def test_a_file_is_read_again_only_when_it_or_the_weights_change(model: Model) -> None:
    reading = Reading()
    beside = Beside(NAME, reading)
    for text in ("one", "another"):
        (model.folder / NAME).write_text(text)
        first = beside.of(model)
        assert first.value == text
        assert beside.of(model) == first
    assert reading.times == 2
    assert model.weights is not None
    os.utime(model.weights, (1, 1))
    assert beside.of(model).state != first.state
    assert reading.times == 3
    beside.of(replace(model, generator=Catalog(model.folder.parent, Path("none")).get().generator))
    assert reading.times == 4


def test_what_is_missing_or_damaged_is_not_read_again_either(model: Model, caplog: pytest.LogCaptureFixture) -> None:
    reading = Reading()
    beside = Beside(NAME, reading)
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            with pytest.raises(NoTranslator, match="none"):
                beside.of(model)
        assert (reading.times, caplog.messages) == (1, [])
        for text, words in (("damaged", "is damaged"), ("worse", "no such disk")):
            (model.folder / NAME).write_text(text)
            for _ in range(2):
                with pytest.raises(WeightError, match=words):
                    beside.of(model)
            assert words in caplog.messages[-1]
    assert (reading.times, len(caplog.messages)) == (3, 2)
    (model.folder / NAME).write_text("whole again")
    assert beside.of(model).value == "whole again"


def test_threads_that_come_while_it_is_read_wait_for_that(model: Model) -> None:
    (model.folder / NAME).write_text("one")
    reading, begun, go_on = Reading(), threading.Event(), threading.Event()

    def slowly(model: Model) -> str:
        begun.set()
        assert go_on.wait(60)
        return reading(model)

    beside, seen = Beside(NAME, slowly), []
    threads = [threading.Thread(target=lambda: seen.append(beside.of(model).value)) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    go_on.set()
    for thread in threads:
        thread.join()
    assert (seen, reading.times) == (["one"] * 3, 1)
