"""The request: size, signature, one row, commit, answer. Whatever is wrong is answered and counted, and never stored."""

from __future__ import annotations

import logging
from json import JSONDecodeError
from typing import Any, cast

from flask import Response, current_app, json, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from pegboard.contracts.webhooks import Posted
from pegboard.contributions import WebhookSource
from pegboard.db.words import in_words
from pegboard.errors import BadSignature
from pegboard.live import Owned, current_board
from pegboard.observability.ids import request_id

from .counting import UNKNOWN, tally_of
from .storing import store, stored_label

log = logging.getLogger("pegboard.webhooks")
_RECEIVED = b'{"received": true}\n'
_JSON = "application/json"
_LATER = {"Retry-After": "10"}
_HARMLESS = (KeyError, IndexError, TypeError, ValueError, JSONDecodeError)
"""Errors whose words do not quote what was posted."""


class _Refused(Exception):
    def __init__(self, status: int, reason: str, message: str, why: str = "") -> None:
        """`message` is for who posted it; `why`, which may say more, for the log."""
        self.status, self.reason, self.message, self.why = status, reason, message, why or message


def receive(name: str) -> Response:
    """Answers 200 once it is stored, or was before; else says what is wrong."""
    owned = current_board().webhook_sources.get(name)
    try:
        if owned is None:
            raise _Refused(404, "unknown_source", "there is no webhook source of this name")
        outcome = _received(owned, owned.item)
    except _Refused as refused:
        return _answer(name if owned else UNKNOWN, refused)
    tally_of(_app()).count(name, outcome)
    return Response(_RECEIVED, mimetype=_JSON)


def _received(owned: Owned, source: WebhookSource) -> str:
    if owned.plugin in current_board().off:
        raise _Refused(503, "plugin_off", "not available right now", f"the plugin {owned.plugin} is left out")
    posted = Posted(headers=cast(Any, request.headers), body=_body(source.limit))
    secret = _verified(source, posted)
    try:
        label = stored_label(source, posted)
    except Exception as error:  # the sender's data and an author's code: whatever they raise, it is refused
        why = f"{type(error).__name__}: {error}" if type(error) in _HARMLESS else type(error).__name__
        raise _Refused(400, "unreadable", "its id or its type cannot be read", f"it cannot be read: {why}") from error
    try:
        return store(owned, posted, label, secret)
    except SQLAlchemyError as error:
        why = in_words(error) or type(error).__name__
        raise _Refused(
            503, "not_stored", "it could not be stored; send it again", f"it is not stored: {why}"
        ) from error


def _body(limit: int) -> bytes:
    """Nothing of a body is read before its length is known to be allowed."""
    length = request.content_length
    if length is None:
        raise _Refused(411, "no_length", "send a Content-Length")
    if length > limit:
        raise _Refused(
            413, "too_large", f"a body may have {limit} bytes", f"its body of {length} bytes exceeds {limit}"
        )
    request.max_content_length = limit
    try:
        return request.get_data(cache=False)
    except HTTPException as error:
        raise _Refused(400, "cut_off", "its body ended before its Content-Length") from error


def _verified(source: WebhookSource, posted: Posted) -> int:
    try:
        return source.verifier.verify(posted)
    except BadSignature as bad:
        raise _Refused(400, bad.reason, f"its signature is refused: {bad.reason}", f"signature refused: {bad}") from bad
    except Exception as error:
        log.exception("webhook %s: the verifier raised", source.name)
        raise _Refused(503, "verifier_failed", "it cannot be verified right now; send it again") from error


def _answer(source: str, refused: _Refused) -> Response:
    tally_of(_app()).count(source, refused.reason)
    level = logging.ERROR if refused.status >= 500 else logging.WARNING if source else logging.INFO
    log.log(level, "webhook %s refused with %d: %s", source or "to nobody", refused.status, refused.why)
    error = {"status": refused.status, "message": refused.message, "request_id": request_id()}
    headers = _LATER if refused.status == 503 else None
    return Response(json.dumps({"error": error}) + "\n", refused.status, headers, mimetype=_JSON)


def _app() -> Any:
    return current_app._get_current_object()  # type: ignore[attr-defined]
