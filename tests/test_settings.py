from __future__ import annotations

from pathlib import Path

import pytest

from server.settings import Settings, SettingsError, default_data_dir, read_settings, share_dir


def test_the_defaults_are_safe_and_point_into_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(Settings.model_fields):
        monkeypatch.delenv(f"UNITBRUSH_{name.upper()}", raising=False)
    settings = Settings()
    assert (settings.host, settings.port, settings.token) == ("127.0.0.1", 8000, None)
    assert settings.max_body_bytes == 8 * 2**20
    assert settings.models_dir == share_dir() / "models"
    assert (settings.frontend_dir, settings.results_dir) == (share_dir() / "frontend", share_dir() / "dissect_results")
    assert settings.data_dir == default_data_dir()


def test_the_environment_sets_and_options_override(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNITBRUSH_PORT", "9000")
    monkeypatch.setenv("UNITBRUSH_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("UNITBRUSH_ALLOWED_HOSTS", " booth.local , paint.example.org,")
    monkeypatch.setenv("UNITBRUSH_TOKEN", "hunter2")
    settings = read_settings({"port": 9001})
    assert (settings.port, settings.data_dir) == (9001, tmp_path)
    assert settings.allowed_hosts == ("booth.local", "paint.example.org")
    assert "hunter2" not in repr(settings)
    assert settings.token is not None
    assert settings.token.get_secret_value() == "hunter2"


def test_an_empty_token_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNITBRUSH_TOKEN", "")
    assert read_settings().token is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "-1"),
        ("port", "many"),
        ("max_body_bytes", "0"),
        ("allowed_origins", "example.org"),
        ("allowed_origins", "https://example.org/path"),
        ("token", "two words"),
        ("device", "abacus"),
    ],
)
def test_what_cannot_be_is_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"UNITBRUSH_{name.upper()}", value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert f"UNITBRUSH_{name.upper()}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "prefix"), [("", ""), ("/", ""), ("/studio", "/studio"), ("/a/b.c~d_e-f/", "/a/b.c~d_e-f")]
)
def test_a_prefix_is_a_path(monkeypatch: pytest.MonkeyPatch, given: str, prefix: str) -> None:
    monkeypatch.setenv("UNITBRUSH_ROOT_PATH", given)
    assert read_settings().root_path == prefix


@pytest.mark.parametrize(
    "prefix", ["studio", "//evil.example", "/a//b", "/a/../b", "/ä", "/a b", "/a?b", "/api", "/js/x"]
)
def test_what_is_no_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(SettingsError, match="root_path"):
        read_settings({"root_path": prefix})


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty host would be every network."""
    for name in ("HOST", "PORT", "MODELS_DIR", "TOKEN"):
        monkeypatch.setenv(f"UNITBRUSH_{name}", "")
    settings = read_settings()
    assert (settings.host, settings.port, settings.token) == ("127.0.0.1", 8000, None)
    assert settings.models_dir == Settings().models_dir != Path()
    with pytest.raises(SettingsError, match="host"):
        read_settings({"host": ""})
