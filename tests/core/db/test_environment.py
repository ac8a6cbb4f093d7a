"""A test board touches no database of another environment."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from pegboard.db import db
from pegboard.db.environment import stamp
from pegboard.errors import ConfigError

MakeBoard = Callable[..., Flask]


def select_one(app: Flask) -> int | None:
    with app.app_context(), db.engine.connect() as connection:
        return connection.execute(text("SELECT 1")).scalar()


def test_an_empty_database_is_accepted(make_board: MakeBoard, tmp_path: Path) -> None:
    assert select_one(make_board(database_url=f"sqlite:///{tmp_path}/new.db")) == 1


def test_a_database_stamped_for_tests_is_accepted(make_board: MakeBoard, tmp_path: Path) -> None:
    app = make_board(database_url=f"sqlite:///{tmp_path}/test.db")
    with app.app_context(), db.engine.begin() as connection:
        stamp(connection, "test")
        stamp(connection, "production")
    assert select_one(app) == 1, "the first stamp stays"


@pytest.mark.parametrize("name", ["production", "development", None])
def test_any_other_database_is_refused_untouched(make_board: MakeBoard, tmp_path: Path, name: str | None) -> None:
    file = tmp_path / "real.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE users (id)")
        if name:
            connection.execute("CREATE TABLE pegboard_environment (name)")
            connection.execute("INSERT INTO pegboard_environment VALUES (?)", (name,))
    connection.close()
    before = file.read_bytes()
    with pytest.raises(ConfigError, match=f"it belongs to {name or 'an unknown environment'}"):
        select_one(make_board(database_url=f"sqlite:///{file}"))
    assert file.read_bytes() == before


def test_a_development_board_opens_its_own(make_board: MakeBoard, tmp_path: Path) -> None:
    (tmp_path / "dev.db").touch()
    app = make_board(env="development", database_url=f"sqlite:///{tmp_path}/dev.db")
    with app.app_context(), db.engine.begin() as connection:
        stamp(connection, "development")
    assert select_one(app) == 1
