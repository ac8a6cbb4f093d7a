"""The ids that a request, an event and a work item have in every log record, header and error page."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from flask import g, has_request_context, request

_bound: ContextVar[Mapping[str, str]] = ContextVar("pegboard_ids", default=MappingProxyType({}))
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id() -> str:
    """The id of this request: the proxy's `X-Request-ID` where it is well-formed, else a new one."""
    if "pegboard_request_id" not in g:
        sent = request.headers.get("X-Request-ID", "")
        g.pegboard_request_id = sent if _WELL_FORMED.fullmatch(sent) else secrets.token_hex(8)
    found: str = g.pegboard_request_id
    return found


@contextmanager
def bound(**ids: str) -> Iterator[None]:
    """Put ids, as `work_id` and `event_id`, into every log record that this block writes."""
    token = _bound.set({**_bound.get(), **ids})
    try:
        yield
    finally:
        _bound.reset(token)


def current_ids() -> dict[str, str]:
    """What finds a record's companions: the ids that are bound, and that of the request."""
    return {**({"request_id": request_id()} if has_request_context() else {}), **_bound.get()}
