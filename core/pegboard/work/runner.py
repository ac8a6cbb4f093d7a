"""The loop of a worker: it claims whatever is due, from each queue in turn, and does it item by item."""

from __future__ import annotations

import logging
import os
import random
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from time import monotonic

from flask import Flask
from sqlalchemy import Engine, exists, literal, select, union_all
from sqlalchemy.exc import SQLAlchemyError

from pegboard.db import db
from pegboard.live import board_of

from . import alarms, gates
from .claiming import Item, claim, claim_lane
from .clock import now_ms
from .failures import first_line
from .finishing import LeaseLost, give_back
from .lanes import promote_if_headless, status_is
from .leases import Leases
from .models import PENDING, QUEUES, Work
from .nudging import Hint
from .performing import perform
from .scheduling import schedule
from .sweeping import sweep

log = logging.getLogger("pegboard.work")
SWEEP_EVERY = 5.0
_MOST_OF_A_LANE = 10
_QUANTUM = 8
"""How many times its weight a queue gives at once, to workers that take several items."""
_IN_QUEUE = exists().where(status_is(PENDING), Work.run_at <= now_ms())
_DUE_QUEUES = union_all(*(select(literal(queue)).where(_IN_QUEUE.where(Work.queue == queue)) for queue in QUEUES))


class Runner:
    """One worker. `run` returns after `stop`, when the item in hand is finished."""

    def __init__(
        self,
        app: Flask,
        *,
        batch: bool = False,
        longest_pause: float = 5.0,
        overdue: Callable[[Item], None] = lambda item: None,
    ) -> None:
        """`batch`: take several items at once where they are short. `overdue` is told of one that takes too long."""
        self._app, self._batch, self._longest = app, batch, longest_pause
        with app.app_context():
            self._engine: Engine = db.engine
        self.name = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident() & 0xFFFF:x}"
        settings = board_of(app).settings
        self._lease = settings.work_lease * 1000
        self._leases = Leases(self._engine, limit=settings.work_seconds, overdue=overdue, lease=self._lease)
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._hints: deque[Hint] = deque(maxlen=1000)
        self._next_sweep = 0.0
        self._ticks: dict[str, int] = {}
        self._closed: dict[str, int] = {}
        self._closed_at = 0.0

    def nudge(self, hints: Iterable[Hint]) -> None:
        """Something may be due there. Returns at once."""
        self._hints.extend(hints)
        self._wake.set()

    def stop(self) -> None:
        """Claim nothing more, and give back what is not begun. Returns at once; may be called from a signal handler."""
        self._stopping.set()
        self._wake.set()

    def give_back(self) -> None:
        """Let others have the item in hand as well: whatever is done about it here is not kept."""
        self._leases.give_back(current=True)

    def run(self) -> None:
        """Work until `stop`. A database that is away for a while costs nothing but that while."""
        pause = 1.0
        try:
            while not self._stopping.is_set():
                if self._turn():
                    pause = 1.0
                    continue
                woken = self._wake.wait(pause * random.uniform(0.8, 1.0))  # noqa: S311 - it decides nothing but time
                pause = 1.0 if woken else min(pause * 1.5, self._longest)
                self._wake.clear()
        finally:
            self._leases.give_back()
            self._leases.close()

    def run_once(self, *, ticks: bool = True) -> int:
        """Do everything that is due now, `ticks` of schedules among it; how many items that was."""
        count = 0
        try:
            self._tend(ticks=ticks)
            while not self._stopping.is_set() and (done := self._claim_in_turn()):
                count += done
            return count
        finally:
            self._leases.close()

    def run_for(self, seconds: float) -> bool:
        """Do what is due, for so long at most; whether anything is left."""
        ends = monotonic() + seconds
        while self._turn():
            if monotonic() > ends:
                return True
        return False

    def _turn(self) -> int:
        try:
            self._tend()
            return self._claim_in_turn()
        except SQLAlchemyError as error:
            log.warning("the database does not answer, work waits: %s", first_line(error))
            return 0
        except Exception:
            log.exception("a worker met an error of its own, and goes on")
            return 0

    def _tend(self, *, ticks: bool = True) -> None:
        """What is not claiming: hints about lanes, and the sweep."""
        lanes = {self._hints.popleft()[1] for _ in range(len(self._hints))}
        for lane in lanes - {None}:
            promote_if_headless(self._engine, str(lane))
        if monotonic() < self._next_sweep:
            return
        started = monotonic()
        board = board_of(self._app)
        sweep(self._engine, board)
        alarms.look(self._engine)
        if ticks:
            schedule(self._engine, board, self._ticks)
        # A sweep that takes long, because much waits, comes more seldom: it never takes more than a twentieth of the time.
        self._next_sweep = monotonic() + max(SWEEP_EVERY * random.uniform(0.8, 1.2), 20 * (monotonic() - started))  # noqa: S311

    def _claim_in_turn(self) -> int:
        """Each queue gives as many items as it weighs; how many that were. Where nothing is due, that is one question."""
        with self._engine.connect() as connection:
            due = list(connection.scalars(_DUE_QUEUES))
        return sum(self._claim_from(queue, QUEUES[queue] * (_QUANTUM if self._batch else 1)) for queue in due)

    def _claim_from(self, queue: str, share: int) -> int:
        count = 0
        while count < share and not self._stopping.is_set():
            limit = share - count if self._batch else 1
            items = claim(self._engine, queue, worker=self.name, limit=limit, lease=self._lease)
            if not items:
                break
            self._leases.hold(items)
            try:
                for item in items:
                    if self._stopping.is_set():
                        break
                    count += self._do(item)
            finally:
                self._leases.give_back()  # what it has not come to: else it would hold that for ever
        return count

    def _do(self, item: Item) -> int:
        """The item, and then what comes first in its lane by it, up to a number: then others are next.

        Whoever takes several at once takes the firsts of many lanes with the next claim.
        """
        count, following = 0, item
        while self._leases.begin(following):
            try:
                lane = self._perform(following)
            finally:
                self._leases.end()
            count += 1
            if lane is None or self._batch or count == _MOST_OF_A_LANE or self._stopping.is_set():
                break
            found = claim_lane(self._engine, lane, worker=self.name, lease=self._lease)
            if not found:
                break
            (following,) = found
            self._leases.hold(found)
        return count

    def _perform(self, item: Item) -> str | None:
        if (wait := self._closed_for(item.handler)) > 0:
            try:
                with self._engine.begin() as connection:
                    give_back(connection, item, delay=wait)
            except LeaseLost:
                pass
            return None
        return perform(self._app, item)

    def _closed_for(self, handler: str) -> int:
        """How many milliseconds the handler's provider still wants to be left alone."""
        passed = (monotonic() - self._closed_at) * 1000
        if passed > 1000:
            self._closed, self._closed_at, passed = gates.closed(self._engine), monotonic(), 0.0
        return int(self._closed.get(handler, 0) - passed)
