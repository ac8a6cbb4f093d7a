"""Work in tests: nothing is done behind a test's back, and everything that is due when the test says so."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from flask import Flask


class DoWork(Protocol):
    """What the fixture `do_work` is."""

    def __call__(self, *, whenever: bool = False, ticks: bool = False) -> int: ...


def doing_work(app: Flask) -> DoWork:
    """`do_work` for one board."""
    return partial(do_work, app)


def do_work(app: Flask, *, whenever: bool = False, ticks: bool = False) -> int:
    """Do everything that is due, in this process; how many items that were.

    `whenever`: also what waits for its time. `ticks`: also what the hook `jobs` has due now.
    """
    from sqlalchemy import update

    from pegboard.db import db
    from pegboard.work.models import PENDING, WAITING, Work
    from pegboard.work.runner import Runner

    if whenever:
        with app.app_context(), db.engine.begin() as connection:
            wanted = Work.status.in_((PENDING, WAITING))
            connection.execute(update(Work.__table__).where(wanted).values(run_at=0))  # type: ignore[arg-type]
    return Runner(app).run_once(ticks=ticks)
