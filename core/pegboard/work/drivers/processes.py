"""Workers of their own: as many processes as one asks for, started again when they die, and stopped within ten seconds."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from time import monotonic, sleep
from typing import Any

from flask import Flask

from ..claiming import Item
from ..runner import Runner

log = logging.getLogger("pegboard.work")
GRACE = 7.0
"""Seconds that an item has to finish when its worker is stopped; then others get it."""
_LAST = 1.5
"""Seconds after that in which the worker itself must have ended."""
_LONGEST_PAUSE = 1.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_workers(app: Flask, count: int) -> int:
    """Run `count` workers until SIGTERM or SIGINT; 0 when all of them ended well."""
    return _Crew(app, count).run()


class _Crew:
    """The parent: it works on nothing, and has no connection and no thread that its children could inherit."""

    def __init__(self, app: Flask, count: int) -> None:
        self._app, self._count = app, count
        self._started: dict[int, float] = {}
        self._stopping = False

    def run(self) -> int:
        for one in _SIGNALS:
            signal.signal(one, self._stop)
        for _ in range(self._count):
            self._start()
        while self._started and not self._stopping:
            self._reap()
        return self._wind_up()

    def _stop(self, number: int, frame: Any) -> None:
        self._stopping = True

    def _start(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = _work(self._app)
            finally:
                os._exit(code)
        self._started[child] = monotonic()

    def _reap(self) -> None:
        """Start those anew that died, but not faster than once a second each."""
        child, status = _ended()
        if child is None:
            sleep(0.1)
            return
        started = self._started.pop(child)
        log.warning("worker %d ended (%s): another takes its place", child, _how(status))
        while monotonic() - started < 1.0 and not self._stopping:
            sleep(0.1)
        if not self._stopping:
            self._start()

    def _wind_up(self) -> int:
        for told in self._started:
            os.kill(told, signal.SIGTERM)
        deadline, worst = monotonic() + GRACE + _LAST, 0
        while self._started and monotonic() < deadline:
            child, status = _ended()
            if child is None:
                sleep(0.02)
            elif self._started.pop(child, None) is not None:
                worst = max(worst, abs(os.waitstatus_to_exitcode(status)))
        for late in self._started:
            os.kill(late, signal.SIGKILL)
            os.waitpid(late, 0)
            worst = 1
        return worst


def _ended() -> tuple[int | None, int]:
    try:
        child, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None, 0
    return child or None, status


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with {code}"


def _work(app: Flask) -> int:
    """One worker: until it is told to stop, or its parent is gone."""
    runner = Runner(app, batch=True, longest_pause=_LONGEST_PAUSE, overdue=_end_at_once)

    def stop(number: int, frame: Any) -> None:
        runner.stop()
        threading.Thread(target=_end_late, args=(runner,), daemon=True).start()

    for one in _SIGNALS:
        signal.signal(one, stop)
    threading.Thread(target=_follow_parent, args=(os.getppid(), runner), daemon=True).start()
    runner.run()
    return 0


def _end_late(runner: Runner) -> None:
    sleep(GRACE)
    runner.give_back()
    os._exit(1)


def _end_at_once(item: Item) -> None:
    """Nothing else ends a handler that hangs. Its lease runs out, which counts as a try."""
    os.kill(os.getpid(), signal.SIGKILL)


def _follow_parent(parent: int, runner: Runner) -> None:
    while os.getppid() == parent:
        sleep(0.5)
    runner.stop()
    _end_late(runner)
