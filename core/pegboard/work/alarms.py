"""What an administrator has to be told: the first work that failed for good, a provider that fails for five minutes, and
when that is over. Each is told once, whichever process notices it: the row that says so has one owner.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, literal_column, select, update
from sqlalchemy.exc import IntegrityError

from .clock import now_ms
from .lanes import status_is
from .models import DEAD, Alarm, Work

log = logging.getLogger("pegboard.alarm")
DEAD_WORK = "dead work"
PATIENCE = 300_000
"""For how many milliseconds a provider may fail before anybody is told."""
_TABLE: Any = Alarm.__table__


@dataclass(frozen=True, slots=True)
class Open:
    """An alarm that somebody was told of, and that is not over. `since` is milliseconds of the database's clock."""

    name: str
    since: int
    words: str


def look(engine: Engine) -> None:
    """Tell of what has come about, and of what is over. Cheap where nothing has: it is asked every few seconds."""
    with engine.connect() as connection:
        dead = connection.execute(_OLDEST_DEAD).first()
        told = connection.scalar(select(Alarm.told_at).where(Alarm.name == DEAD_WORK))
        due = connection.scalars(select(Alarm.name).where(Alarm.name != DEAD_WORK, *_untold(PATIENCE))).all()
    if dead is not None and told is None:
        error = (dead.error or "").strip().partition("\n")[0]
        words = f"work {dead.id}, {dead.handler}, has failed for good: {error}\n    → pegboard work dead"
        begin(engine, DEAD_WORK, words)
        _tell(engine, DEAD_WORK, patience=0)
    elif dead is None and told is not None:
        end(engine, DEAD_WORK, "no work is dead any more")
    for name in due:
        _tell(engine, name, patience=PATIENCE)


def begin(engine: Engine, name: str, words: str) -> None:
    """Note that something is wrong, unless that is noted already."""
    try:
        with engine.begin() as connection:
            if connection.scalar(select(Alarm.name).where(Alarm.name == name)) is None:
                connection.execute(insert(_TABLE).values(name=name, words=words, since=now_ms()))
    except IntegrityError:
        return  # another process was first


def end(engine: Engine, name: str, words: str) -> None:
    """It is over. That is told, where it was told that it had begun."""
    with engine.begin() as connection:
        if connection.scalar(select(Alarm.name).where(Alarm.name == name)) is None:
            return
        told = connection.execute(delete(_TABLE).where(Alarm.name == name).returning(Alarm.told_at)).first()
    if told is not None and told.told_at is not None:
        log.warning("over: %s", words)


def open_alarms(connection: Connection) -> list[Open]:
    """What was told and is not over, the oldest first."""
    query = select(Alarm.name, Alarm.since, Alarm.words).where(Alarm.told_at.is_not(None)).order_by(Alarm.since)
    return [Open(*row) for row in connection.execute(query)]


def _tell(engine: Engine, name: str, *, patience: int) -> None:
    statement = update(_TABLE).where(Alarm.name == name, *_untold(patience)).values(told_at=now_ms())
    with engine.begin() as connection:
        found = connection.execute(statement.returning(Alarm.words)).first()
    if found is not None:
        log.error("%s", found.words)


def _untold(patience: int) -> tuple[Any, ...]:
    return (Alarm.told_at.is_(None), Alarm.since <= now_ms() - patience)


_OLDEST_DEAD = (
    select(Work.id, Work.handler, Work.error)
    .where(status_is(DEAD), literal_column("work.status IN ('dead', 'parked')"))
    .order_by(Work.id)
    .limit(1)
)
