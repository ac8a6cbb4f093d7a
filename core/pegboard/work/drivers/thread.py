"""The embedded driver: one thread in each process that serves, which does one item at a time."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from pegboard.db import db
from pegboard.live import board_of

from ..models import DEAD, DONE, IGNORED, Work
from ..nudging import Hint
from ..runner import Runner

log = logging.getLogger("pegboard.work")
GRACE = 7.0
"""Seconds that an item has to finish when the process ends; then others get it."""


class ThreadDriver:
    """Starts with the first request that the process serves. A child of a fork has a thread of its own, when it serves."""

    def __init__(self, app: Flask) -> None:
        self._app = weakref.ref(app)
        self._lock = threading.Lock()
        self._runner: Runner | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False
        if hasattr(os, "register_at_fork"):
            reference = weakref.WeakMethod(self._reset)
            os.register_at_fork(after_in_child=lambda: (reset := reference()) and reset())

    def nudge(self, hints: set[Hint]) -> None:
        self.start()
        if self._runner is not None:
            self._runner.nudge(hints)

    def start(self) -> None:
        """Let the thread run, if it does not."""
        if self._thread is not None and self._thread.is_alive():
            return
        with self._lock:
            app = self._app()
            if app is None or self._stopped or (self._thread is not None and self._thread.is_alive()):
                return
            self._runner = Runner(app)
            self._thread = threading.Thread(target=_run, args=(app, self._runner), name="pegboard-work", daemon=True)
            self._thread.start()
            atexit.register(self.stop)

    def stop(self) -> None:
        """Finish the item in hand within `GRACE` seconds, or give it back, and start no more."""
        self._stopped = True
        atexit.unregister(self.stop)
        if self._runner is None or self._thread is None:
            return
        self._runner.stop()
        self._thread.join(GRACE)
        if self._thread.is_alive():
            self._runner.give_back()

    def _reset(self) -> None:
        """In a child of a fork there is no such thread."""
        self._lock, self._runner, self._thread = threading.Lock(), None, None


def _run(app: Flask, runner: Runner) -> None:
    board = board_of(app)
    listens = board.webhook_sources or any(board.handlers.values())
    if not listens and not _anything_left(app):
        return  # nobody listens here: the thread starts again with the first nudge
    runner.run()


def _anything_left(app: Flask) -> bool:
    try:
        with app.app_context():
            left = select(Work.id).where(Work.status.not_in((DONE, DEAD, IGNORED))).limit(1)
            return db.session.scalar(left) is not None
    except SQLAlchemyError as error:
        log.warning("whether there is work left cannot be told: %s", getattr(error, "orig", None) or error)
        return True
