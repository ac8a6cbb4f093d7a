"""Writing down what has happened: one item for each handler, in the transaction in which it has happened.

Whatever records imports this, at boot too: the table is imported with the first event that somebody hears.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import has_app_context

from pegboard.events.naming import hook_of
from pegboard.live import Board, Owned, current_board
from pegboard.settings import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from pegboard.events.event import Event

QUEUE = "events"
_LONGEST_SUBJECT = 200


def record(event: Event, *, session: Session | None = None) -> None:
    """Tell everyone who hears of it, once the caller's transaction is committed; if it is rolled back, nobody.

    It joins the transaction of `db.session`, or of the `session` given, and commits nothing. An app context within another
    has another session, and so another transaction. Nothing is written where nobody listens.
    """
    board = board_to_work_on("record(…)")
    hook = hook_of(type(event).__name__)
    listeners = board.handlers.get(hook)
    if listeners is None:
        raise LookupError(_unknown(event, hook, board))
    from .kinds import check_kind

    check_kind(board, hook, type(event))
    if listeners:
        _write(event, hook, listeners, session)


def _write(event: Event, hook: str, listeners: Iterable[Owned], session: Session | None) -> None:
    from pegboard.db import db
    from pegboard.events.coding import encoded

    from .insertion import NewItem, insert
    from .models import EVENT
    from .nudging import nudge_after_commit, request_id

    within = db.session() if session is None else session
    data = encoded(event)
    for listener in listeners:
        handler = f"{listener.plugin}.{hook}"
        item = NewItem(
            kind=EVENT,
            queue=QUEUE,
            handler=handler,
            lane=lane_of(handler, event.subject),
            event_id=str(event.id),
            event_type=hook,
            event_version=event.version,
            data=data,
            request_id=request_id(),
        )
        insert(within, item)
        nudge_after_commit(within, QUEUE, item.lane)


def lane_of(handler: str, subject: str) -> str | None:
    """Within it, a handler gets the events of one subject one at a time and in order; no handler waits for another."""
    if not subject:
        return None
    if len(subject) > _LONGEST_SUBJECT:
        subject = hashlib.sha256(subject.encode("utf-8", "replace")).hexdigest()
    return f"{handler}:{subject}"


def board_to_work_on(call: str) -> Board:
    """The board of this context. RuntimeError outside of one, with what to write."""
    if not has_app_context():
        raise RuntimeError(
            f"{call} needs the application, for its database and its plugins. Outside a request and a command, write\n\n"
            f"    with app.app_context():\n        {call}; db.session.commit()\n"
        )
    return current_board()


def _unknown(event: Event, hook: str, board: Board) -> str:
    name = type(event).__name__
    return (
        f"no hook hears {name}: {suggestion(hook, list(board.handlers))} An event of a plugin is declared in the class "
        f"that its `hookspecs` names: def {hook}(self, event: {name})"
    )
