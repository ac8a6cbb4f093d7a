"""Rows of `files`: found with their owner, and moved from state to state by the one request that wins."""

from __future__ import annotations

import enum
from typing import Any, TypeVar

from sqlalchemy import Select, delete, select, update
from werkzeug.exceptions import NotFound

from pegboard.db import db, outside_transaction
from pegboard.errors import PegboardError

from .models import DELETING, PENDING, File

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
    file = db.session.scalar(
        owned_by(select(File).where(File.id == file_id), owner).execution_options(populate_existing=True)
    )
    if file is None:
        raise NoSuchFile
    db.session.expunge(file)
    return file


def add(file: File) -> File:
    """Write a new row, commit, and return it detached."""
    db.session.add(file)
    db.session.commit()
    db.session.expunge(file)
    return file


def move(file: File, state: str, **values: Any) -> bool:
    """Move a file on, if it is where the move may start: only `deleting` starts anywhere. Whether it moved; commits."""
    with outside_transaction():
        wanted = update(File).where(File.id == file.id)
    if state != DELETING:
        wanted = wanted.where(File.state == PENDING)
    moved = _ran(wanted.values(state=state, **values))
    if moved:
        file.state = state
        for name, value in values.items():
            setattr(file, name, value)
    return moved


def forget(file: File) -> None:
    """Delete the row; commits."""
    _ran(delete(File).where(File.id == file.id, File.state == DELETING))


def _ran(statement: Any) -> bool:
    result: Any = db.session.execute(statement, execution_options={"synchronize_session": False})
    db.session.commit()
    return bool(result.rowcount)
