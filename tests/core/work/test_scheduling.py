"""A schedule is kept once for each tick on all machines together, and what was missed is made up for by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from pegboard import Plugin, hookimpl
from pegboard.contributions import Job
from pegboard.db import db
from pegboard.errors import ConfigError
from pegboard.live import board_of
from pegboard.testing.boards import MakeBoard
from pegboard.testing.work import do_work
from pegboard.work.models import Work
from pegboard.work.scheduling import schedule, tick_of
from tests.conftest import MakePlugin

MINUTE = timedelta(minutes=1)


class Clock(Plugin[Any]):
    """Strikes."""

    name = "clock"

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.struck = 0

    @hookimpl
    def jobs(self) -> Iterable[Job]:
        yield Job("strike", self._strike, every=MINUTE)

    def _strike(self) -> None:
        self.struck += 1


@pytest.fixture
def app(url: str, make_board: MakeBoard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """A board with a clock, whose hours the test moves on, and its context."""
    app = make_board(Clock, database_url=url)
    monkeypatch.setattr("pegboard.work.scheduling.now_ms", lambda: Moved.now)
    with app.app_context():
        yield app


class Moved:
    """The time, as the scheduler is told."""

    now: Any = 0


def at(minutes: float) -> None:
    from sqlalchemy import literal

    Moved.now = literal(int(minutes * 60_000))


def strikes() -> list[str]:
    rows = db.session.scalars(select(Work.dedupe_key).where(Work.handler == "clock.strike").order_by(Work.id))
    return [str(key) for key in rows]


def struck(app: Flask) -> int:
    return board_of(app).plugin(Clock).struck


def test_a_tick_is_done_once_however_many_notice_it(app: Flask) -> None:
    at(10)
    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(schedule, db.engine, board_of(app), {}) for _ in range(12)]:
            done.result()
    do_work(app, ticks=True)
    assert struck(app) == 1
    at(10.9)
    do_work(app, ticks=True)
    assert struck(app) == 1
    at(11)
    do_work(app, ticks=True)
    assert struck(app) == 2
    assert strikes() == ["job:clock.strike:10", "job:clock.strike:11"]


def test_what_was_missed_is_made_up_for_once(app: Flask) -> None:
    at(10)
    do_work(app, ticks=True)
    at(100)
    do_work(app, ticks=True)
    assert struck(app) == 2


def test_a_job_that_takes_longer_than_its_interval_does_not_pile_up(app: Flask) -> None:
    for minute in range(10, 20):
        at(minute)
        schedule(db.engine, board_of(app), {})
    assert len(strikes()) == 1
    do_work(app)
    assert do_work(app, ticks=True)
    assert strikes() == ["job:clock.strike:10", "job:clock.strike:19"]


def test_an_offset_moves_the_tick() -> None:
    nightly = Job("x", lambda: None, every=timedelta(days=1), offset=timedelta(hours=3))
    hours = {hour: tick_of(nightly, hour * 3_600_000) for hour in (2, 3, 26, 27)}
    assert hours == {2: -1, 3: 0, 26: 0, 27: 1}


def test_the_job_of_a_plugin_that_is_gone_is_parked(url: str, app: Flask, make_board: MakeBoard) -> None:
    at(10)
    schedule(db.engine, board_of(app), {})
    do_work(make_board(database_url=url))
    rows = db.session.scalars(select(Work.status).where(Work.handler == "clock.strike"))
    assert list(rows) == ["parked"]


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ([Job("a b", lambda: None, every=MINUTE)], "'a b' is not a name for its job"),
        ([Job("a", lambda: None, every=MINUTE)] * 2, "'a' is not a name for its job"),
        ([Job("a", lambda: None, every=timedelta(seconds=1))], "more often than every 5 seconds"),
    ],
)
def test_jobs_without_a_name_of_their_own_or_without_pause_are_boot_errors(
    make_board: MakeBoard, make_plugin: MakePlugin, jobs: list[Job], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        make_board(make_plugin("busy", jobs=lambda self: jobs))


def test_ended_sessions_are_forgotten_by_the_accounts(make_board: MakeBoard) -> None:
    app = make_board("accounts")
    assert [f"{one.plugin}.{one.item.name}" for one in board_of(app).jobs] == [
        "accounts.forget_ended_sessions",
        "core.purge_work",
    ]
    assert do_work(app, ticks=True) == 2
    with app.app_context():
        assert set(db.session.scalars(select(Work.status))) == {"done"}
