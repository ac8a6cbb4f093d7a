"""What goes wrong on the way, as errors of ours: whether trying again can help, and what to do. Never a vendor's words."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from pegboard.deadline import seconds_left
from pegboard.errors import ProviderError, RateLimited, SignInAgain, Unreachable
from pegboard.observability.calls import Outcome, outcome_of

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""After these a call that may be made again is made again at once; after the others only later, or never."""


class NotSent(Unreachable):
    """The request never left: whatever it asks for has not been done."""


class Busy(NotSent):
    """All connections of this client are in use: that says nothing about the vendor."""


class TooSlow(Unreachable):
    """No whole answer in time."""


@contextmanager
def translated() -> Iterator[None]:
    """Turns what the libraries raise into ours. Their words are left out where they may quote the answer."""
    import httpcore2
    import httpx2

    from .network import PrivateAddress

    try:
        yield
    except PrivateAddress as error:
        raise ProviderError(
            f"it redirects to a private address, and that is never followed: {error}", permanent=True
        ) from None
    except httpcore2.PoolTimeout:
        raise Busy("all connections to it are in use: allow more (Limits.connections)") from None
    except httpcore2.ConnectTimeout:
        raise NotSent("no connection in time: see whether its host can be reached from here") from None
    except httpcore2.ConnectError as error:
        raise NotSent(f"no connection: {error}") from None
    except httpcore2.TimeoutException:
        if not seconds_left(1):
            raise TooSlow("no whole answer in the time there was") from None
        raise TooSlow("it stopped in the middle: no byte came for too long") from None
    except httpcore2.RemoteProtocolError:
        raise Unreachable("the connection was cut before the answer was whole") from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise Unreachable(f"the connection broke ({type(error).__name__})") from None
    except httpx2.DecodingError:
        raise Unreachable("the answer is packed in a way that cannot be unpacked, or was cut") from None


def located(error: ProviderError, provider: str, operation: str) -> ProviderError:
    """The same error, with its place, where it was raised by a part that does not know it."""
    if error.provider:
        return error
    found = copy.copy(error)
    found.provider, found.operation = provider, operation
    found.args = (f"{provider} {operation}: {error}",)
    return found


def outcome(error: BaseException) -> Outcome:
    """The word for the log."""
    if isinstance(error, TooSlow):
        return "timeout"
    if isinstance(error, Unreachable):
        return "unreachable"
    if isinstance(error, RateLimited):
        return "rate_limited"
    if isinstance(error, SignInAgain):
        return "sign_in_again"
    status = getattr(error, "status", None)
    return outcome_of(status) if status is not None and status >= 300 else "failed"
