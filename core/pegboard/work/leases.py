"""The items that this worker holds: renewed while it works on them, given back when it does not come to them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from time import monotonic

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from . import finishing
from .claiming import LEASE, Item
from .failures import first_line
from .finishing import LeaseLost

log = logging.getLogger("pegboard.work")
_IMPATIENCE = 1.0
"""Seconds after which others get what waits for the item in hand."""


class Leases:
    """What one worker has leased. A thread of its own looks after it, from the first item until `close`."""

    def __init__(self, engine: Engine, *, limit: float, overdue: Callable[[Item], None], lease: int = LEASE) -> None:
        """After `limit` seconds an item's lease is renewed no more, and `overdue` is told."""
        self._engine, self._limit, self._overdue, self._lease = engine, limit, overdue, lease
        self._lock = threading.Lock()
        self._waiting: dict[int, Item] = {}
        self._current: Item | None = None
        self._since = self._renewed = 0.0
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def hold(self, items: Iterable[Item]) -> None:
        """They have just been leased."""
        with self._lock:
            self._waiting.update((item.id, item) for item in items)
            self._renewed = monotonic()
        if self._thread is None:
            self._thread = threading.Thread(target=self._look_after, name="pegboard-leases", daemon=True)
            self._thread.start()

    def begin(self, item: Item) -> bool:
        """Work on it begins, unless it has been given back."""
        with self._lock:
            if self._waiting.pop(item.id, None) is None:
                return False
            self._current, self._since = item, monotonic()
            return True

    def end(self) -> None:
        """Whatever became of the item in hand has been written down."""
        with self._lock:
            self._current = None

    def give_back(self, *, current: bool = False) -> None:
        """Let others have what nobody works on yet; `current`: also what is in hand, whose effects will not be kept."""
        with self._lock:
            items = [*self._waiting.values(), *([self._current] if current and self._current else ())]
            self._waiting.clear()
        for item in items:
            try:
                with self._engine.begin() as connection:
                    finishing.give_back(connection, item)
            except (LeaseLost, SQLAlchemyError):
                continue  # its lease runs out

    def close(self) -> None:
        """Nothing is looked after any more."""
        self._closed.set()

    def _look_after(self) -> None:
        while not self._closed.wait(0.5):
            try:
                self._look()
            except Exception:
                log.exception("leases could not be looked after, which is tried again")

    def _look(self) -> None:
        with self._lock:
            item, since, idle = self._current, self._since, not self._waiting
        if item is not None and not idle and monotonic() - since > _IMPATIENCE:
            self.give_back()
        if item is not None and monotonic() - since > self._limit:
            self._let_go_of(item)
        elif monotonic() - self._renewed > self._lease / 3000:
            self._renew()

    def _let_go_of(self, item: Item) -> None:
        with self._lock:
            if self._current is not item:
                return
            self._current = None
        log.error("work %s %s takes longer than %s s: its lease is renewed no more", item.id, item.handler, self._limit)
        self._overdue(item)

    def _renew(self) -> None:
        with self._lock:
            self._renewed = monotonic()
            items = [*self._waiting.values(), *([self._current] if self._current else ())]
        for item in items:
            try:
                with self._engine.begin() as connection:
                    finishing.renew(connection, item, lease=self._lease)
            except LeaseLost:
                continue  # it was taken away, or it has just been finished; its fence tells the two apart
            except SQLAlchemyError as error:
                log.warning("the leases could not be renewed: %s", first_line(error))
                return
