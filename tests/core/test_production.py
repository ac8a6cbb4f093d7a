"""What production demands before a board boots."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from pegboard import BoardSettings, create_app
from pegboard.errors import ConfigError
from pegboard.sources import given_sources, read_sources

STRONG = "dY3kP9_qLw7Rz2Vb8TnXc5MhJf4Gs6Ae1UoKi0Np"
GOOD = {
    "PEGBOARD_ENV": "production",
    "PEGBOARD_BUILTINS": "[]",
    "SECRET_KEY": STRONG,
    "PUBLIC_URL": "https://example.com",
    "DATABASE_URL": "sqlite:///board.db",
}


def boot(board_folder: Any, **changes: str | None) -> Flask:
    environ = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return create_app(sources=read_sources(board_folder.toml(""), environ=environ))


def test_a_complete_configuration_boots(board_folder: Any) -> None:
    app = boot(board_folder)
    assert not app.debug
    assert app.config["SESSION_COOKIE_SECURE"]


@pytest.mark.parametrize("variable", ["SECRET_KEY", "PUBLIC_URL", "DATABASE_URL"])
def test_what_is_required_says_which_variable_to_set(board_folder: Any, variable: str) -> None:
    with pytest.raises(ConfigError, match=f"is required in production\n    → set {variable}"):
        boot(board_folder, **{variable: None})


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("hunter2", "too short"),
        ("abcabcabcabcabcabcabcabcabcabcabcabc", "too regular"),
        ("change-me-change-me-change-me-change-me", "too regular"),
        ("default-insecure-password-default-insecure", "a placeholder"),
    ],
)
@pytest.mark.parametrize("variable", ["SECRET_KEY", "SECRET_KEY_FALLBACKS"])
def test_a_weak_key_is_refused_without_being_shown(board_folder: Any, variable: str, key: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        boot(board_folder, **{variable: key})
    assert key not in str(caught.value)
    assert caught.value.problems[0].key == variable.lower()


@pytest.mark.parametrize("changes", [{"PEGBOARD_DEBUG": "true"}, {"FLASK_DEBUG": "1"}])
def test_debug_is_an_error(board_folder: Any, changes: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="debug shows the board's inside"):
        boot(board_folder, **changes)


def test_with_explicit_settings_the_environment_cannot_switch_debug_on(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    settings = BoardSettings(
        env="production",
        builtins=(),
        secret_key=STRONG,  # type: ignore[arg-type]
        public_url="https://example.com",
        database_url=f"sqlite:///{tmp_path}/board.db",
    )
    assert not create_app(settings).debug


def test_everything_missing_is_said_at_once(board_folder: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        boot(board_folder, SECRET_KEY=None, PUBLIC_URL=None, DATABASE_URL=None, FLASK_DEBUG="1")
    assert [problem.key for problem in caught.value.problems] == ["secret_key", "public_url", "database_url", "debug"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("not a url with hunter2", "is not a database URL"),
        ("nosuchdb://app:hunter2@127.0.0.1/x", "names a driver that is not installed"),
    ],
)
def test_an_unusable_database_url_is_reported_without_being_shown(board_folder: Any, url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        boot(board_folder, DATABASE_URL=url)
    assert "hunter2" not in str(caught.value)
    assert caught.value.problems[0].source == "DATABASE_URL in the environment"


def test_a_boot_makes_no_database_and_no_folder_for_one(board_folder: Any) -> None:
    boot(board_folder, DATABASE_URL="sqlite:///elsewhere/board.db")
    assert not (board_folder.path / "elsewhere").exists()


@pytest.mark.parametrize("url", ["postgresql://u:planted@127.0.0.1:99999x/board", "nonsense", "nosuch://u:planted@h/b"])
def test_what_is_no_database_url_is_reported_without_its_password(board_folder: Any, url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        boot(board_folder, DATABASE_URL=url)
    assert [problem.key for problem in caught.value.problems] == ["database_url"]
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_the_usual_spellings_of_a_postgresql_url_work(board_folder: Any, scheme: str) -> None:
    app = boot(board_folder, DATABASE_URL=f"{scheme}://app:secret@127.0.0.1/board")
    assert app.config["SQLALCHEMY_DATABASE_URI"].drivername == "postgresql+psycopg"


def test_outside_production_a_key_is_made_up_once_and_kept_private(board_folder: Any) -> None:
    changes = dict.fromkeys(("SECRET_KEY", "PUBLIC_URL", "DATABASE_URL"))
    first = boot(board_folder, PEGBOARD_ENV="development", **changes)
    second = boot(board_folder, PEGBOARD_ENV="development", **changes)
    assert first.secret_key == second.secret_key
    assert len(str(first.secret_key)) >= 32
    files = list((board_folder.path / "instance").iterdir())
    assert [file.name for file in files] == ["secret_key"]
    assert files[0].stat().st_mode & 0o077 == 0


def test_an_instance_folder_that_cannot_be_written_is_reported(board_folder: Any) -> None:
    board_folder.write("instance", "a file where the folder should be")
    with pytest.raises(ConfigError, match="the board cannot write there"):
        boot(board_folder, PEGBOARD_ENV="development", SECRET_KEY=None)


@pytest.mark.parametrize(
    "arguments",
    [
        {"settings": BoardSettings(env="test", builtins=()), "config": {"pegboard": {"app_name": "Twice"}}},
        {"sources": given_sources({}), "config": {"files": {"max_size": 5}}},
    ],
    ids=["the board's settings", "sources"],
)
def test_what_would_be_ignored_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="said twice"):
        create_app(**arguments)
