"""A lane held by a request: what it does itself is not done beside what waits in the lane, but before or after it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from sqlalchemy import Engine, insert, literal_column
from sqlalchemy.exc import IntegrityError

from pegboard.db import db, outside_transaction
from pegboard.errors import PegboardError

from . import finishing
from .claiming import LEASE, Item, item_columns
from .clock import now_ms
from .models import HOLD, LEASED, Work


class LaneBusy(PegboardError):
    """Somebody works in the lane. Answer 409, or `enqueue` what was to be done."""


@contextmanager
def hold(lane: str, wait: float = 5, *, lease: int = LEASE) -> Iterator[None]:
    """Nothing in the lane is worked on while this block runs, for a minute at most. LaneBusy after `wait` seconds.

    It is refused in a transaction that has written, and it ends a transaction that has only read. Commit inside the block:
    at its end LeaseLost says that it took too long, and others may have worked in the lane meanwhile.
    """
    with outside_transaction():
        item = _held(db.engine, lane, wait, lease)
    try:
        yield
    finally:
        with db.engine.begin() as connection:
            finishing.let_go(connection, item)


def _held(engine: Engine, lane: str, wait: float, lease: int) -> Item:
    statement = insert(Work.__table__).values(  # type: ignore[arg-type]
        kind=HOLD,
        queue="",
        handler="",
        lane=lane,
        status=literal_column(f"'{LEASED}'"),
        token=1,
        tries=0,
        worker=f"{socket.gethostname()}:{os.getpid()}",
        run_at=now_ms(),
        created_at=now_ms(),
        lease_until=now_ms() + lease,
    )
    deadline = monotonic() + wait
    while True:
        try:
            with engine.begin() as connection:
                row = connection.execute(statement.returning(*item_columns)).mappings().one()
                return Item(**row)
        except IntegrityError:
            if monotonic() >= deadline:
                raise LaneBusy(f"somebody works in the lane {lane}: try again in a moment") from None
        sleep(0.05)
