"""What a failure means for the item: whether to try again, when, and whether it was a try at all."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from pegboard.errors import ProviderError
from pegboard.events.event import UnreadableEvent

_AGAIN = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock not available: the database asks for the same once more."""


def is_contention(error: BaseException) -> bool:
    """Whether another transaction was in the way, which says nothing about this one."""
    if not isinstance(error, DBAPIError):
        return False
    return getattr(error.orig, "sqlstate", None) in _AGAIN or "is locked" in str(error.orig)


def is_permanent(error: BaseException) -> bool:
    """Whether trying again cannot help."""
    return isinstance(error, UnreadableEvent) or (isinstance(error, ProviderError) and error.permanent)


def asked_to_wait(error: BaseException) -> int:
    """For how many milliseconds the provider wants to be left alone."""
    seconds = error.retry_after if isinstance(error, ProviderError) else None
    return int((seconds or 0) * 1000)


def first_line(error: BaseException) -> str:
    """What a database says, in one line, without the statement."""
    said = str(getattr(error, "orig", None) or type(error).__name__).strip()
    return said.partition("\n")[0]


def described(error: BaseException) -> str:
    """What is kept of an error with the item, and shown to administrators: its class, its words, and where it was raised."""
    words = str(error).strip() or "no message"
    if isinstance(error, DBAPIError):
        words = str(error.orig).strip()  # without the statement and its parameters, which are people's data
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"\n    at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}: {words}{where}"
