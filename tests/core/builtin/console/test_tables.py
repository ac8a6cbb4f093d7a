"""Where there is nothing to look at, the console says why and what to type; where the database is away, it does not guess."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from pegboard import Plugin, hookimpl
from pegboard.contributions import UserSource
from pegboard.db import db
from pegboard.live import board_of
from pegboard.migrations import upgrade
from pegboard.settings import PluginSettings
from pegboard.testing.boards import MakeBoard
from pegboard.work.models import Base

PAGES = ("/console/", "/console/work", "/console/webhooks", "/console/work/1", "/console/replay?handler=a")


@dataclass(frozen=True)
class Ada:
    subject: str = "ada"
    name: str = "Ada"
    roles: frozenset[str] = frozenset({"admin"})
    permissions: frozenset[str] = frozenset({"console.view", "console.replay"})


class People(Plugin[PluginSettings]):
    """Everybody is Ada, without a database."""

    name = "people"

    @hookimpl
    def user_source(self) -> UserSource:
        return UserSource(Ada, "home.index")


@pytest.fixture
def board(make_board: MakeBoard, tmp_path: Path) -> Flask:
    """A board with a database, and with a person who is in none."""
    return make_board("console", "home", People, database_url=f"sqlite:///{tmp_path}/board.db")


@pytest.mark.parametrize("path", PAGES)
def test_pending_migrations_are_named_with_the_command_to_type(board: Flask, path: str) -> None:
    with board.app_context(), db.engine.begin() as connection:
        for table in (*Base.tables(), "alembic_version_core"):
            connection.execute(text(f"DROP TABLE {table}"))
    client = board.test_client()
    answer = client.get(path)
    assert answer.status_code == 503
    assert "Migrations are pending for: <code>core</code>" in answer.text
    assert "pegboard db upgrade" in answer.text
    upgrade(board, board_of(board).plan, board_of(board).plan.database_url)
    assert client.get("/console/").status_code == 200


def test_a_board_without_a_database_has_nothing_to_look_after(make_board: MakeBoard) -> None:
    app = make_board("console", "home", People)
    assert not board_of(app).plan.uses_database
    for path in PAGES:
        answer = app.test_client().get(path)
        assert answer.status_code == 200
        assert "This board has no database" in answer.text


def test_a_database_that_is_away_is_no_pending_migration(board: Flask, tmp_path: Path) -> None:
    board.testing = False
    with board.app_context():
        db.engine.dispose()
    for file in tmp_path.glob("board.db*"):
        file.unlink()
    (tmp_path / "board.db").mkdir()
    answer = board.test_client().get("/console/")
    assert answer.status_code == 503
    assert "Not available right now" in answer.text
    assert "db upgrade" not in answer.text


def test_a_table_that_is_missing_though_all_is_migrated_is_an_error(board: Flask) -> None:
    """Something else is wrong then, and the log must say what."""
    board.testing = False
    with board.app_context(), db.engine.begin() as connection:
        connection.execute(text("DROP TABLE work"))
    answer = board.test_client().get("/console/")
    assert answer.status_code == 503
    assert "db upgrade" not in answer.text
