"""Setting finished work to work again. Each time is written down: who did it, when, and what had become of it before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, case, insert, literal_column, null, select, update
from sqlalchemy.exc import NoResultFound

from pegboard.db import db
from pegboard.errors import PegboardError

from .clock import now_ms
from .lanes import promote_if_headless
from .looking import of_status
from .models import DEAD, DONE, IGNORED, PARKED, PENDING, WAITING, Work, WorkReplay
from .nudging import driver_of

REPLAYED = (DEAD, DONE, IGNORED, PARKED)
"""What has come to an end, and can be set to work again."""


class CannotReplay(PegboardError):
    """The item is gone, is not at an end, or what it carried was purged; the message says which."""


def replay(ids: Iterable[int], by: str, only: Collection[str] = REPLAYED) -> list[int]:
    """Set these items to work again from their first try, and commit, one by one; those that were. `by` says who asks.

    CannotReplay at the first that cannot be, or that has none of the statuses in `only`: for who has seen one, and would not
    do again what has been done since. It is refused in a transaction that has written.
    """
    from pegboard.db import outside_transaction

    done: list[int] = []
    with outside_transaction():
        for item_id in ids:
            with db.engine.begin() as connection:
                lane, queue = _replayed(connection, item_id, by, only)
            if lane is not None:
                promote_if_headless(db.engine, lane)
            done.append(item_id)
            _nudge(queue, lane)
    return done


def dead_ids(handler: str | None = None, since: int | None = None, limit: int | None = None) -> Sequence[int]:
    """What is dead, the oldest first and at most `limit`; `since` is milliseconds of the time at which it died."""
    query = select(Work.id).where(*of_status(DEAD)).order_by(Work.id).limit(limit)
    if handler is not None:
        query = query.where(Work.handler == handler)
    if since is not None:
        query = query.where(Work.finished_at >= since)
    return db.session.scalars(query).all()


def _replayed(connection: Connection, item_id: int, by: str, only: Collection[str]) -> tuple[str | None, str]:
    columns = (Work.lane, Work.queue, Work.status, Work.tries, Work.error, Work.purged_at)
    try:
        row = connection.execute(select(*columns).where(Work.id == item_id).with_for_update()).one()
    except NoResultFound:
        raise CannotReplay(f"there is no work {item_id}") from None
    if row.status not in REPLAYED:
        raise CannotReplay(f"work {item_id} is {row.status}: it is on its way already")
    if row.status not in only:
        raise CannotReplay(f"work {item_id} is {row.status} by now, not {' or '.join(sorted(only))}")
    if row.purged_at is not None:
        raise CannotReplay(f"what work {item_id} carried was purged: there is nothing left to do it with")
    again = case((Work.lane.is_(None), literal_column(f"'{PENDING}'")), else_=literal_column(f"'{WAITING}'"))
    statement = update(Work.__table__).where(Work.id == item_id, Work.status == row.status)  # type: ignore[arg-type]
    changed = connection.execute(
        statement.values(status=again, tries=0, run_at=now_ms(), error=null(), finished_at=null(), progress=null())
    )
    if not changed.rowcount:
        raise CannotReplay(f"work {item_id} was set to work by somebody else just now")
    audit = {"work_id": item_id, "replayed_by": by, "status": row.status, "tries": row.tries, "error": row.error}
    connection.execute(insert(WorkReplay.__table__).values(replayed_at=now_ms(), **audit))  # type: ignore[arg-type]
    return row.lane, row.queue


def _nudge(queue: str, lane: str | None) -> None:
    from flask import current_app

    driver = driver_of(current_app._get_current_object())  # type: ignore[attr-defined]
    if driver is not None:
        driver.nudge({(queue, lane)})
