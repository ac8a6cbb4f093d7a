"""Providers that want to be left alone: the handlers that they turned away wait, without using up their tries."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, bindparam, func, select, text, update

from .clock import now_ms
from .lanes import status_is
from .models import PENDING, Work, WorkGate

_CLOSE = text(
    "INSERT INTO work_gates (handler, provider, until) VALUES (:handler, :provider, :until) "
    "ON CONFLICT (handler, provider) DO UPDATE SET until = excluded.until WHERE excluded.until > work_gates.until"
)
_CLOSED = (
    select(WorkGate.handler, func.max(WorkGate.until) - now_ms())
    .where(WorkGate.until > now_ms())
    .group_by(WorkGate.handler)
)
_POSTPONE = (
    update(Work.__table__)  # type: ignore[arg-type]
    .where(status_is(PENDING), Work.handler == bindparam("turned_away"), Work.run_at < bindparam("until"))
    .values(run_at=bindparam("until"))
)


def close(connection: Connection, handler: str, provider: str, delay: int) -> None:
    """Let everything that the handler has to do wait for `delay` milliseconds."""
    until = connection.scalar(select(now_ms() + delay))
    connection.execute(_CLOSE, {"handler": handler, "provider": provider, "until": until})
    connection.execute(_POSTPONE, {"turned_away": handler, "until": until})


def closed(engine: Engine) -> dict[str, int]:
    """How many milliseconds each handler has to wait, of those that have to."""
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(_CLOSED)}


def forget_old(connection: Connection) -> None:
    """Delete what nobody waits for any more."""
    connection.execute(WorkGate.__table__.delete().where(WorkGate.until <= now_ms()))  # type: ignore[attr-defined]
