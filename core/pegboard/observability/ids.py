"""The id that a request has in every log record, header and error page."""

from __future__ import annotations

import re
import secrets

from flask import g, request

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id() -> str:
    """The id of this request: the proxy's `X-Request-ID` where it is well-formed, else a new one."""
    if "pegboard_request_id" not in g:
        sent = request.headers.get("X-Request-ID", "")
        g.pegboard_request_id = sent if _WELL_FORMED.fullmatch(sent) else secrets.token_hex(8)
    found: str = g.pegboard_request_id
    return found
