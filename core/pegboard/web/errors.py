"""Errors as people see them: a page in words with a way out, JSON for API clients, never a traceback."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, g, jsonify, render_template
from markupsafe import escape
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from pegboard.errors import ProviderError, Refused
from pegboard.i18n import gettext as _

from .headers import request_id
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
        400: (_("That request could not be understood"), _("Go back, reload the page and try again.")),
        401: (_("Please sign in"), _("This page is for people who are signed in.")),
        403: (_("You do not have access"), _("Ask the people who run this site if you think you should.")),
        404: (_("There is nothing here"), _("The address may be misspelt, or the page may be gone.")),
        405: (_("That is not possible here"), _("Go back and try again.")),
        409: (_("Something changed in the meantime"), _("Reload the page and try again.")),
        411: (_("The size is missing"), _("Send a Content-Length with the request.")),
        413: (_("That is too large"), _("Choose something smaller.")),
        429: (_("Too many attempts"), _("Wait a little, then try again.")),
        503: (_("This is not available just now"), _("Nothing is lost. Try again in a minute.")),
    }
    return known.get(code) or (_("Something went wrong"), _("It has been noted. Try again in a minute."))


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
        log.exception("the error page cannot be drawn, request %s", request_id())
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
    log.warning("provider failed: %s", error)
    return error_answer(503)


def _refused(error: Refused) -> Any:
    return error_answer(403, str(error))


def _unforeseen(error: Exception) -> Any:
    log.error("unforeseen error, request %s", request_id(), exc_info=error)
    return error_answer(InternalServerError.code)
