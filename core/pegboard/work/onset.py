"""When the embedded driver begins: with the first request of a process. Boots read this, so it imports next to nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING
from weakref import ref

from flask import Flask

from pegboard.board import Plan
from pegboard.contributions import Job
from pegboard.live import Owned
from pegboard.observability.calls import calls_of

from .extension import EXTENSION

if TYPE_CHECKING:
    from pegboard.observability.calls import Call

    from .drivers.celery import CeleryDriver
    from .nudging import Hint
    from .watching import Watch


def init_work(app: Flask, plan: Plan) -> None:
    """Watch how providers are doing, and let the process that serves do the work as well, where nobody else is to.

    Tests do their work themselves.
    """
    if not plan.uses_database:
        return
    calls_of(app).subscribe(_watching(app))
    if plan.settings.env == "test" or plan.settings.work_driver == "process":
        return
    if plan.settings.work_driver == "celery":
        app.extensions[EXTENSION] = _UponNudge(app)
        return
    begun = 0

    def begin() -> None:
        nonlocal begun
        if begun != (process := os.getpid()):
            begun = process
            start_driver(app)

    app.before_request(begin)


def _watching(app: Flask) -> Callable[[Call], None]:
    watch: Watch | None = None

    def heard(call: Call) -> None:
        nonlocal watch
        if watch is None:
            from .watching import Watch

            watch = Watch(app)
        watch.heard(call)

    return heard


class _UponNudge:
    """Celery is imported when there is something to say."""

    def __init__(self, app: Flask) -> None:
        self._app = ref(app)
        self._lock = Lock()
        self._driver: CeleryDriver | None = None

    def nudge(self, hints: set[Hint]) -> None:
        app = self._app()
        if app is None:
            return
        with self._lock:
            if self._driver is None:
                from .drivers.celery import CeleryDriver

                self._driver = CeleryDriver(app)
        self._driver.nudge(hints)


def own_jobs(plan: Plan) -> Iterator[Owned]:
    """What the core itself does every so often."""
    if plan.uses_database:
        yield Owned("core", Job("purge_work", _purge, every=timedelta(days=1), offset=timedelta(hours=2)))


def _purge() -> None:
    from .purging import purge

    purge()


def start_driver(app: Flask) -> None:
    """Start the embedded driver in this process."""
    from .drivers.thread import ThreadDriver

    app.extensions.setdefault(EXTENSION, ThreadDriver(app)).start()
