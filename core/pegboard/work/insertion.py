"""One new item, in the caller's transaction: the first of its lane, or waiting behind the others."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import BigInteger, Connection, Insert, String, bindparam, case, literal_column, or_
from sqlalchemy.orm import Session

from .clock import now_ms
from .lanes import anything_in
from .models import IGNORED, PENDING, QUEUES, WAITING, Work


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


def insert(within: Session | Connection, item: NewItem, *, ignored: bool = False) -> int | None:
    """Its id; None where there is one with this `dedupe_key` already. One statement, without a commit.

    `ignored`: kept for the record, and set to work by hand alone.

    Of two transactions that begin a lane at the same moment each may take its item for the first: they are worked on one
    after the other all the same, in either order. Where the lane's last item ends at this very moment, nobody may take
    this one for the first: `lanes.promote` after the commit makes it so, and so does the sweep.
    """
    dialect = within.get_bind().dialect.name if isinstance(within, Session) else within.dialect.name
    given = {name: value for name in _FIELDS if (value := getattr(item, name))}
    found: int | None = within.execute(_statement(dialect, ignored, *given), given).scalar()
    return found


_FIELDS = [field.name for field in fields(NewItem)]


def _insert_of(dialect: str) -> Any:
    """The INSERT that knows ON CONFLICT. The other database's is not imported: it takes longer than all of this."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert


@cache
def _statement(dialect: str, ignored: bool, *given: str) -> Insert:
    """With the values that are given alone: whoever waits for it waits for no others."""
    make = _insert_of(dialect)
    table, delay = Work.__table__, bindparam("delay", type_=BigInteger())
    values: dict[str, Any] = {
        "status": literal_column(f"'{PENDING}'"),
        "run_at": now_ms() + delay if "delay" in given else now_ms(),
        "created_at": now_ms(),
        "token": literal_column("0"),
        "tries": literal_column("0"),
    }
    values |= {name: bindparam(name, type_=table.c[name].type) for name in given if name != "delay"}
    if "lane" in given:
        behind = or_(*anything_in(bindparam("lane", type_=String())))
        values["status"] = case((behind, literal_column(f"'{WAITING}'")), else_=values["status"])
    if ignored:
        values |= {"status": literal_column(f"'{IGNORED}'"), "finished_at": now_ms()}
    statement: Insert = make(table).values(**values).on_conflict_do_nothing(index_elements=["dedupe_key"])
    return statement.returning(Work.id)
