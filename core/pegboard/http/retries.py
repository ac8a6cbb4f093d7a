"""Makes a call again where that is safe and can help, and never waits for longer than whoever asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from pegboard.deadline import seconds_left
from pegboard.errors import ProviderError, RateLimited, Unreachable

from .failures import AGAIN, NotSent

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Done twice, they do what they do once (RFC 9110, 9.2.2)."""
_FIRST, _LONGEST = 0.25, 8.0  # seconds: each pause is a random part of 0.25, 0.5, 1 … and 8 at most


def tried(call: Callable[[], T], *, tries: int, repeatable: bool) -> T:
    """What `call` returns, or its last error. `repeatable`: doing it twice does no harm."""
    from tenacity import Retrying, retry_if_exception, wait_random_exponential

    backoff = wait_random_exponential(multiplier=_FIRST, max=_LONGEST)

    def pause(state: RetryCallState) -> float:
        told = getattr(_error(state), "retry_after", None)
        return float(backoff(state) if told is None else told)

    def enough(state: RetryCallState) -> bool:
        return state.attempt_number >= tries or state.upcoming_sleep >= seconds_left(math.inf)

    retrying = Retrying(
        stop=enough,
        wait=pause,
        retry=retry_if_exception(lambda error: can_help(error, repeatable=repeatable)),
        reraise=True,
    )
    return retrying(call)


def can_help(error: BaseException, *, repeatable: bool) -> bool:
    """Whether to make the call again. One that was never sent, or refused for being too many, has done nothing yet."""
    if not isinstance(error, ProviderError) or error.permanent:
        return False
    if isinstance(error, (NotSent, RateLimited)):
        return True
    return repeatable and (isinstance(error, Unreachable) or error.status in AGAIN)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None
