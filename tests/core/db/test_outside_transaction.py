"""No network call happens inside a transaction that has written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Column, Integer, MetaData, Table, insert, text

from pegboard.db import db, outside_transaction
from pegboard.errors import PegboardError

MakeBoard = Callable[..., Flask]
NOTES = Table("notes", MetaData(), Column("id", Integer, primary_key=True))


@pytest.fixture
def app(make_board: MakeBoard, tmp_path: Path) -> Iterator[Flask]:
    """A board with one table."""
    from pegboard.db.environment import stamp

    board = make_board(database_url=f"sqlite:///{tmp_path}/test.db")
    with board.app_context():
        with db.engine.begin() as connection:
            stamp(connection, "test")
            NOTES.create(connection)
        yield board


def read() -> int | None:
    return db.session.execute(text("SELECT count(*) FROM notes")).scalar()


def test_after_reading_the_transaction_is_ended(app: Flask) -> None:
    read()
    assert db.session().in_transaction()
    with outside_transaction():
        assert not db.session().in_transaction()


@pytest.mark.parametrize(
    "statement",
    [
        insert(NOTES).values(id=1),
        NOTES.delete(),
        NOTES.update().values(id=2),
        text("INSERT INTO notes VALUES (1)"),
        text("  delete from notes"),
        text("/* tidy up */ DELETE FROM notes"),
        text("WITH old AS (SELECT 1) DELETE FROM notes"),
    ],
)
def test_after_writing_it_is_refused_and_nothing_is_lost(app: Flask, statement: object) -> None:
    db.session.execute(statement)  # type: ignore[call-overload]
    with pytest.raises(PegboardError, match="commit or roll back first"), outside_transaction():
        pass
    assert db.session().in_transaction()


def test_writing_past_the_session_counts_too(app: Flask) -> None:
    db.session.connection().execute(insert(NOTES).values(id=1))
    with pytest.raises(PegboardError), outside_transaction():
        pass


def test_what_another_session_wrote_on_the_same_connection_is_not_held_against_this_one(app: Flask) -> None:
    db.session.execute(insert(NOTES).values(id=1))
    db.session.remove()
    read()
    with outside_transaction():
        pass


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_after_the_end_of_the_transaction_it_is_allowed_again(app: Flask, end: str) -> None:
    db.session.execute(insert(NOTES).values(id=1))
    getattr(db.session, end)()
    with outside_transaction():
        pass
    assert read() == (1 if end == "commit" else 0)


def test_a_savepoint_that_was_rolled_back_still_holds_the_write_lock(app: Flask) -> None:
    nested = db.session.begin_nested()
    db.session.execute(insert(NOTES).values(id=1))
    nested.rollback()
    with pytest.raises(PegboardError), outside_transaction():
        pass


def test_what_is_committed_inside_stays(app: Flask) -> None:
    with outside_transaction():
        db.session.execute(insert(NOTES).values(id=1))
        db.session.commit()
    assert read() == 1
