"""Calls to providers, each told once: to the log, and to whoever listens to the board that made it.

The client of `pegboard.http` and the plugins that have an SDK report here. Nothing that is told opens anything: an
operation is a word of the code, a request id is taken only in the form of one, and no URL, header or body is told.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, cast

from flask import Flask, current_app, has_app_context

Outcome = Literal["ok", "not_found", "refused", "rate_limited", "sign_in_again", "failed", "unreachable", "timeout"]
EXTENSION = "pegboard.calls"
_EXPECTED = frozenset({"ok", "not_found"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,200}")

log = logging.getLogger("pegboard.calls")


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a provider, with all its tries. `request_id` is the provider's name for it: its support asks for that."""

    provider: str
    operation: str
    outcome: Outcome
    milliseconds: float
    status: int | None = None
    request_id: str = ""
    tries: int = 1

    def __str__(self) -> str:
        known = (str(self.status or ""), self.tries > 1 and f"{self.tries} tries", self.request_id)
        details = ", ".join(part for part in known if part)
        said = f"{self.provider} {self.operation}: {self.outcome} in {self.milliseconds:.0f} ms"
        return f"{said} ({details})" if details else said


@dataclass(slots=True)
class Calls:
    """Who listens to the calls of one board."""

    _listeners: list[Callable[[Call], None]] = field(default_factory=list)

    def subscribe(self, callback: Callable[[Call], None]) -> None:
        """Tell `callback` of every call from now on, in the thread that made it."""
        self._listeners = [*self._listeners, callback]

    def unsubscribe(self, callback: Callable[[Call], None]) -> None:
        self._listeners = [one for one in self._listeners if one != callback]

    def tell(self, call: Call) -> None:
        """A listener that raises is logged and hides nothing: neither the call's result nor the call from others."""
        for callback in self._listeners:
            try:
                callback(call)
            except Exception:
                log.exception("a listener to calls raised")


def calls_of(app: Flask) -> Calls:
    """The calls of an application that `create_app` made."""
    return cast(Calls, app.extensions[EXTENSION])


def told(
    provider: str,
    operation: str,
    outcome: Outcome,
    milliseconds: float,
    *,
    status: int | None = None,
    request_id: str | None = None,
    tries: int = 1,
) -> Call:
    """Tell of a call that has ended: one record of the log, and the board's listeners, where an application is active."""
    call = Call(provider, operation, outcome, milliseconds, status, as_request_id(request_id), tries)
    log.log(logging.INFO if outcome in _EXPECTED else logging.WARNING, "%s", call, extra={"call": asdict(call)})
    calls: Any = current_app.extensions.get(EXTENSION) if has_app_context() else None
    if calls is not None:
        calls.tell(call)
    return call


def as_request_id(given: str | None) -> str:
    """What a provider says is its name for a call; empty where it does not look like one."""
    return given if given and _REQUEST_ID.fullmatch(given) else ""


def outcome_of(status: int) -> Outcome:
    """What a status of HTTP means for who asked."""
    if status == 404:
        return "not_found"
    if status == 429:
        return "rate_limited"
    if status >= 500:
        return "failed"
    return "refused" if status >= 300 else "ok"
