"""What puts right whatever was interrupted. It only wakes what is due: it may run anywhere, at any time, twice at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, case, func, literal_column, null, or_, select, update
from sqlalchemy.orm import aliased

from pegboard.live import Board

from .backoff import MOST_TRIES
from .clock import now_ms
from .lanes import AMONG_STOPPED, demote, promote_all, some, status_is
from .models import DEAD, DONE, HOLD, LEASED, PARKED, PENDING, WAITING, Work
from .tasks import FINDERS, can_handle

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Swept:
    """How many leases had run out, how many items have somebody again who handles them, and how many lanes had no first
    item or more than one."""

    expired: int
    resumed: int
    promoted: int
    demoted: int


def sweep(engine: Engine, board: Board | None = None) -> Swept:
    """Take back leases that have run out, resume what was parked and this `board` can handle, and give every lane with
    something to do exactly one first item."""
    return Swept(_expire(engine), _resume(engine, board) if board else 0, _promote(engine), _demote(engine))


def _expire(engine: Engine) -> int:
    """Whoever held them has died or hangs. That was a try: an item that kills its workers is dead in the end."""
    count = 0
    while True:
        with engine.begin() as connection:
            query = select(Work.id).where(status_is(LEASED), Work.lease_until < now_ms())
            ids = list(connection.scalars(query.limit(_AT_ONCE).with_for_update(skip_locked=True)))
            if ids:
                promote_all(connection, _taken_back(connection, ids))
        count += len(ids)
        if len(ids) < _AT_ONCE:
            return count


def _taken_back(connection: Connection, ids: Sequence[int]) -> list[str]:
    """The lanes that lost their first item by it."""
    run_out = (Work.id.in_(ids), status_is(LEASED), Work.lease_until < now_ms())
    table, free = Work.__table__, {"lease_until": null(), "worker": null()}
    again = update(table).where(*run_out, Work.kind != HOLD, Work.tries < MOST_TRIES)  # type: ignore[arg-type]
    connection.execute(again.values(status=literal_column(f"'{PENDING}'"), run_at=now_ms(), **free))
    hold = Work.kind == HOLD
    ended = update(table).where(*run_out, or_(hold, Work.tries >= MOST_TRIES)).values(finished_at=now_ms(), **free)  # type: ignore[arg-type]
    error = f"the lease ran out {MOST_TRIES} times: whoever works on it dies, or takes too long"
    lanes = connection.scalars(ended.where(~hold).values(status=DEAD, error=error).returning(Work.lane)).all()
    lanes = [*lanes, *connection.scalars(ended.where(hold).values(status=DONE).returning(Work.lane))]
    return [lane for lane in lanes if lane is not None]


def _resume(engine: Engine, board: Board) -> int:
    """What was parked goes to the end of the line: into its lane where it has one, and the lane's oldest comes first."""
    parked = (Work.status == literal_column(f"'{PARKED}'"), AMONG_STOPPED, Work.kind.in_(FINDERS))
    with engine.connect() as connection:
        handlers = [
            one for one in connection.scalars(select(Work.handler).where(*parked).distinct()) if can_handle(board, one)
        ]
    if not handlers:
        return 0
    waiting = case((Work.lane.is_(None), literal_column(f"'{PENDING}'")), else_=literal_column(f"'{WAITING}'"))
    resume = update(Work.__table__).where(*parked, Work.handler.in_(handlers))  # type: ignore[arg-type]
    with engine.begin() as connection:
        result: Any = connection.execute(resume.values(status=waiting, error=null()))
        return int(result.rowcount)


def _promote(engine: Engine) -> int:
    """Lanes in which something waits for nobody. Looks at one row of each lane in which anything waits."""
    with engine.connect() as connection:
        lanes = list(connection.scalars(_HEADLESS))
    count = 0
    for start in range(0, len(lanes), _AT_ONCE):
        with engine.begin() as connection:
            count += promote_all(connection, lanes[start : start + _AT_ONCE])
    return count


def _demote(engine: Engine) -> int:
    """Lanes with several first items: the oldest is it, or the one that is worked on."""
    with engine.connect() as connection:
        lanes = list(connection.scalars(_TWO_HEADED))
    for lane in lanes:
        with engine.begin() as connection:
            held = connection.scalar(select(Work.id).where(Work.lane == lane, status_is(LEASED)))
            first = held or connection.scalar(_OLDEST.where(Work.lane == lane))
            if first is not None:
                demote(connection, lane, first)
    return len(lanes)


_BEHIND = aliased(Work)
_LOWEST = select(func.min(_BEHIND.lane)).where(status_is(WAITING, _BEHIND))
_FIRST_LANE = select(_LOWEST.scalar_subquery().label("lane")).cte("lanes", recursive=True)
_NEXT_LANE = _LOWEST.where(_BEHIND.lane > _FIRST_LANE.c.lane).scalar_subquery()
_LANES = _FIRST_LANE.union_all(select(_NEXT_LANE).where(_FIRST_LANE.c.lane.is_not(None)))
_HEADLESS = select(_LANES.c.lane).where(
    _LANES.c.lane.is_not(None), ~some(PENDING, _LANES.c.lane), ~some(LEASED, _LANES.c.lane)
)
_TWO_HEADED = (
    select(Work.lane)
    .where(status_is(PENDING), Work.lane.is_not(None))
    .group_by(Work.lane)
    .having(or_(func.count() > 1, some(LEASED, Work.lane)))
)
_OLDEST = select(Work.id).where(status_is(PENDING)).order_by(Work.id).limit(1)
