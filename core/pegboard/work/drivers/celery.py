"""Celery as the engine: messages are hints alone, and whoever gets one does whatever is due.

    # work_app.py, beside pegboard.toml
    from pegboard import create_app
    from pegboard.work.drivers.celery import celery_of

    app = celery_of(create_app())

`celery -A work_app worker` on as many machines as you like, and `celery -A work_app beat` on one.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import weakref
from typing import Any

from celery import Celery
from flask import Flask

from pegboard.live import board_of

from ..nudging import Hint
from ..runner import SWEEP_EVERY, Runner

log = logging.getLogger("pegboard.work")
TASK, QUEUE = "pegboard.work", "pegboard"
_AT_ONCE = 5.0
"""Seconds that one message works for. What is left then is for the next, so that workers stop soon."""
_NOTICES_WITHIN = 5
"""Seconds in which a worker notices that a broker is gone, once or twice."""
_MOST_HINTS = 1_000


def celery_of(app: Flask) -> Celery:
    """The Celery application of a board, for its workers and for beat."""
    settings = board_of(app).settings
    celery = _celery(app)
    celery.conf.update(
        worker_prefetch_multiplier=1,
        broker_transport_options={"health_check_interval": _NOTICES_WITHIN},
        task_time_limit=settings.work_seconds + 60,
        beat_schedule={"what is due": {"task": TASK, "schedule": SWEEP_EVERY, "options": {"expires": SWEEP_EVERY}}},
    )
    runners: dict[int, Runner] = {}

    @celery.task(name=TASK, ignore_result=True)  # type: ignore[untyped-decorator]
    def work(hints: list[tuple[str, str | None]] | None = None) -> None:
        if (process := os.getpid()) not in runners:
            runners.clear()
            runners[process] = Runner(app, batch=True)
        runners[process].nudge((name, lane) for name, lane in hints or ())
        if runners[process].run_for(_AT_ONCE):
            work.delay()

    return celery


class CeleryDriver:
    """What a process that serves has of Celery: one thread that sends hints, and drops them where no broker takes them."""

    def __init__(self, app: Flask) -> None:
        self._app = weakref.ref(app)
        self._lock = threading.Lock()
        self._hints: queue.Queue[Hint] = queue.Queue(_MOST_HINTS)
        self._thread: threading.Thread | None = None
        if hasattr(os, "register_at_fork"):
            reference = weakref.WeakMethod(self._reset)
            os.register_at_fork(after_in_child=lambda: (reset := reference()) and reset())

    def nudge(self, hints: set[Hint]) -> None:
        try:
            for hint in hints:
                self._hints.put_nowait(hint)
        except queue.Full:
            pass  # the next tick of beat finds what is due
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._send, name="pegboard-nudges", daemon=True)
                    self._thread.start()

    def _reset(self) -> None:
        """In a child of a fork there is no such thread, and the hints are the parent's."""
        self._lock, self._hints, self._thread = threading.Lock(), queue.Queue(_MOST_HINTS), None

    def _send(self) -> None:
        celery = None
        while (app := self._app()) is not None:
            hints = _all_of(self._hints)
            try:
                celery = celery or _celery(app, impatient=True)
                celery.send_task(TASK, args=[sorted(hints, key=str)], queue=QUEUE, retry=False, ignore_result=True)
            except Exception as error:  # noqa: BLE001 - whatever a broker does, it is a hint alone
                log.warning("the broker does not take hints (%s): work waits for the next tick", type(error).__name__)
                celery = None
            del app


def _all_of(hints: queue.Queue[Hint]) -> set[Hint]:
    """The next hint, and those that wait behind it."""
    found = {hints.get()}
    while len(found) < _MOST_HINTS:
        try:
            found.add(hints.get_nowait())
        except queue.Empty:
            break
    return found


def _celery(app: Flask, *, impatient: bool = False) -> Celery:
    broker = board_of(app).settings.work_broker
    celery = Celery(TASK, broker=broker.get_secret_value() if broker else None, set_as_current=False)
    conf: dict[str, Any] = {
        "task_default_queue": QUEUE,
        "task_ignore_result": True,
        "broker_connection_retry_on_startup": True,
        "worker_hijack_root_logger": False,
    }
    if impatient:
        conf |= {
            "broker_transport_options": {
                "socket_timeout": 1,
                "socket_connect_timeout": 1,
                "retry_on_timeout": False,
                "max_retries": 0,
            },
            "broker_connection_retry": False,
            "broker_connection_timeout": 1,
            "task_publish_retry": False,
        }
    celery.conf.update(conf)
    return celery
