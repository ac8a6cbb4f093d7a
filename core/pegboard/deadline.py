"""How long whoever asked will still wait. Calls to providers share it, so that many short waits do not add up to a long one.

with answer_within(4.5):
    ...  # every provider that is called in here asks `seconds_left`
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

_ends: ContextVar[float | None] = ContextVar("pegboard.deadline", default=None)


@contextmanager
def answer_within(seconds: float) -> Iterator[None]:
    """What is called in this block has so many seconds in all, or fewer where an outer block ends sooner."""
    outer, ends = _ends.get(), monotonic() + seconds
    token = _ends.set(ends if outer is None else min(outer, ends))
    try:
        yield
    finally:
        _ends.reset(token)


@contextmanager
def not_counted() -> Iterator[None]:
    """What is called in this block bounds itself: the time it takes is not taken from who waits outside."""
    outer, began = _ends.get(), monotonic()
    _ends.set(None)
    try:
        yield
    finally:
        _ends.set(None if outer is None else outer + monotonic() - began)


def seconds_left(at_most: float) -> float:
    """What a call may take: `at_most`, or less where somebody waits for less. Zero where nobody waits any more."""
    ends = _ends.get()
    return at_most if ends is None else max(0.0, min(at_most, ends - monotonic()))
