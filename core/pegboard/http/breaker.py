"""Leaves a host alone that has failed many times in a row, so that nobody waits for what will not come."""

from __future__ import annotations

from threading import Lock
from time import monotonic

from .forking import renew_after_fork


class Breaker:
    """Of one host. After `failures` in a row it is open for `rest` seconds, then lets one call through to try."""

    def __init__(self, failures: int, rest: float) -> None:
        self._most, self._rest = failures, rest
        self._count = 0
        self._opened: float | None = None
        self._trying = False
        self._lock = Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        self._lock, self._trying = Lock(), False

    def admit(self) -> float:
        """Zero where the call may be made, and then one of the three below must follow; else the seconds to wait."""
        with self._lock:
            if self._opened is None:
                return 0.0
            left = self._opened + self._rest - monotonic()
            if left > 0:
                return left
            if self._trying:
                return self._rest
            self._trying = True
            return 0.0

    def succeeded(self) -> None:
        with self._lock:
            self._count, self._opened, self._trying = 0, None, False

    def failed(self) -> None:
        with self._lock:
            self._count += 1
            if self._trying or (self._opened is None and self._count >= self._most):
                self._opened = monotonic()
            self._trying = False

    def abandoned(self) -> None:
        """The call ended in a way that says nothing about the host."""
        with self._lock:
            self._trying = False


class Breakers:
    """One for each host, made when it is first asked for."""

    def __init__(self, failures: int, rest: float) -> None:
        self._failures, self._rest = failures, rest
        self._breakers: dict[str, Breaker] = {}

    def of(self, host: str) -> Breaker:
        found = self._breakers.get(host)
        return found or self._breakers.setdefault(host, Breaker(self._failures, self._rest))
