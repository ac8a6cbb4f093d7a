"""What there is to do and what became of it, for people who look after the board. Asks only, changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, func, select, union_all

from pegboard.db import db

from .clock import now_ms
from .lanes import AMONG_STOPPED, status_is
from .models import DEAD, DONE, HOLD, IGNORED, LEASED, PARKED, PENDING, STATUSES, WAITING, Work, WorkReplay

_HEAVY = ("payload", "data", "headers")
_LIGHT = [column for column in Work.__table__.c if column.name not in _HEAVY]
_ENDED_WELL = (DONE, IGNORED)
_UNDER_WAY = (WAITING, PENDING, LEASED)


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything about one item: its columns, the database's time, and how often it was set to work again."""

    item: Work
    now: int
    replays: Sequence[WorkReplay]


def found(
    *,
    status: str | Collection[str] | None = None,
    queue: str | None = None,
    handler: str | None = None,
    kind: str | None = None,
    limit: int = 50,
    before: int | None = None,
) -> list[dict[str, Any]]:
    """Items without what they carry, the newest first: those of a `status` or of several, or all that are neither done nor ignored.

    `before` is the id at which the page before this one ended.
    """
    asked = ((Work.kind, kind), (Work.queue, queue), (Work.handler, handler))
    which: list[ColumnElement[bool]] = [column == value for column, value in asked if value is not None]
    newest = _newest(_wanted(status), which, limit, before)
    rows = db.session.execute(select(*_LIGHT).where(Work.id.in_(newest)).order_by(Work.id.desc()).limit(limit))
    return [dict(row) for row in rows.mappings()]


def counted() -> dict[str, int]:
    """How many items there are of each status."""
    rows = db.session.execute(select(Work.status, func.count()).where(Work.kind != HOLD).group_by(Work.status))
    numbers = {row[0]: row[1] for row in rows}
    return {status: numbers.get(status, 0) for status in STATUSES}


def counted_up_to(most: int, status: str | Collection[str], handler: str | None = None) -> int:
    """How many items of a status, or of several, there are; `most` where there are more, so that no more are looked at."""
    which = [Work.handler == handler] if handler is not None else []
    each = [select(Work.id).where(*of_status(one), *which).limit(most).subquery() for one in _wanted(status)]
    some = union_all(*(select(one.c.id) for one in each)).subquery()
    return min(most, db.session.scalar(select(func.count()).select_from(some)) or 0)


def dead_by_handler(most: int) -> dict[str, int]:
    """How many of the newest `most` dead items each handler has, who has the most first."""
    newest = select(Work.handler).where(*of_status(DEAD)).order_by(Work.id.desc()).limit(most).subquery()
    number = func.count()
    query = select(newest.c.handler, number).group_by(newest.c.handler).order_by(number.desc(), newest.c.handler)
    return {row[0]: row[1] for row in db.session.execute(query)}


def dead_count() -> int:
    """How many items are dead."""
    return db.session.scalar(select(func.count()).select_from(Work).where(*of_status(DEAD))) or 0


def detailed(item_id: int) -> Detail | None:
    """One item with all that it carries; None where there is none."""
    item = db.session.get(Work, item_id, populate_existing=True)
    if item is None:
        return None
    replays = db.session.scalars(select(WorkReplay).where(WorkReplay.work_id == item_id).order_by(WorkReplay.id)).all()
    return Detail(item, database_now(), replays)


def database_now() -> int:
    """Milliseconds of the database's clock."""
    return db.session.scalar(select(now_ms())) or 0


def _wanted(status: str | Collection[str] | None) -> tuple[str, ...]:
    """The statuses that are meant, each of which exists: they become part of the statement."""
    if status is None:
        return tuple(one for one in STATUSES if one not in _ENDED_WELL)
    named = (status,) if isinstance(status, str) else status
    return tuple(one for one in STATUSES if one in named)


def of_status(status: str) -> list[ColumnElement[bool]]:
    """The items of a status, in the words of the index that holds them: without these it is not used."""
    which = [status_is(status)]
    if status in (DEAD, PARKED):
        which.append(AMONG_STOPPED)
    if status == LEASED:
        which.append(Work.kind != HOLD)
    return which


def _newest(
    statuses: Collection[str], which: Sequence[ColumnElement[bool]], limit: int, before: int | None
) -> Select[Any]:
    """The ids of the newest of each status: each has an index of its own, and no index serves two.

    `+ 0` keeps databases from looking for the few that are under way in the primary key, among all that is done.
    """
    if len(statuses) == len(STATUSES):
        return select(_ids([Work.kind != HOLD, *which], Work.id, limit, before).subquery().c.id)
    each = [
        _ids([*of_status(one), *which], Work.id + 0 if one in _UNDER_WAY else Work.id, limit, before).subquery()
        for one in statuses
    ]
    return select(union_all(*(select(one.c.id) for one in each)).subquery().c.id)


def _ids(
    which: Sequence[ColumnElement[bool]], key: SQLColumnExpression[int], limit: int, before: int | None
) -> Select[Any]:
    earlier = [key < before] if before is not None else []
    return select(Work.id).where(*which, *earlier).order_by(key.desc()).limit(limit)
