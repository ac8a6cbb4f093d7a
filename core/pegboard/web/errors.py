"""Errors as people see them: a page in words with a way out, JSON for API clients, never a traceback."""

from __future__ import annotations

import logging
import sys
from typing import Any

from flask import Flask, g, jsonify, render_template, request
from markupsafe import escape
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from pegboard.errors import ProviderError, Refused
from pegboard.i18n import gettext as _
from pegboard.live import current_board
from pegboard.observability.ids import request_id

from .negotiation import wants_json

log = logging.getLogger("pegboard.web")


def init_errors(app: Flask) -> None:
    """Answer every error. In debug, unforeseen ones go to Flask's debugger."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ProviderError, _provider)
    app.register_error_handler(Refused, _refused)
    if not app.debug:
        app.register_error_handler(Exception, _unforeseen)


def words(code: int) -> tuple[str, str]:
    """What happened and what to do, for a status code."""
    known = {
        400: (_("This request could not be read"), _("Go back, reload the page and try again.")),
        401: (_("Please sign in first"), _("This page is for people with an account.")),
        403: (
            _("This page is not open to you"),
            _("Your account lacks the permission it needs. Ask whoever runs this site if you should have it."),
        ),
        404: (
            _("There is no page here"),
            _("The address may be mistyped, or what was here has been moved or deleted."),
        ),
        405: (_("This address cannot be used that way"), _("Go back and use the buttons on the page.")),
        409: (_("Something changed in the meantime"), _("Reload the page and try again.")),
        410: (_("This page is gone"), _("It was here once and has been removed for good.")),
        411: (_("The size is missing"), _("Send a Content-Length with the request.")),
        413: (_("That is too large"), _("Choose something smaller and try again.")),
        415: (_("That type is not accepted here"), _("Choose another format and try again.")),
        429: (_("Too many tries"), _("Wait a little, then try again.")),
        503: (
            _("Not available right now"),
            _("Something this page needs does not answer. Try again in a few minutes."),
        ),
    }
    if code >= 500:
        broken = (
            _("Something broke on our side"),
            _("It is not your doing, and it has been recorded. Try again in a moment."),
        )
        return known.get(code, broken)
    return known.get(code) or (_("That did not work"), _("Go back and try again."))


def error_answer(code: int, message: str = "") -> tuple[Any, int]:
    """The page or the JSON for a status code. `message` replaces the plain sentence."""
    title, advice = words(code)
    if wants_json():
        return jsonify({"error": {"status": code, "message": message or title, "request_id": request_id()}}), code
    return _page(code, title, message, advice), code


def _page(code: int, title: str, message: str, advice: str) -> str:
    """The page of an error; plain words where it cannot be drawn. From 500 on nobody is asked who is signed in."""
    if code >= 500:
        g.setdefault("pegboard_user", None)
    try:
        return render_template(
            "error.html", code=code, title=title, message=message, advice=advice, request_id=request_id()
        )
    except Exception:  # the page that says what broke must not break
        log.exception("the error page cannot be drawn, request %s", _request())
        return (
            f"<!doctype html><title>{escape(title)}</title><h1>{escape(message or title)}</h1><p>{escape(advice)}</p>"
        )


def _http(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    written = error.description if error.description != type(error).description else ""
    answer, code = error_answer(error.code, written or "")
    response: Response = error.get_response()
    kept = [
        (k, v)
        for k, v in response.headers
        if k.lower() in ("allow", "retry-after", "www-authenticate", "content-range")
    ]
    return answer, code, kept


def _provider(error: ProviderError) -> Any:
    log.warning("provider failed: %s, request %s", error, _request())
    return error_answer(503)


def _refused(error: Refused) -> Any:
    return error_answer(403, str(error))


def _unforeseen(error: Exception) -> Any:
    if (said := _database_away(error)) is not None:
        log.error("%s, request %s", said, _request())
        answer, code = error_answer(503)
        return answer, code, {"Retry-After": "10"}
    log.error("unforeseen error, request %s", _request(), exc_info=error)
    return error_answer(InternalServerError.code)


def _database_away(error: Exception) -> str | None:
    """What to write into the log where the database cannot be reached, read or written just now."""
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy.exc import OperationalError, TimeoutError  # noqa: A004 - no connection was free

    from pegboard.db.words import in_words

    if not isinstance(error, OperationalError | TimeoutError):
        return None
    return in_words(error, current_board().plan.database_url)


def _request() -> str:
    """What finds the request again: its id, what was asked, and whose page it is."""
    return f"{request_id()} {request.method} {request.path} ({request.blueprint or 'core'})"
