"""Lanes: the key inside which items are worked on one at a time, in the order in which they became visible.

The first item of a lane is `pending` or `leased`, the others `waiting`. That no two are leased is held by the unique
index `uq_work_lane_leased`; who the first is, by the statements here. Each asks one partial index.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Exists,
    String,
    bindparam,
    case,
    exists,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased

from .clock import now_ms
from .models import DEAD, LEASED, PARKED, PENDING, WAITING, Work

_OTHER = aliased(Work)


def status_is(status: str, model: Any = Work) -> ColumnElement[bool]:
    """With the status in the statement's text: a parameter would keep databases from using the partial index."""
    condition: ColumnElement[bool] = model.status == literal_column(f"'{status}'")
    return condition


AMONG_STOPPED: ColumnElement[bool] = literal_column(f"work.status IN ('{DEAD}', '{PARKED}')")
"""What is dead or parked, in the words of the index `ix_work_stopped`, which is used only with them.

It has no type: of a Boolean, SQLite would be given `… = 1`, and would not know the words again.
"""


def some(status: str, lane: Any) -> Exists:
    """Whether the lane has an item of this status."""
    return exists().where(_OTHER.lane == lane, status_is(status, _OTHER))


def anything_in(lane: Any) -> tuple[Exists, ...]:
    """One of these is true where anything in the lane is not finished."""
    return tuple(some(status, lane) for status in (PENDING, LEASED, WAITING))


def promote(within: Session | Connection, lane: str | None) -> bool:
    """Make the oldest item that waits in the lane its first, unless it has one. Whether there was any to promote.

    Call it after the statement that ended the first, in the same transaction.
    """
    if lane is None:
        return False
    result: Any = within.execute(_PROMOTE, {"in_lane": lane})
    return bool(result.rowcount)


def promote_if_headless(engine: Engine, lane: str) -> None:
    """`promote` in a transaction of its own, where there is anything to promote: otherwise nothing is written."""
    with engine.begin() as connection:
        if connection.scalar(_HEADLESS, {"in_lane": lane}):
            promote(connection, lane)


def demote(within: Session | Connection, lane: str | None, first: int) -> None:
    """Let everything but `first` wait: two transactions that began the lane at once may both have thought so."""
    if lane is None:
        return
    rivals = select(_OTHER.id).where(_OTHER.lane == lane, status_is(PENDING, _OTHER), _OTHER.id != first)
    found = list(within.scalars(rivals.with_for_update(skip_locked=True)))
    if found:
        waiting = update(Work.__table__).where(Work.id.in_(found), status_is(PENDING))  # type: ignore[arg-type]
        within.execute(waiting.values(status=literal_column(f"'{WAITING}'")))


def promote_all(connection: Connection, lanes: Iterable[str]) -> int:
    """`promote` for each, in a fixed order, so that two that do it do not wait for each other in a circle."""
    return sum(promote(connection, lane) for lane in sorted(set(lanes)))


_LANE = bindparam("in_lane", type_=String())
# Ordered by both, so that no database walks along the primary key.
_LONGEST = select(_OTHER.id).where(_OTHER.lane == _LANE, status_is(WAITING, _OTHER)).order_by(_OTHER.lane, _OTHER.id)
_FREE = (~some(PENDING, _LANE), ~some(LEASED, _LANE))
_HEADLESS = select(some(WAITING, _LANE)).where(*_FREE)
_PROMOTE = (
    update(Work.__table__)  # type: ignore[arg-type]
    # `waiting` once more, for one that another transaction has promoted, and somebody leased, since this one looked.
    .where(
        Work.id == _LONGEST.limit(1).scalar_subquery(), status_is(WAITING), ~some(PENDING, _LANE), ~some(LEASED, _LANE)
    )
    # In a row with the others from now on: a lane with a long past does not come before everything that is newer.
    .values(status=literal_column(f"'{PENDING}'"), run_at=case((Work.run_at > now_ms(), Work.run_at), else_=now_ms()))
)
