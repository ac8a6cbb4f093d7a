"""The extension object, and the rule that no network call happens inside a transaction that has written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import TextClause, event
from sqlalchemy.orm import ORMExecuteState, Session

from pegboard.errors import PegboardError

from .models import metadata

db = SQLAlchemy(metadata=metadata, session_options={"expire_on_commit": False})
_WRITTEN = "pegboard.written"
_WRITES = re.compile(r"\s*(insert|update|delete|replace|merge|create|alter|drop)\b", re.IGNORECASE)


@contextmanager
def outside_transaction() -> Iterator[None]:
    """Run network calls in this block: it ends the read transaction, and refuses a session that has written."""
    session = db.session()
    if session.info.get(_WRITTEN) or session.new or session.dirty or session.deleted:
        raise PegboardError(
            "this call reaches the network, but the session has unsaved writes: commit or roll back first"
        )
    session.rollback()
    yield


@event.listens_for(Session, "after_flush")
def _flushed(session: Session, context: object) -> None:
    session.info[_WRITTEN] = True


@event.listens_for(Session, "do_orm_execute")
def _executed(state: ORMExecuteState) -> None:
    text = state.statement.text if isinstance(state.statement, TextClause) else ""
    if state.is_insert or state.is_update or state.is_delete or _WRITES.match(text):
        state.session.info[_WRITTEN] = True


@event.listens_for(Session, "after_transaction_end")
def _ended(session: Session, transaction: object) -> None:
    if getattr(transaction, "parent", None) is None:
        session.info.pop(_WRITTEN, None)
