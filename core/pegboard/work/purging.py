"""Retention: what old items carried is emptied, and their rows stay, so that a webhook that comes again is known."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, null, select, update

from pegboard.db import db
from pegboard.live import current_board

from . import gates
from .clock import now_ms
from .models import DONE, IGNORED, JOB, Work
from .scheduling import PREFIX

_DAY = 86_400_000
_AT_ONCE = 1_000


def purge() -> None:
    """Empty what was finished longer ago than `work_days`, in the caller's transaction. What is dead stays as it is.

    Ticks of schedules are deleted: nothing asks for them again.
    """
    days = current_board().settings.work_days
    connection = db.session.connection()
    while _emptied(connection, days * _DAY):
        pass
    old = (Work.kind == JOB, Work.dedupe_key.startswith(PREFIX), Work.purged_at.is_not(None))
    connection.execute(delete(Work.__table__).where(*old))  # type: ignore[arg-type]
    gates.forget_old(connection)


def _emptied(connection: Connection, age: int) -> int:
    finished = (Work.purged_at.is_(None), Work.finished_at.is_not(None), Work.finished_at < now_ms() - age)
    ids = select(Work.id).where(*finished, Work.status.in_((DONE, IGNORED))).order_by(Work.finished_at).limit(_AT_ONCE)
    emptied = update(Work.__table__).where(Work.id.in_(ids))  # type: ignore[arg-type]
    result: Any = connection.execute(
        emptied.values(data=null(), payload=null(), headers=null(), progress=null(), purged_at=now_ms())
    )
    return int(result.rowcount)
