"""What is acknowledged to somebody is on the disk; other transactions wait for none."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from pegboard.db import db
from pegboard.db.durable import durable_transaction
from pegboard.testing.boards import MakeBoard

FULL, NORMAL = 2, 1


@pytest.fixture
def engine(make_board: MakeBoard) -> Engine:
    app = make_board("accounts")
    with app.app_context():
        return db.engine


def test_the_commit_waits_for_the_disk_and_the_next_ones_do_not(engine: Engine) -> None:
    with durable_transaction(engine) as connection:
        connection.execute(text("CREATE TABLE notes (words TEXT)"))
        assert connection.execute(text("PRAGMA synchronous")).scalar() == FULL
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == NORMAL
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar() == 0


def test_what_fails_is_rolled_back_and_the_connection_is_as_before(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (words TEXT)"))
    with pytest.raises(ZeroDivisionError), durable_transaction(engine) as connection:  # noqa: PT012 - both belong to it
        connection.execute(text("INSERT INTO notes VALUES ('x')"))
        raise ZeroDivisionError
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == NORMAL
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar() == 0
