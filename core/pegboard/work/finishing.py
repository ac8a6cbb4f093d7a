"""How a lease ends. Each is written in the caller's transaction, and only with the token of that lease.

Each says whether something else in the lane comes first by it. A lease that was lost meanwhile raises `LeaseLost`: whatever the transaction has written must be rolled back.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Update, bindparam, delete, literal_column, null, update
from sqlalchemy.orm import Session

from .claiming import LEASE, Item
from .clock import now_ms
from .lanes import demote, promote, status_is
from .models import DEAD, DONE, LEASED, PARKED, PENDING, Work

Within = Session | Connection
LONGEST_ERROR = 4_000


class LeaseLost(Exception):
    """Somebody else may be working on the item: nothing that this lease has done may be kept."""


_FREE: dict[str, Any] = {"lease_until": null(), "worker": null()}
_OWN = (Work.id == bindparam("item"), Work.token == bindparam("fence"), status_is(LEASED))
_MINE = update(Work.__table__).where(*_OWN)  # type: ignore[arg-type]
_DONE = _MINE.values(status=literal_column(f"'{DONE}'"), finished_at=now_ms(), error=null(), **_FREE)


def done(within: Within, item: Item) -> bool:
    """The item is finished. What waits behind it in its lane is next; whether there is anything."""
    _write(within, item, _DONE)
    return promote(within, item.lane)


def dead(within: Within, item: Item, error: str) -> bool:
    """It failed for good: listed, and set to work again by hand. Its lane goes on without it."""
    _end(within, item, status=DEAD, finished_at=now_ms(), error=error[:LONGEST_ERROR])
    return promote(within, item.lane)


def park(within: Within, item: Item, reason: str) -> bool:
    """Nothing enabled can handle it: it stays out of its lane until something can. That was no try."""
    _end(within, item, status=PARKED, tries=Work.tries - 1, error=reason[:LONGEST_ERROR])
    return promote(within, item.lane)


def retry(within: Within, item: Item, *, delay: int, error: str) -> bool:
    """It failed, and is due again in `delay` milliseconds. It stays the first of its lane."""
    _end(within, item, status=PENDING, run_at=now_ms() + delay, error=error[:LONGEST_ERROR])
    demote(within, item.lane, item.id)
    return False


def give_back(within: Within, item: Item, *, delay: int = 0) -> bool:
    """Nothing was tried: it is due again at once, or in `delay` milliseconds."""
    values = {"run_at": now_ms() + delay} if delay else {}
    _end(within, item, status=PENDING, tries=Work.tries - 1, **values)
    demote(within, item.lane, item.id)
    return False


def let_go(within: Within, item: Item) -> None:
    """A lane that was held is free."""
    result: Any = within.execute(delete(Work.__table__).where(*_OWN), _fence(item))  # type: ignore[arg-type]
    if not result.rowcount:
        raise LeaseLost
    promote(within, item.lane)


def renew(within: Within, item: Item, *, lease: int = LEASE) -> None:
    """The lease begins anew."""
    _changed(within, item, lease_until=now_ms() + lease)


def say(within: Within, item: Item, progress: str) -> None:
    """How far the work on it has come, as JSON."""
    _changed(within, item, progress=progress)


def _end(within: Within, item: Item, **values: Any) -> None:
    _changed(within, item, **_FREE, **values)


def _changed(within: Within, item: Item, **values: Any) -> None:
    _write(within, item, _MINE.values(**values))


def _write(within: Within, item: Item, statement: Update) -> None:
    result: Any = within.execute(statement, _fence(item))
    if not result.rowcount:
        raise LeaseLost


def _fence(item: Item) -> dict[str, int]:
    return {"item": item.id, "fence": item.token}
