"""Who works for long keeps the lease; who works too long loses it; what waits behind long work goes to others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import monotonic, sleep
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from pegboard.db import db
from pegboard.work import finishing
from pegboard.work.claiming import Item
from pegboard.work.finishing import LeaseLost
from pegboard.work.leases import Leases
from pegboard.work.models import Work
from pegboard.work.sweeping import sweep
from tests.core.work.items import put, statuses, take


@pytest.fixture
def leases(engine: Engine) -> Iterator[Leases]:
    """Leases of 600 ms, which are renewed after 200; nobody may work for more than 2 s."""
    held = Leases(engine, limit=2, overdue=lambda item: None, lease=600)
    yield held
    held.close()


def until(condition: Callable[[], Any]) -> None:
    deadline = monotonic() + 30
    while not condition():
        assert monotonic() < deadline, "it never came to that"
        sleep(0.05)


def lease_until(engine: Engine, item: Item) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(Work.lease_until).where(Work.id == item.id)) or 0


def test_a_lease_is_renewed_while_somebody_works(engine: Engine, leases: Leases) -> None:
    put(engine)
    items = take(engine, lease=600)
    leases.hold(items)
    assert leases.begin(items[0])
    first = lease_until(engine, items[0])
    until(lambda: lease_until(engine, items[0]) > first)
    leases.end()
    with engine.begin() as connection:
        finishing.done(connection, items[0])


def test_after_the_limit_it_is_renewed_no_more_and_the_late_one_can_write_nothing(engine: Engine) -> None:
    overdue = threading.Event()
    held = Leases(engine, limit=0.1, overdue=lambda item: overdue.set(), lease=600)
    put(engine)
    items = take(engine, lease=600)
    held.hold(items)
    assert held.begin(items[0])
    assert overdue.wait(30)
    until(lambda: sweep(engine).expired == 1)
    with pytest.raises(LeaseLost), engine.begin() as connection:
        finishing.done(connection, items[0])
    held.close()


def test_what_waits_behind_long_work_is_given_back(engine: Engine, leases: Leases) -> None:
    for _ in range(3):
        put(engine)
    items = take(engine, 3)
    leases.hold(items)
    assert leases.begin(items[0])
    until(lambda: statuses(engine) == ["leased", "pending", "pending"])
    assert not leases.begin(items[1])
    assert [one.tries for one in take(engine, 3)] == [1, 1]


def test_a_worker_that_stops_gives_back_what_it_has_not_begun(engine: Engine, leases: Leases) -> None:
    put(engine), put(engine)
    items = take(engine, 2)
    leases.hold(items)
    leases.begin(items[0])
    leases.give_back()
    assert statuses(engine) == ["leased", "pending"]
    leases.give_back(current=True)
    assert statuses(engine) == ["pending", "pending"]


def test_a_database_that_is_away_does_not_end_the_renewal(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with app.app_context():
        engine = db.engine
        put(engine)
        items = take(engine, lease=600)
        from sqlalchemy import create_engine

        gone = create_engine("sqlite:////nowhere/at/all.db")
        held = Leases(gone, limit=60, overdue=lambda item: None, lease=600)
        held.hold(items)
        held.begin(items[0])
        until(lambda: len([one for one in caplog.records if "could not be renewed" in one.getMessage()]) >= 2)
        held.close()


def test_what_has_been_tried_before_is_leased_alone(engine: Engine) -> None:
    """It may be what has killed its worker."""
    ids = [put(engine) for _ in range(3)]
    assert len(take(engine, 3, lease=-1)) == 3
    assert sweep(engine).expired == 3
    new = put(engine)
    taken = [[item.id for item in take(engine, 10)] for _ in range(4)]
    assert sorted(taken) == [[id_] for id_ in (*ids, new)]


def test_what_is_new_is_leased_without_what_has_been_tried(engine: Engine) -> None:
    tried = put(engine)
    with engine.begin() as connection:
        finishing.retry(connection, take(engine)[0], delay=0, error="no")
    for _ in range(2):
        put(engine, run_at=1)
    assert len(taken := take(engine, 10)) == 2
    assert tried not in [item.id for item in taken]
