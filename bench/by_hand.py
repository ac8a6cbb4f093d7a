"""The same application wired by hand: the extensions a Flask application takes for the same work, imported eagerly."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, g, request
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect

from .boards import SECRET_KEY

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
}
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def by_hand(folder: Path, pages: Blueprint) -> Flask:
    """Flask with a database, sign-in, CSRF protection, a policy with a nonce, security headers and request ids."""
    app = Flask("by_hand", static_folder=None)
    app.config.update(
        SECRET_KEY=SECRET_KEY,
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'by_hand.db'}",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=1_000_000,
    )
    SQLAlchemy().init_app(app)
    CSRFProtect().init_app(app)
    login = LoginManager()
    login.init_app(app)
    login.user_loader(lambda key: None)

    @app.before_request
    def begin() -> None:
        sent = request.headers.get("X-Request-ID", "")
        g.request_id = sent if REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)
        g.nonce = secrets.token_urlsafe(16)

    @app.after_request
    def headers(response: Response) -> Response:
        found: Any = response.headers
        found.setdefault(
            "Content-Security-Policy",
            f"default-src 'self'; script-src 'self' 'nonce-{g.nonce}'; style-src 'self' 'nonce-{g.nonce}'; "
            "img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'",
        )
        for name, value in HEADERS.items():
            found.setdefault(name, value)
        found["X-Request-ID"] = g.request_id
        return response

    app.register_blueprint(pages, url_prefix="/hello")
    return app
