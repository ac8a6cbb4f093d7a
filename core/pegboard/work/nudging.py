"""Hints that there is something to do, given once the outermost transaction is committed. Losing one costs time alone."""

from __future__ import annotations

from typing import Protocol, cast

from flask import Flask, current_app, g, has_request_context
from sqlalchemy import event
from sqlalchemy.orm import Session

from .extension import EXTENSION

_HINTS, _APP = "pegboard.work.hints", "pegboard.work.app"
_MOST = 100

Hint = tuple[str, str | None]
"""A queue, and the lane to look at, if there is one."""


class Driver(Protocol):
    """What sees to it that the work of a board is done. It only ever gets hints."""

    def nudge(self, hints: set[Hint]) -> None:
        """Something may be due there. Returns at once, whatever the state of any broker, and raises nothing."""


def driver_of(app: Flask) -> Driver | None:
    """The driver of an application, if it has one."""
    return cast("Driver | None", app.extensions.get(EXTENSION))


def nudge_after_commit(session: Session, queue: str, lane: str | None) -> None:
    """Give the hint when what the session has written is committed, and never when it is rolled back."""
    hints: set[Hint] = session.info.setdefault(_HINTS, set())
    hints.add((queue, lane if len(hints) < _MOST else None))
    session.info[_APP] = current_app._get_current_object()  # type: ignore[attr-defined]


def request_id() -> str | None:
    """The id of the request, which is followed through the log into what is done later."""
    return g.get("pegboard_request_id") if has_request_context() else None


@event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    if _HINTS not in session.info or session.in_nested_transaction():
        return
    hints, app = session.info.pop(_HINTS), session.info.pop(_APP)
    if (driver := driver_of(app)) is not None:
        driver.nudge(hints)


@event.listens_for(Session, "after_rollback")
def _rolled_back(session: Session) -> None:
    session.info.pop(_HINTS, None)
    session.info.pop(_APP, None)
