"""SQLite does what it is told: rollback means rollback, foreign keys hold, keys are not used again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import ForeignKey, MetaData, func, insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pegboard.db import ModelBase, UtcDateTime, db, utc_now
from pegboard.db.models import metadata as shared

MakeBoard = Callable[..., Flask]


class Base(ModelBase, DeclarativeBase):
    """A plugin's base, over metadata of its own so that no board sees these tables."""

    metadata = MetaData(naming_convention=shared.naming_convention)
    plugin = "kept"


class Shelf(Base):
    """A parent."""

    __tablename__ = "kept_shelves"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime] = mapped_column(default=utc_now)


class Jar(Base):
    """A child."""

    __tablename__ = "kept_jars"
    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("kept_shelves.id", ondelete="CASCADE"))


@pytest.fixture
def app(make_board: MakeBoard, tmp_path: Path) -> Iterator[Flask]:
    """A board with a database that has both tables and the stamp of tests."""
    from pegboard.db.environment import stamp

    board = make_board(database_url=f"sqlite:///{tmp_path}/test.db")
    with board.app_context():
        with db.engine.begin() as connection:
            stamp(connection, "test")
            Base.metadata.create_all(connection)
        yield board


def names() -> list[str]:
    return list(db.session.scalars(select(Shelf.name).order_by(Shelf.id)))


def test_what_is_rolled_back_has_not_happened(app: Flask) -> None:
    db.session.add(Shelf(name="one"))
    db.session.flush()
    db.session.rollback()
    assert names() == []


def test_a_savepoint_that_is_first_in_its_transaction_is_rolled_back(app: Flask) -> None:
    nested = db.session.begin_nested()
    db.session.add(Shelf(name="one"))
    db.session.flush()
    nested.rollback()
    db.session.commit()
    assert names() == []


def test_a_released_savepoint_goes_with_its_transaction(app: Flask) -> None:
    with db.session.begin_nested():
        db.session.add(Shelf(name="one"))
    db.session.rollback()
    assert names() == []


def test_of_two_savepoints_one_is_kept(app: Flask) -> None:
    for name in ("one", "two", "one", "three"):
        try:
            with db.session.begin_nested():
                db.session.add(Shelf(name=name))
                db.session.flush()
        except IntegrityError:
            pass
    db.session.commit()
    assert names() == ["one", "two", "three"]


def test_foreign_keys_hold_and_cascade(app: Flask) -> None:
    db.session.add(Shelf(id=1, name="one"))
    db.session.flush()
    db.session.add(Jar(shelf_id=1))
    db.session.commit()
    db.session.execute(text("DELETE FROM kept_shelves"))
    assert db.session.scalar(select(func.count(Jar.id))) == 0
    with pytest.raises(IntegrityError):
        db.session.execute(insert(Jar).values(shelf_id=99))


def test_the_key_of_a_deleted_row_is_not_used_again(app: Flask) -> None:
    db.session.add(Shelf(name="one"))
    db.session.commit()
    db.session.execute(text("DELETE FROM kept_shelves"))
    db.session.commit()
    later = Shelf(name="two")
    db.session.add(later)
    db.session.commit()
    assert later.id == 2


def test_readers_do_not_wait_for_a_writer(app: Flask) -> None:
    db.session.add(Shelf(name="one"))
    db.session.flush()
    with db.engine.connect() as other:
        assert other.execute(text("SELECT count(*) FROM kept_shelves")).scalar() == 0
    db.session.commit()


def test_the_modes_are_set_on_every_connection(app: Flask) -> None:
    with db.engine.connect() as one, db.engine.connect() as two:
        for connection in (one, two):
            pragmas = {
                name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "foreign_keys")
            }
            assert pragmas == {"journal_mode": "wal", "foreign_keys": 1}
            assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 5_000


def test_constraints_have_names_and_tables_a_plugin() -> None:
    table = Base.metadata.tables["kept_jars"]
    assert {str(constraint.name) for constraint in table.constraints} == {
        "pk_kept_jars",
        "fk_kept_jars_shelf_id_kept_shelves",
    }
    assert table.info["plugin"] == "kept"


def test_a_time_comes_back_aware_and_in_utc(app: Flask) -> None:
    east = datetime(2026, 3, 1, 2, 30, tzinfo=timezone(timedelta(hours=5)))
    db.session.add(Shelf(name="one", made_at=east))
    db.session.commit()
    db.session.expire_all()
    found = db.session.scalars(select(Shelf.made_at)).one()
    assert found == east
    assert found.tzinfo is UTC


def test_a_naive_time_is_refused(app: Flask) -> None:
    db.session.add(Shelf(name="one", made_at=datetime(2026, 3, 1)))  # noqa: DTZ001 - what is refused
    with pytest.raises(StatementError, match="needs a time zone"):
        db.session.flush()


def test_no_time_stays_no_time() -> None:
    kind: Any = UtcDateTime()
    assert kind.process_bind_param(None, None) is None
    assert kind.process_result_value(None, None) is None
