"""Every unsafe request carries a token, unless its view says that something stronger protects it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flask import Flask, current_app, request

from pegboard.i18n import gettext as _

F = TypeVar("F", bound=Callable[..., Any])
_EXEMPT = "__pegboard_csrf_exempt__"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def exempt(view: F) -> F:
    """Marks a view that needs no token, because a signature in the request protects it."""
    setattr(view, _EXEMPT, True)
    return view


def init_csrf(app: Flask, keys: Sequence[str]) -> None:
    """Check unsafe requests. Flask-WTF is imported at the first of them, or with the first form.

    The first of `keys` signs; with all of them, a form that was open when the key changed can still be sent.
    """
    app.config.update(
        WTF_CSRF_SECRET_KEY=[*reversed(keys)],  # itsdangerous signs with the last
        WTF_CSRF_ENABLED=True,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_METHODS={"POST", "PUT", "PATCH", "DELETE"},
        WTF_CSRF_FIELD_NAME="csrf_token",
        WTF_CSRF_HEADERS=["X-CSRFToken", "X-CSRF-Token"],
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=True,
    )
    app.before_request(_protect)
    app.jinja_env.globals["csrf_token"] = csrf_token


def csrf_token() -> str:
    """The token of this session, for a form or the header `X-CSRFToken`."""
    from flask_wtf.csrf import generate_csrf

    return str(generate_csrf())


def require_token() -> None:
    """Refuse a request without the token in its header: for a view that changes something though its method is safe."""
    from flask_wtf.csrf import CSRFError, ValidationError, validate_csrf

    try:
        validate_csrf(request.headers.get("X-CSRFToken"))
    except ValidationError:
        raise CSRFError(_("The form's token (CSRF) is missing or no longer valid.")) from None


def _protect() -> None:
    if request.method in _SAFE or request.endpoint is None:
        return
    from flask_wtf.csrf import CSRFError, CSRFProtect

    view = current_app.view_functions.get(request.endpoint)
    if getattr(view, _EXEMPT, False):
        return
    try:
        CSRFProtect().protect()
    except CSRFError:
        raise CSRFError(_("The form's token (CSRF) is missing or no longer valid.")) from None
