"""Rows of `files`: found with their owner, and changed in transactions of their own."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, Update, select, update
from sqlalchemy.sql.dml import Delete
from werkzeug.exceptions import NotFound

from pegboard.db import db, outside_transaction
from pegboard.errors import PegboardError

from .models import File

_BATCH = 500  # records read at once
S = TypeVar("S", bound=Select[Any])


class Anyone(enum.Enum):
    """`ANYONE` in place of an owner: the caller has checked that this person may reach everyone's files."""

    ANYONE = "anyone"


ANYONE = Anyone.ANYONE


class NoSuchFile(NotFound, PegboardError):
    """There is no such file for this owner. Left to pass, it is the answer 404."""


def owned_by(query: S, owner: str | Anyone) -> S:
    """The query, for one owner's files only; for everyone's with `ANYONE`."""
    return query if owner is ANYONE else query.where(File.owner == owner)


def find(file_id: str, owner: str | Anyone) -> File:
    """A detached record. NoSuchFile when there is none, or it is somebody else's."""
    if "\0" in file_id:  # in an address it may be, in a question to PostgreSQL not
        raise NoSuchFile
    file = db.session.scalar(
        owned_by(select(File).where(File.id == file_id), owner).execution_options(populate_existing=True)
    )
    if file is None:
        raise NoSuchFile
    db.session.expunge(file)
    return file


def each(*which: ColumnElement[bool]) -> Iterator[File]:
    """Detached records of all files like this, read in batches: what changes meanwhile may or may not be among them."""
    last = ""
    while True:
        with outside_transaction():
            query = select(File).where(File.id > last, *which).order_by(File.id).limit(_BATCH)
            found = db.session.scalars(query.execution_options(populate_existing=True)).all()
        for file in found:
            db.session.expunge(file)
        if not found:
            return
        yield from found
        last = found[-1].id


@contextmanager
def transaction() -> Iterator[None]:
    """A transaction that commits at the end and rolls back what raises. It is refused to a caller who has written.

    Rows of `files` are changed before rows of `files_objects`, so that two transactions never wait for each other.
    """
    with outside_transaction():
        try:
            yield
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise


def changed(statement: Update | Delete) -> int:
    """How many rows a statement has changed, in the caller's transaction."""
    result: Any = db.session.execute(statement, execution_options={"synchronize_session": False})
    return int(result.rowcount)


def move(file: File, *states: str, to: str, **values: Any) -> bool:
    """Move a file on, in the caller's transaction, if it is in one of these states. Whether it moved."""
    moved = update(File).where(File.id == file.id, File.state.in_(states)).values(state=to, **values)
    if not changed(moved):
        return False
    for name, value in (("state", to), *values.items()):
        setattr(file, name, value)
    return True
