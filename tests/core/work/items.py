"""Items for the tests of work: written down in a transaction of their own, and looked at."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, func, select, update

from pegboard.work.claiming import Item, claim
from pegboard.work.insertion import NewItem, insert
from pegboard.work.models import Work

QUEUE = "jobs"


def new(lane: str | None = None, **values: Any) -> NewItem:
    return NewItem(**{"kind": "job", "queue": QUEUE, "handler": "test.job", "lane": lane, **values})


def put(engine: Engine, lane: str | None = None, **values: Any) -> int:
    """Write one down and commit; its id."""
    with engine.begin() as connection:
        made = insert(connection, new(lane, **values))
    assert made is not None
    return made


def take(engine: Engine, limit: int = 1, **options: Any) -> list[Item]:
    return claim(engine, QUEUE, worker="test", limit=limit, **options)


def take_one(engine: Engine) -> Item:
    (item,) = take(engine)
    return item


def statuses(engine: Engine, lane: str | None = None) -> list[str]:
    """What has become of the items, the oldest first."""
    query = select(Work.status).order_by(Work.id)
    with engine.connect() as connection:
        return list(connection.scalars(query if lane is None else query.where(Work.lane == lane)))


def firsts(engine: Engine) -> dict[str, int]:
    """How many first items each lane has that has anything to do."""
    first = func.count().filter(Work.status.in_(("pending", "leased")))
    query = select(Work.lane, first).where(Work.lane.is_not(None), Work.status.in_(("pending", "leased", "waiting")))
    with engine.connect() as connection:
        return {str(row[0]): row[1] for row in connection.execute(query.group_by(Work.lane))}


def make_due(within: Engine | Connection, **values: Any) -> None:
    """Let everything that waits for its time be due, or set other values in all rows."""
    statement = update(Work.__table__).values(**(values or {"run_at": 0}))  # type: ignore[arg-type]
    if isinstance(within, Connection):
        within.execute(statement)
        return
    with within.begin() as connection:
        connection.execute(statement)
