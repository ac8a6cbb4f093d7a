"""When the embedded driver begins: with the first request of a process. Boots read this, so it imports next to nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

from flask import Flask

from pegboard.board import Plan
from pegboard.contributions import Job
from pegboard.live import Owned

from .extension import EXTENSION


def init_work(app: Flask, plan: Plan) -> None:
    """Let the process that serves do the work as well, where nobody else is to. Tests do their work themselves."""
    if not plan.uses_database or plan.settings.env == "test" or plan.settings.work_driver != "thread":
        return
    begun = 0

    def begin() -> None:
        nonlocal begun
        if begun != (process := os.getpid()):
            begun = process
            start_driver(app)

    app.before_request(begin)


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
