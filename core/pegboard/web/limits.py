"""Limits on the routes that need them. The counters are in the memory of each process."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from ipaddress import IPv6Network
from typing import Any, NoReturn, ParamSpec, TypeVar

from flask import current_app, request
from werkzeug.exceptions import TooManyRequests

from pegboard.i18n import gettext as _

P = ParamSpec("P")
R = TypeVar("R")
_EXTENSION = "pegboard.limits"


def client_address() -> str:
    """The address the request came from, as far as trusted proxies tell."""
    return request.remote_addr or "unknown"


def client_network() -> str:
    """Whom the limits count as one: the address; of IPv6 its first 64 bits, since one household has all the others."""
    address = client_address()
    if ":" not in address:
        return address
    try:
        return str(IPv6Network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


def limited(
    rate: str, name: str, *, methods: tuple[str, ...] = ("POST",)
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let an address through at most `rate` times, as in `"10/minute"`; then 429 with `Retry-After` in seconds."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def limited_view(*args: P.args, **kwargs: P.kwargs) -> R:
            if request.method in methods:
                spend(rate, name, client_network())
            return view(*args, **kwargs)

        return limited_view

    return decorate


def spend(rate: str, name: str, *key: str) -> None:
    """Count one use; raise TooManyRequests when there were more than `rate`."""
    from limits import parse

    limiter, item = _limiter(), parse(rate)
    if not limiter.hit(item, name, *key):
        _refuse(limiter, item, name, *key)


def check(rate: str, name: str, *key: str) -> None:
    """Raise TooManyRequests where nothing of `rate` is left, and count nothing."""
    from limits import parse

    limiter, item = _limiter(), parse(rate)
    if not limiter.test(item, name, *key):
        _refuse(limiter, item, name, *key)


def clear(rate: str, name: str, *key: str) -> None:
    """Forget the uses counted so far."""
    from limits import parse

    _limiter().clear(parse(rate), name, *key)


def _refuse(limiter: Any, item: Any, name: str, *key: str) -> NoReturn:
    from time import time

    reset = limiter.get_window_stats(item, name, *key).reset_time
    raise TooManyRequests(_("Wait a little, then try again."), retry_after=max(1, int(reset - time()) + 1))


def _limiter() -> Any:
    limiter = current_app.extensions.get(_EXTENSION)
    if limiter is None:
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        limiter = current_app.extensions.setdefault(_EXTENSION, MovingWindowRateLimiter(MemoryStorage()))
    return limiter
