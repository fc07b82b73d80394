"""`unitbrush train`: the recipe, and what follows on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.cli import main


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the recipe and the commands after it were told."""
    calls: list[list[str]] = []
    monkeypatch.setattr(
        "server.lab.village.pipeline.train_village", lambda run, model: calls.append([str(run), str(model)])
    )
    monkeypatch.setattr("server.cli.main", lambda arguments: calls.append(arguments) or 0)
    return calls


def test_a_model_is_trained_dissected_and_told_of(
    calls: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[Path, Path]] = []
    monkeypatch.setattr("server.lab.village.card.write_card", lambda *folders: written.append(folders))
    run, model, results = tmp_path / "run", tmp_path / "models" / "hamlet", tmp_path / "results"
    model.mkdir(parents=True)
    (model / "notes.md").write_text("## Data")
    options = ["--model", str(model), "--results-dir", str(results), "--threads", "1"]
    assert main(["train", str(run), *options]) == 0
    assert calls[0] == [str(run), str(model)]
    assert [call[:2] for call in calls[1:]] == [["dissect", "hamlet"], ["directions", "hamlet"]]
    for call in calls[1:]:
        assert call[2:] == ["--models-dir", str(model.parent), "--results-dir", str(results), "--threads", "1"]
    assert written == [(model, results / "hamlet")]


def test_weights_alone_are_no_more(calls: list[list[str]], tmp_path: Path) -> None:
    options = ["--model", str(tmp_path / "village"), "--weights-only", "--threads", "1"]
    assert main(["train", str(tmp_path / "run"), *options]) == 0
    assert len(calls) == 1


def test_bad_input_is_one_line(
    calls: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(run: Path, model: Path) -> None:
        raise ValueError("the store has room for 5 scenes, not 8000")

    assert main(["train", str(tmp_path / "run"), "--threads", "0"]) == 2
    assert "--threads is 0" in capsys.readouterr().err
    monkeypatch.setattr("server.lab.village.pipeline.train_village", refuse)
    assert main(["train", str(tmp_path / "run"), "--threads", "1"]) == 2
    error = capsys.readouterr().err
    assert "room for 5 scenes" in error
    assert error.count("\n") == 1
