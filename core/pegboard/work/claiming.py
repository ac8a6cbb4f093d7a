"""Taking what is due: a lease for a while, and a token without which nothing that is written about the item counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import Connection, Engine, RowMapping, bindparam, literal_column, or_, select, update
from sqlalchemy.exc import IntegrityError

from .clock import now_ms
from .lanes import some, status_is
from .models import LEASED, PENDING, Work

LEASE = 60_000
"""How long a lease lasts, in milliseconds. Whoever works longer renews it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A leased item. `token` is the fence; `tries` counts this one."""

    id: int
    kind: str
    queue: str
    handler: str
    source: str | None
    lane: str | None
    token: int
    tries: int
    event_id: str | None
    event_type: str | None
    event_version: int | None
    data: str | None
    payload: bytes | None
    headers: str | None
    request_id: str | None
    created_at: int


item_columns = [Work.__table__.c[field.name] for field in fields(Item)]
_DUE = (
    select(Work.id, Work.lane, Work.tries)
    .where(status_is(PENDING), Work.run_at <= now_ms(), or_(Work.lane.is_(None), ~some(LEASED, Work.lane)))
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_OF_QUEUE = _DUE.where(Work.queue == bindparam("queue")).order_by(Work.run_at, Work.id)
_OF_LANE = _DUE.where(Work.lane == bindparam("lane")).order_by(Work.id)
_LEASE = (
    update(Work.__table__)  # type: ignore[arg-type]
    .where(Work.id.in_(bindparam("ids", expanding=True)), status_is(PENDING), Work.run_at <= now_ms())
    .values(
        status=literal_column(f"'{LEASED}'"),
        lease_until=now_ms() + bindparam("lease"),
        token=Work.token + 1,
        tries=Work.tries + 1,
        worker=bindparam("name"),
    )
    .returning(*item_columns)
)


def claim(engine: Engine, queue: str, *, worker: str, limit: int = 1, lease: int = LEASE) -> list[Item]:
    """Lease what is due in a queue, the longest due first. Where nothing is, nothing is written and no lock taken.

    What has been tried before is leased alone: it may be what has killed its worker, and would take the others with it.
    """
    with engine.begin() as connection:
        due = connection.execute(_OF_QUEUE, {"queue": queue, "limit": limit}).all()
        together = due[:1] if due and due[0].tries else [row for row in due if not row.tries]
        return _leased(engine, connection, [(row.id, row.lane) for row in together], worker, lease)


def claim_lane(engine: Engine, lane: str, *, worker: str, lease: int = LEASE) -> list[Item]:
    """Lease the first of a lane, if it is due."""
    with engine.begin() as connection:
        due = connection.execute(_OF_LANE, {"lane": lane, "limit": 1}).all()
        return _leased(engine, connection, [(row.id, row.lane) for row in due], worker, lease)


def _leased(
    engine: Engine, connection: Connection, due: Sequence[tuple[int, str | None]], worker: str, lease: int
) -> list[Item]:
    """Those of the items that nobody else has leased meanwhile; of a lane, one."""
    ids = [id_ for id_, _ in _one_of_each_lane(due)]
    if not ids:
        return []
    try:
        found = _lease(connection, ids, worker, lease)
        connection.commit()
    except IntegrityError:  # somebody has leased another item of one of the lanes
        connection.rollback()
        found = [] if len(ids) == 1 else _one_by_one(engine, ids, worker, lease)
    return sorted(found, key=lambda item: ids.index(item.id))


def _one_of_each_lane(due: Iterable[tuple[int, str | None]]) -> list[tuple[int, str | None]]:
    seen: set[str] = set()
    return [one for one in due if one[1] is None or not (one[1] in seen or seen.add(one[1]))]  # type: ignore[func-returns-value]


def _one_by_one(engine: Engine, ids: Iterable[int], worker: str, lease: int) -> list[Item]:
    found: list[Item] = []
    for id_ in ids:
        try:
            with engine.begin() as connection:
                found += _lease(connection, [id_], worker, lease)
        except IntegrityError:
            continue
    return found


def _lease(connection: Connection, ids: Sequence[int], worker: str, lease: int) -> list[Item]:
    rows = connection.execute(_LEASE, {"ids": ids, "lease": lease, "name": worker}).mappings()
    return [_item(row) for row in rows]


def _item(row: RowMapping) -> Item:
    return Item(**row)
