"""One new item, in the caller's transaction: the first of its lane, or waiting behind the others."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import BigInteger, Connection, Insert, String, bindparam, case, func, literal_column, or_
from sqlalchemy.orm import Session

from .clock import now_ms
from .lanes import anything_in
from .models import PENDING, QUEUES, WAITING, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """What to write down. `delay` is milliseconds from now; `run_at` a time in milliseconds, instead.

    A second item with the same `dedupe_key` is none. Without a `lane` it waits for nothing.
    """

    kind: str
    queue: str
    handler: str
    lane: str | None = None
    source: str | None = None
    dedupe_key: str | None = None
    delay: int = 0
    run_at: int | None = None
    event_id: str | None = None
    event_type: str | None = None
    event_version: int | None = None
    data: str | None = None
    payload: bytes | None = None
    headers: str | None = None
    request_id: str | None = None

    def __post_init__(self) -> None:
        if self.queue not in QUEUES:
            raise ValueError(f"there is no queue {self.queue!r}, nobody would ever look there: {', '.join(QUEUES)}")


def insert(within: Session | Connection, item: NewItem) -> int | None:
    """Its id; None where there is one with this `dedupe_key` already. One statement, without a commit.

    Of two transactions that begin a lane at the same moment each may take its item for the first: they are worked on one
    after the other all the same, in either order. Where the lane's last item ends at this very moment, nobody may take
    this one for the first: `lanes.promote` after the commit makes it so, and so does the sweep.
    """
    statement = _statement(within.get_bind().dialect.name if isinstance(within, Session) else within.dialect.name)
    found: int | None = within.execute(statement, asdict(item)).scalar()
    return found


_PLAIN = [field.name for field in fields(NewItem) if field.name not in ("delay", "run_at")]


def _insert_of(dialect: str) -> Any:
    """The INSERT that knows ON CONFLICT. The other database's is not imported: it takes longer than all of this."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert


@cache
def _statement(dialect: str) -> Insert:
    make = _insert_of(dialect)
    lane = bindparam("lane", type_=String())
    run_at, delay = bindparam("run_at", type_=BigInteger()), bindparam("delay", type_=BigInteger())
    values: dict[str, Any] = {name: bindparam(name, type_=Work.__table__.c[name].type) for name in _PLAIN}
    values |= {
        "status": case((or_(*anything_in(lane)), literal_column(f"'{WAITING}'")), else_=literal_column(f"'{PENDING}'")),
        "run_at": func.coalesce(run_at, now_ms() + delay),
        "created_at": now_ms(),
        "token": literal_column("0"),
        "tries": literal_column("0"),
    }
    statement: Insert = make(Work.__table__).values(**values).on_conflict_do_nothing(index_elements=["dedupe_key"])
    return statement.returning(Work.id)
