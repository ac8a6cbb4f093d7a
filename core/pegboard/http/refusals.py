"""An answer that is not what was asked for, as an error of ours: whether trying again can help, and what to do."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import urlsplit

from pegboard.errors import NotFound, ProviderError, RateLimited

from .answers import Answer, code_of
from .ratelimits import retry_after, standing

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ADVICE = {
    400: "it does not take the request as it is: correct the plugin",
    401: "it does not accept the credentials: correct them in the settings",
    402: "it wants to be paid first: look at the account there",
    403: "the credentials may not do this: grant them the permission there",
    404: "it has no such object",
    405: "it does not know this method here: correct the plugin",
    409: "something else was done at the same time, or has been done already",
    410: "it no longer has this object",
    413: "what was sent is too large for it",
    415: "it does not take this media type: correct the plugin",
    422: "it does not take the values: correct what was sent",
    429: "it takes no more requests for now",
}
_PASSING = frozenset({408, 409, 425, 429, *range(500, 600)}) - {501, 505}


def is_failure(status: int) -> bool:
    """Whether the answer is not what was asked for. 304 is: who sends a condition asks for it."""
    return status >= 400 or status in REDIRECTS


def refusal(answer: Answer) -> ProviderError:
    """The error that an answer stands for."""
    code, status = code_of(answer.body), answer.status
    named = f", request {answer.request_id}" if answer.request_id else ""
    message = (
        f"answered {status}{f' ({code}{named})' if code else f' ({named[2:]})' if named else ''}: {_advice(answer)}"
    )
    if status in (404, 410):
        return NotFound(message, provider=answer.provider, operation=answer.operation, status=status)
    kind = RateLimited if status == 429 else ProviderError
    return kind(
        message,
        provider=answer.provider,
        operation=answer.operation,
        permanent=status not in _PASSING,
        retry_after=_pause(answer),
        status=status,
    )


def _advice(answer: Answer) -> str:
    status = answer.status
    if status in REDIRECTS:
        host = urlsplit(answer.headers.get("location", "")).hostname or ""
        to = f" to {host}" if re.fullmatch(r"[a-z0-9.-]{1,253}", host) else ""
        return (
            f"it redirects{to}, and that is not followed: correct the base URL, or allow redirects (Limits.redirects)"
        )
    if status >= 500:
        return "it has a fault of its own: look at its status page"
    return _ADVICE.get(status) or f"it refused ({_phrase(status)})"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "a status that is not known"


def _pause(answer: Answer) -> float | None:
    given = retry_after(answer.headers)
    if given is not None or answer.status != 429:
        return given
    told = standing(answer.headers)
    return told.seconds if told is not None and not told.remaining else None
