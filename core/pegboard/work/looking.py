"""What there is to do and what became of it, for people who look after the board. Asks only, changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select

from pegboard.db import db

from .clock import now_ms
from .models import DEAD, DONE, HOLD, IGNORED, STATUSES, Work, WorkReplay

_HEAVY = ("payload", "data", "headers")
_LIGHT = [column for column in Work.__table__.c if column.name not in _HEAVY]


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything about one item: its columns, the database's time, and how often it was set to work again."""

    item: Work
    now: int
    replays: Sequence[WorkReplay]


def found(
    *,
    status: str | None = None,
    queue: str | None = None,
    handler: str | None = None,
    kind: str | None = None,
    limit: int = 50,
    before: int | None = None,
) -> list[dict[str, Any]]:
    """Items without what they carry, the newest first: those of a `status`, or all that are neither done nor ignored.

    `before` is the id at which the page before this one ended.
    """
    which: list[ColumnElement[bool]] = [Work.kind != HOLD] if kind is None else [Work.kind == kind]
    which.append(Work.status == status if status else Work.status.not_in((DONE, IGNORED)))
    for column, value in ((Work.queue, queue), (Work.handler, handler)):
        if value is not None:
            which.append(column == value)
    if before is not None:
        which.append(Work.id < before)
    rows = db.session.execute(select(*_LIGHT).where(*which).order_by(Work.id.desc()).limit(limit)).mappings()
    return [dict(row) for row in rows]


def counted() -> dict[str, int]:
    """How many items there are of each status."""
    rows = db.session.execute(select(Work.status, func.count()).where(Work.kind != HOLD).group_by(Work.status))
    numbers = {row[0]: row[1] for row in rows}
    return {status: numbers.get(status, 0) for status in STATUSES}


def dead_count() -> int:
    """How many items are dead."""
    return db.session.scalar(select(func.count()).select_from(Work).where(Work.status == DEAD)) or 0


def detailed(item_id: int) -> Detail | None:
    """One item with all that it carries; None where there is none."""
    item = db.session.get(Work, item_id, populate_existing=True)
    if item is None:
        return None
    replays = db.session.scalars(select(WorkReplay).where(WorkReplay.work_id == item_id).order_by(WorkReplay.id)).all()
    return Detail(item, db.session.scalar(select(now_ms())) or 0, replays)
