"""How the providers of one board are doing, as the calls of this process show: only a change is written down."""

from __future__ import annotations

import logging
import threading
from time import monotonic

from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from pegboard.db import db, has_written
from pegboard.observability.calls import Call

from . import alarms

log = logging.getLogger("pegboard.alarm")
_ILL = frozenset({"failed", "unreachable", "timeout", "sign_in_again"})
_LOOK_AGAIN = 60.0
"""Seconds after which a process looks whether another has noted that a provider fails, which it sees to be well."""


class Watch:
    """Hears of each call, in the thread that makes it."""

    def __init__(self, app: Flask) -> None:
        with app.app_context():
            self._engine: Engine = db.engine
        self._lock = threading.Lock()
        self._ill: dict[str, float] = {}
        self._seen_well: dict[str, float] = {}

    def heard(self, call: Call) -> None:
        """Note what it says about its provider. A database that is away, or written to just now, is left for the next call."""
        if has_written(db.session()):
            return
        try:
            if call.outcome in _ILL:
                self._failed(call)
            else:
                self._answered(call)
        except SQLAlchemyError as error:
            log.warning("how %s is doing could not be noted: %s", call.provider, getattr(error, "orig", error))

    def _failed(self, call: Call) -> None:
        now = monotonic()
        with self._lock:
            since = self._ill.get(call.provider)
            again = since is not None and now - since < alarms.PATIENCE / 1000
            if not again:
                self._ill[call.provider] = now
        if again:
            return
        words = f"{call.provider} has been failing for 5 minutes, last: {call.operation}, {call.outcome}"
        alarms.begin(self._engine, _name(call), f"{words}\n    → pegboard doctor; its own status page")
        alarms.look(self._engine)

    def _answered(self, call: Call) -> None:
        now = monotonic()
        with self._lock:
            was_ill = self._ill.pop(call.provider, None) is not None
            if not was_ill and now - self._seen_well.get(call.provider, float("-inf")) < _LOOK_AGAIN:
                return
            self._seen_well[call.provider] = now
        alarms.end(self._engine, _name(call), f"{call.provider} answers again")


def _name(call: Call) -> str:
    return f"provider {call.provider}"
