"""Boards for the tests of work: on SQLite, and on PostgreSQL where it is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine

from pegboard.db import db
from pegboard.testing.boards import MakeBoard
from tests.postgres import new_database, postgres

__all__ = ["app", "engine", "new_database", "postgres", "url"]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.db)])
def url(request: pytest.FixtureRequest, tmp_path: object) -> str:
    """An empty database of each kind."""
    if request.param == "postgresql":
        made: str = request.getfixturevalue("new_database")()
        return made
    return f"sqlite:///{tmp_path}/work.db"


@pytest.fixture
def app(url: str, make_board: MakeBoard) -> Flask:
    """A board without plugins that has the core's tables."""
    return make_board(database_url=url)


@pytest.fixture
def engine(app: Flask) -> Iterator[Engine]:
    """Its engine, for connections of the test's own."""
    with app.app_context():
        yield db.engine
