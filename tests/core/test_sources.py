"""Where configuration is read from, and what is said of a source that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pegboard.sources import Sources, read_sources


def words(sources: Sources) -> str:
    return "\n".join(str(problem) for problem in sources.problems)


def test_invalid_toml_is_reported_with_line_and_column(board_folder: Any) -> None:
    sources = read_sources(board_folder.toml('[pegboard]\napp_name = "x\n'), environ={})
    assert "line 2, column" in words(sources)
    assert str(board_folder.path / "pegboard.toml") in words(sources)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pegboard = 3", "'pegboard' must be a table"),
        ("app_name = 'x'", "'app_name' must be a table"),
        ("env = 3", "'env' must be a table"),
        ("[env]\nproduction = 3", "'production' must be a table"),
        ("[env.production]\npegboard = 3", "'pegboard' must be a table"),
        ("[env.prodution.pegboard]\napp_name = 'x'", "no environment is called 'prodution'"),
    ],
)
def test_what_is_not_a_table_is_reported_and_nothing_is_raised(board_folder: Any, text: str, expected: str) -> None:
    sources = read_sources(board_folder.toml(text), environ={"PEGBOARD_ENV": "production"})
    assert expected in words(sources)


def test_a_configuration_file_that_was_named_must_exist(board_folder: Any) -> None:
    named = str(board_folder.path / "other.toml")
    assert "does not exist" in words(read_sources(environ={"PEGBOARD_CONFIG": named}))


def test_without_a_configuration_file_the_defaults_serve(board_folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(board_folder.path)
    sources = read_sources(environ={})
    assert not sources.problems
    assert sources.file is None


def test_a_file_that_is_not_text_is_reported(board_folder: Any) -> None:
    file = board_folder.path / "pegboard.toml"
    file.write_bytes(b"\xff\xfe\x00")
    assert "not valid TOML" in words(read_sources(file, environ={}))


def test_a_folder_in_place_of_the_file_is_reported(board_folder: Any) -> None:
    (board_folder.path / "pegboard.toml").mkdir()
    assert "cannot be read" in words(read_sources(board_folder.path / "pegboard.toml", environ={}))


def test_secrets_are_files_named_like_their_variable_in_either_case(board_folder: Any) -> None:
    board_folder.write("secrets/secret_key", "from-a-file\n")
    board_folder.write("secrets/DATABASE_URL", "sqlite://")
    sources = read_sources(board_folder.toml(""), environ={"PEGBOARD_SECRETS_DIR": "secrets"})
    assert sources.variable("SECRET_KEY") == "from-a-file"
    assert sources.variable("DATABASE_URL") == "sqlite://"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 70_000])
def test_a_secret_that_cannot_be_read_is_reported_with_its_path(board_folder: Any, content: bytes) -> None:
    board_folder.write("secrets/SECRET_KEY", "").write_bytes(content)
    sources = read_sources(board_folder.toml(""), environ={"PEGBOARD_SECRETS_DIR": "secrets"})
    assert sources.variable("SECRET_KEY") is None
    assert sources.variable("SECRET_KEY") is None
    assert len(sources.problems) == 1
    assert "the secret cannot be read" in words(sources)
    assert str(Path("secrets") / "SECRET_KEY") in words(sources)


def test_an_unrelated_unreadable_secret_is_nobodys_problem(board_folder: Any) -> None:
    board_folder.write("secrets/OTHER", "").write_bytes(b"\xff")
    sources = read_sources(board_folder.toml(""), environ={"PEGBOARD_SECRETS_DIR": "secrets"})
    assert sources.variable("SECRET_KEY") is None
    assert not sources.problems


def test_variables_in_dotenv_are_not_interpolated(board_folder: Any) -> None:
    board_folder.write(".env", "SECRET_KEY='pa$HOME${HOME}'\n")
    assert read_sources(board_folder.toml(""), environ={}).variable("SECRET_KEY") == "pa$HOME${HOME}"


def test_an_environment_given_in_code_chooses_its_overlay_too(board_folder: Any) -> None:
    file = board_folder.toml("[env.test.pegboard]\napp_name = 'T'\n[env.production.pegboard]\napp_name = 'P'\n")
    sources = read_sources(file, environ={"PEGBOARD_ENV": "production"}, given={"pegboard": {"env": "test"}})
    assert sources.table_value("pegboard", "app_name") == "T"


def test_the_repr_of_sources_shows_no_value(board_folder: Any) -> None:
    board_folder.write(".env", "SECRET_KEY=planted-in-dotenv\n")
    file = board_folder.toml("[shop]\nkey = 'planted-in-toml'\n")
    sources = read_sources(file, environ={"SHOP_KEY": "planted-in-env"}, given={"shop": {"key": "planted-in-code"}})
    assert "planted" not in repr(sources)
