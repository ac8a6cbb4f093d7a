"""How much a vendor still takes of us, so that it need not refuse: kept from its headers, shared by all threads."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from time import monotonic

from .forking import renew_after_fork
from .ratelimits import retry_after, standing

_SAME_WINDOW = 1.5  # seconds by which the end of one window may differ between two answers


class Allowance:
    """Of one set of credentials at one vendor, in this process."""

    def __init__(self) -> None:
        self._remaining, self._ends = 0, 0.0
        self._held_until = 0.0
        self._lock = Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        self._lock = Lock()

    def take(self) -> float:
        """Zero where a request may be sent, and counts it; else the seconds after which to ask again."""
        with self._lock:
            now = monotonic()
            if now < self._held_until:
                return self._held_until - now
            if now >= self._ends:
                return 0.0
            if self._remaining:
                self._remaining -= 1
                return 0.0
            return self._ends - now

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """Learn from an answer. Answers come in another order than requests went, so a window's count only falls."""
        told, pause = standing(headers), retry_after(headers) if status in (429, 503) else None
        with self._lock:
            now = monotonic()
            if pause is not None:
                self._held_until = max(self._held_until, now + pause)
            if told is None:
                return
            same = now < self._ends and abs(self._ends - now - told.seconds) < _SAME_WINDOW
            self._remaining = min(self._remaining, told.remaining) if same else told.remaining
            self._ends = now + told.seconds
