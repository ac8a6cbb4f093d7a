"""The tables: everything that has to happen later, which handlers must leave a provider alone, who replayed what, and what is wrong.

An item is `waiting` behind another of its lane, `pending` when it is the first, `leased` while somebody works on it, and
in the end `done` or `dead`; `parked` while nothing enabled can handle it, `ignored` where nobody wanted it. All times
are milliseconds of the database's clock.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, Index, Integer, LargeBinary, String, Text, literal_column
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pegboard.db import ModelBase, metadata

WAITING, PENDING, LEASED, DONE, DEAD = "waiting", "pending", "leased", "done", "dead"
PARKED, IGNORED = "parked", "ignored"
STATUSES = (WAITING, PENDING, LEASED, DONE, DEAD, PARKED, IGNORED)
EVENT, WEBHOOK, JOB, HOLD = "event", "webhook", "job", "hold"
QUEUES = {"webhooks": 8, "events": 6, "mail": 4, "jobs": 2, "bulk": 1}
"""The queues, and how many items each may give in one turn."""

_KEY = BigInteger().with_variant(Integer, "sqlite")


class Base(ModelBase, DeclarativeBase):
    metadata = metadata
    plugin = "core"

    @classmethod
    def tables(cls) -> list[str]:
        """The names of all tables that the core has."""
        return [name for name, table in metadata.tables.items() if table.info.get("plugin") == cls.plugin]


class Work(Base):
    """One thing to be done later: an event for one handler, a webhook, a job; or a lane held by a request.

    `handler` is who does it: `<plugin>.<hook>`, `<plugin>.<job>` or `module:function`. `token` grows with every lease and
    is never set back: what is written without the newest one does not count. `tries` counts leases that ended badly.
    `data` is JSON, `payload` what a webhook brought and `headers` its headers as JSON; both are emptied when it is
    purged, the row stays. `progress` is JSON: what a long job last said.
    """

    __tablename__ = "work"

    id: Mapped[int] = mapped_column(_KEY, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    queue: Mapped[str] = mapped_column(String(16))
    handler: Mapped[str] = mapped_column(String(255))
    source: Mapped[str | None] = mapped_column(String(64))
    dedupe_key: Mapped[str | None] = mapped_column(String(255), unique=True)
    lane: Mapped[str | None] = mapped_column(String(512))
    status: Mapped[str] = mapped_column(String(16))
    run_at: Mapped[int] = mapped_column(BigInteger)
    lease_until: Mapped[int | None] = mapped_column(BigInteger)
    token: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(255))
    event_id: Mapped[str | None] = mapped_column(String(36))
    event_type: Mapped[str | None] = mapped_column(String(128))
    event_version: Mapped[int | None]
    data: Mapped[str | None] = mapped_column(Text)
    payload: Mapped[bytes | None] = mapped_column(LargeBinary)
    headers: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    progress: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(BigInteger)
    finished_at: Mapped[int | None] = mapped_column(BigInteger)
    purged_at: Mapped[int | None] = mapped_column(BigInteger)


class WorkGate(Base):
    """A provider that asked a handler to leave it alone until `until`."""

    __tablename__ = "work_gates"

    handler: Mapped[str] = mapped_column(String(255), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    until: Mapped[int] = mapped_column(BigInteger)


class WorkReplay(Base):
    """That an item was set to work again: who did it, when, and what had become of it before."""

    __tablename__ = "work_replays"

    id: Mapped[int] = mapped_column(_KEY, primary_key=True)
    work_id: Mapped[int] = mapped_column(BigInteger, index=True)
    replayed_by: Mapped[str] = mapped_column(String(255))
    replayed_at: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int]
    error: Mapped[str | None] = mapped_column(Text)


class Alarm(Base):
    """Something that is wrong since `since`: an administrator was told of it at `told_at`, or is not yet to be told."""

    __tablename__ = "work_alarms"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    since: Mapped[int] = mapped_column(BigInteger)
    told_at: Mapped[int | None] = mapped_column(BigInteger)
    words: Mapped[str] = mapped_column(Text)


def _only(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    condition: ColumnElement[bool] = literal_column(where)
    table = [Work.__table__.c[column] for column in columns]
    return Index(name, *table, unique=unique, sqlite_where=condition, postgresql_where=condition)


# Each holds the items of one status: a lane with a hundred thousand that wait costs the others nothing.
_only("uq_work_lane_leased", "lane", where="status = 'leased'", unique=True)
_only("ix_work_lane_pending", "lane", where="status = 'pending'")
_only("ix_work_lane_waiting", "lane", "id", where="status = 'waiting'")
_only("ix_work_due", "queue", "run_at", "id", where="status = 'pending'")
_only("ix_work_leases", "lease_until", where="status = 'leased'")
_only("ix_work_stopped", "status", "id", where="status IN ('dead', 'parked')")
_only("ix_work_unpurged", "finished_at", where="purged_at IS NULL AND finished_at IS NOT NULL")
