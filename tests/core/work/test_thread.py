"""The embedded driver: it starts when a process serves, never before, and ends with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from pegboard import BoardSettings, Plugin, create_app, hookimpl, record
from pegboard.db import db
from pegboard.events import UserRegistered
from pegboard.live import board_of
from pegboard.migrations import upgrade
from pegboard.work.drivers.thread import ThreadDriver
from pegboard.work.extension import EXTENSION
from pegboard.work.models import Work

ADA = UserRegistered("ada", "ada@example.com", "Ada")


class Slow(Plugin[Any]):
    """Takes as long as the test wants."""

    name = "slow"

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    @hookimpl
    def user_registered(self, event: UserRegistered) -> None:
        self.begun.set()
        self.go_on.wait(30)


class Deaf(Plugin[Any]):
    """Listens to nothing."""

    name = "deaf"


_others: set[threading.Thread] = set()


@pytest.fixture(autouse=True)
def others() -> None:
    """Threads that other tests have left are not ours."""
    _others.clear()
    _others.update(threading.enumerate())


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """A board as it is served in development; its thread is stopped at the end."""
    app = served(tmp_path)
    yield app
    slow(app).go_on.set()
    driver = app.extensions.get(EXTENSION)
    if isinstance(driver, ThreadDriver):
        driver.stop()
    with app.app_context():
        db.engine.dispose()


def served(folder: Path, *plugins: Any, **settings: Any) -> Flask:
    values: dict[str, Any] = {"builtins": (), "instance_path": folder} | settings
    app = create_app(BoardSettings(**values), plugins=plugins or (Slow,))
    upgrade(app, board_of(app).plan, board_of(app).plan.database_url)
    return app


def slow(app: Flask) -> Slow:
    return board_of(app).plugin(Slow)


def tell(app: Flask) -> None:
    with app.app_context():
        record(ADA)
        db.session.commit()


def statuses(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Work.status).where(Work.kind == "event").order_by(Work.id)))


def until(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + 30
    while not condition():
        assert monotonic() < deadline, "it never came to that"
        sleep(0.02)


def workers() -> list[str]:
    begun = (thread for thread in threading.enumerate() if thread not in _others)
    return [thread.name for thread in begun if thread.name.startswith("pegboard-")]


def test_neither_booting_nor_recording_starts_it_the_first_request_does(app: Flask) -> None:
    tell(app)
    assert workers() == []
    app.test_client().get("/healthz")
    until(lambda: statuses(app) == ["done"])
    app.test_client().get("/healthz")
    assert workers().count("pegboard-work") == 1


def test_a_nudge_is_enough_to_begin_at_once(app: Flask) -> None:
    app.test_client().get("/healthz")
    for count in range(1, 6):
        tell(app)
        until(lambda count=count: statuses(app) == ["done"] * count)  # type: ignore[misc]


def test_when_the_process_ends_what_is_in_hand_is_finished(app: Flask) -> None:
    slow(app).go_on.clear()
    app.test_client().get("/healthz")
    tell(app)
    assert slow(app).begun.wait(30)
    threading.Timer(0.3, slow(app).go_on.set).start()
    app.extensions[EXTENSION].stop()
    assert statuses(app) == ["done"]
    until(lambda: workers() == [])
    tell(app)
    assert workers() == []


def test_what_does_not_finish_is_given_back_and_its_effect_is_not_kept(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pegboard.work.drivers.thread.GRACE", 0.2)
    slow(app).go_on.clear()
    app.test_client().get("/healthz")
    tell(app)
    assert slow(app).begun.wait(30)
    app.extensions[EXTENSION].stop()
    assert statuses(app) == ["pending"]
    slow(app).go_on.set()
    until(lambda: workers() == [])
    assert statuses(app) == ["pending"]
    with app.app_context():
        assert db.session.scalar(select(Work.tries).where(Work.kind == "event")) == 0


def test_a_fork_of_a_process_that_serves_has_a_thread_of_its_own(app: Flask) -> None:
    app.test_client().get("/healthz")
    tell(app)
    until(lambda: statuses(app) == ["done"])
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            before = app.extensions[EXTENSION]._thread
            app.test_client().get("/healthz")
            after = app.extensions[EXTENSION]._thread
            code = 0 if before is None and after is not None and after.is_alive() else 2
        finally:
            os.write(writing, bytes([code]))
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 1) == b"\0"
    os.close(reading)
    os.close(writing)


def test_a_test_board_and_one_with_workers_of_its_own_have_none(tmp_path: Path) -> None:
    for name, settings in {"test": {"env": "test"}, "process": {"work_driver": "process"}}.items():
        app = served(tmp_path / name, **settings)
        tell(app)
        app.test_client().get("/healthz")
        assert EXTENSION not in app.extensions
        assert workers() == []


def test_where_nobody_listens_the_thread_ends_at_once_unless_something_is_left(tmp_path: Path) -> None:
    app = served(tmp_path)
    tell(app)
    without = served(tmp_path, Deaf, database_url=board_of(app).plan.database_url)
    without.test_client().get("/healthz")
    until(lambda: statuses(app) == ["parked"])
    without.extensions[EXTENSION].stop()
    with app.app_context():
        db.session.execute(text("DELETE FROM work"))
        db.session.commit()
    idle = served(tmp_path, Deaf, database_url=board_of(app).plan.database_url)
    idle.test_client().get("/healthz")
    until(lambda: workers() == [])
