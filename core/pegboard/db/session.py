"""The extension object, and the rule that no network call happens inside a transaction that has written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from pegboard.errors import PegboardError

from .models import metadata

db = SQLAlchemy(metadata=metadata, session_options={"expire_on_commit": False})
_CONNECTION, _WRITTEN = "pegboard.connection", "pegboard.written"
_READS = re.compile(r"\s*(select|pragma|explain|show|set|begin|savepoint|release|rollback)\b", re.IGNORECASE)


@contextmanager
def outside_transaction() -> Iterator[None]:
    """Run network calls in this block: it ends the read transaction, and refuses a session that has written."""
    session = db.session()
    if has_written(session):
        raise PegboardError(
            "this call reaches the network, but the session has unsaved writes: commit or roll back first"
        )
    session.rollback()
    yield


def has_written(session: Session) -> bool:
    """Whether the session has changes that are not committed, sent to the database or not."""
    connection: Connection | None = session.info.get(_CONNECTION)
    sent = connection is not None and not connection.closed and bool(connection.info.get(_WRITTEN))
    return sent or bool(session.new or session.dirty or session.deleted)


def note_writes(engine: Engine) -> None:
    """Remember of each connection whether its transaction has sent anything but reads."""

    @event.listens_for(engine, "before_cursor_execute")
    def _sent(connection: Connection, cursor: Any, statement: str, *rest: Any) -> None:
        if not _READS.match(statement):
            connection.info[_WRITTEN] = True

    @event.listens_for(engine, "commit")
    @event.listens_for(engine, "rollback")
    def _ended(connection: Connection) -> None:
        connection.info.pop(_WRITTEN, None)

    @event.listens_for(engine, "checkout")
    def _taken(connection: Any, record: Any, proxy: Any) -> None:
        record.info.pop(_WRITTEN, None)


@event.listens_for(Session, "after_begin")
def _begun(session: Session, transaction: object, connection: Connection) -> None:
    session.info[_CONNECTION] = connection


@event.listens_for(Session, "after_transaction_end")
def _closed(session: Session, transaction: object) -> None:
    if getattr(transaction, "parent", None) is None:
        session.info.pop(_CONNECTION, None)
