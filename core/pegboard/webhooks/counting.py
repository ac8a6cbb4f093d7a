"""How many webhooks came, by source and by what became of them, in the memory of each process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock
from typing import cast

from flask import Flask

EXTENSION = "pegboard.webhooks"
STORED, DUPLICATE, IGNORED = "stored", "duplicate", "ignored"
UNKNOWN = ""
"""The source of whatever was posted to a word that is none: such words are not counted one by one."""

Listener = Callable[[str, str], None]
"""Called with the source and what became of it: `stored`, `duplicate`, `ignored`, or why it was refused."""


class Tally:
    """What became of the webhooks of one board, since this process began."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._listeners: tuple[Listener, ...] = ()

    def count(self, source: str, outcome: str) -> None:
        """One more. It is counted after the commit and before the answer."""
        with self._lock:
            self._counts[source, outcome] += 1
        for listener in self._listeners:
            listener(source, outcome)

    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many there were, by source and outcome."""
        with self._lock:
            return dict(self._counts)

    def subscribe(self, listener: Listener) -> None:
        """Call it for each from now on, in the request: it must be quick, and raise nothing."""
        with self._lock:
            self._listeners = (*self._listeners, listener)


def tally_of(app: Flask) -> Tally:
    """What an application that has webhook sources counts. LookupError where it has none."""
    return cast(Tally, app.extensions[EXTENSION])
