"""A database that is gone, damaged, locked, or somebody else's: said in words, nothing made in its place, nothing lost."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from sqlalchemy import exc, text

from pegboard.db import db
from tests.core.cli.deployment import Deployment

MakeBoard = Callable[..., Flask]
COMMANDS = [("db", "upgrade"), ("db", "check"), ("users", "list")]
SECRET = "planted-secret-value"


@pytest.fixture
def board(deployment: Deployment) -> Deployment:
    """A deployment with accounts and their tables."""
    (deployment.folder / "pegboard.toml").write_text('[pegboard]\nbuiltins = ["accounts"]\n', encoding="utf-8")
    assert deployment.run("db", "upgrade").exit_code == 0
    return deployment


def said(deployment: Deployment, *arguments: str) -> str:
    """What a person sees of a command that fails: as the console script would print it."""
    from pegboard.cli import _in_words

    result = deployment.run(*arguments)
    assert result.exit_code != 0
    if result.exception is None or isinstance(result.exception, SystemExit):
        return result.output
    assert isinstance(result.exception, Exception)
    words = _in_words(result.exception)
    assert words is not None, repr(result.exception)
    return words


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_damaged_database_is_named_with_a_remedy(board: Deployment, command: tuple[str, ...]) -> None:
    file = board.folder / "instance" / "development.db"
    for path in file.parent.glob("development.db-*"):
        path.unlink()
    file.write_bytes(b"not a database at all " * 100)
    words = said(board, *command)
    assert "file is not a database" in words
    assert "→ this is another file, or a damaged one: restore it" in words


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_folder_in_its_place_is_named_with_a_remedy(board: Deployment, command: tuple[str, ...]) -> None:
    file = board.folder / "instance" / "development.db"
    file.unlink()
    file.mkdir()
    words = said(board, *command)
    assert "unable to open database file" in words
    assert "→ see that the file, its folder and its disk are there" in words


def test_a_database_that_cannot_be_made_is_named_with_a_remedy(
    board: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    (board.folder / "occupied").touch()
    monkeypatch.setenv("DATABASE_URL", "sqlite:///occupied/board.db")
    words = said(board, "db", "upgrade")
    assert "occupied/board.db cannot be made" in words
    assert "→ make its folder writable, or set DATABASE_URL" in words


def test_a_server_that_is_down_is_named_without_its_password(
    board: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://app:{SECRET}@127.0.0.1:1/board")
    words = said(board, "db", "upgrade")
    assert "the database board at 127.0.0.1:1" in words
    assert "→ start the database server, or correct host and port" in words
    assert SECRET not in words


@pytest.mark.parametrize("command", [("db", "check"), ("doctor",), ("run", "--port", "1")], ids=" ".join)
def test_a_database_that_is_gone_is_not_replaced_by_an_empty_one(
    board: Deployment, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("werkzeug.serving.run_simple", lambda *_, **__: None)
    for path in (board.folder / "instance").glob("development.db*"):
        path.unlink()
    result = board.run(*command)
    shown = f"{result.output}{result.exception}"
    assert "development.db does not exist" in shown
    assert "Otherwise mount its disk, or restore it" in shown
    assert not (board.folder / "instance" / "development.db").exists()


def test_a_new_database_is_for_its_owner_alone(board: Deployment) -> None:
    files = list((board.folder / "instance").glob("development.db*"))
    assert files
    assert [file.name for file in files if file.stat().st_mode & 0o077] == []


def test_a_test_board_takes_no_tables_of_another_environment_back(
    board: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEGBOARD_ENV", "test")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///instance/development.db")
    words = said(board, "db", "downgrade", "--plugin", "accounts", "base", "--yes")
    assert "a test board refuses this database: it belongs to development" in words


def newer(board: Deployment) -> None:
    with sqlite3.connect(board.folder / "instance" / "development.db") as connection:
        connection.execute("UPDATE alembic_version_accounts SET version_num = 'accounts_9999'")


@pytest.mark.parametrize("command", [("upgrade",), ("downgrade", "--plugin", "accounts", "--yes")], ids="".join)
def test_a_database_that_a_newer_version_migrated_is_left_alone(board: Deployment, command: tuple[str, ...]) -> None:
    newer(board)
    words = said(board, "db", *command)
    assert "accounts is at accounts_9999, which this version does not know" in words
    assert "deploy the newer version; or let it take the tables back" in words


def test_a_board_beside_a_newer_one_stays_ready(board: Deployment) -> None:
    from pegboard import create_app
    from pegboard.sources import read_sources

    newer(board)
    app = create_app(sources=read_sources(board.folder / "pegboard.toml", environ={}))
    assert app.test_client().get("/readyz").json == {
        "status": "ok", "checks": {"database": "ok", "migrations": "ok"}, "plugins": {},
    }  # fmt: skip


class Writing:
    """One page that writes what it is given."""

    def pages(self) -> list[Blueprint]:
        blueprint = Blueprint("shop", __name__)
        blueprint.add_url_rule("/write/<word>", "write", self.write)
        return [blueprint]

    def write(self, word: str) -> str:
        db.session.execute(text("INSERT INTO notes VALUES (:word)"), {"word": word})
        db.session.commit()
        return "written"


@pytest.fixture
def writing(make_board: MakeBoard, make_plugin: Callable[..., type], tmp_path: Path) -> Flask:
    with sqlite3.connect(tmp_path / "notes.db") as connection:
        connection.execute("CREATE TABLE notes (word VARCHAR UNIQUE)")
    plugin = make_plugin("shop", blueprints=lambda self: Writing().pages())
    return make_board(plugin, env="development", database_url=f"sqlite:///{tmp_path}/notes.db")


def test_nothing_is_accepted_into_a_file_that_was_taken_away(writing: Flask, tmp_path: Path) -> None:
    client = writing.test_client()
    assert client.get("/shop/write/one").text == "written"
    (tmp_path / "notes.db").rename(tmp_path / "moved.db")
    answer = client.get("/shop/write/two")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert not (tmp_path / "notes.db").exists()
    (tmp_path / "moved.db").rename(tmp_path / "notes.db")
    assert client.get("/shop/write/three").text == "written"


def test_a_locked_database_is_503_and_the_log_says_which_request_and_no_data(
    writing: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing.app_context():
        db.session.execute(text("PRAGMA busy_timeout = 1"))
    other = sqlite3.connect(tmp_path / "notes.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        answer = writing.test_client().get(f"/shop/write/{SECRET[:4]}", headers={"X-Request-ID": "request-12345"})
    finally:
        other.close()
    assert answer.status_code == 503
    assert "database is locked" in caplog.text
    assert "request request-12345 GET /shop/write/" in caplog.text
    assert "Traceback" not in caplog.text


def test_rows_are_in_no_log(writing: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with writing.app_context():
        write = text("INSERT INTO notes VALUES (:word)")
        db.session.execute(write, {"word": SECRET})
        with pytest.raises(exc.IntegrityError) as caught:
            db.session.execute(write, {"word": SECRET})
        logging.getLogger("test").error("refused", exc_info=caught.value)
        db.session.rollback()
    assert "UNIQUE constraint failed" in caplog.text
    assert SECRET not in caplog.text
