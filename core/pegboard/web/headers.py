"""Security headers, the content security policy with its nonce, and the id of the request on its answer."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Response, g, request

from pegboard.observability.ids import request_id

_NONCE = "{nonce}"
_BASE: dict[str, list[str]] = {
    "default-src": ["'self'"],
    "script-src": ["'self'", f"'nonce-{_NONCE}'"],
    "style-src": ["'self'", f"'nonce-{_NONCE}'"],
    "img-src": ["'self'", "data:"],
    "connect-src": ["'self'"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}


def csp_nonce() -> str:
    """The nonce of this response, for a `<style>` or `<script>` element."""
    if "pegboard_nonce" not in g:
        g.pegboard_nonce = secrets.token_urlsafe(16)
    nonce: str = g.pegboard_nonce
    return nonce


def merged_policy(contributions: Iterable[Mapping[str, Iterable[str]]], report_uri: str | None = None) -> str:
    """One policy from the core's and the plugins', with a place for the nonce."""
    policy = {directive: list(values) for directive, values in _BASE.items()}
    for contribution in contributions:
        for directive, values in contribution.items():
            known = policy.setdefault(directive, ["'self'"])
            known += [value for value in values if value not in known]
            if len(known) > 1 and "'none'" in known:
                known.remove("'none'")  # browsers ignore it beside another source, loudly
    if report_uri:
        policy["report-uri"] = [report_uri]
    return "; ".join(f"{directive} {' '.join(values)}" for directive, values in policy.items())


def init_headers(app: Flask, policy: str, *, https: bool) -> None:
    """Set the headers on every response that has not set them itself."""
    fixed = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if https:
        fixed["Strict-Transport-Security"] = "max-age=31536000"
    before, _, after = policy.partition(_NONCE)
    middle, _, end = after.partition(_NONCE)

    @app.after_request
    def _set(response: Response) -> Response:
        headers: Any = response.headers
        if "Content-Security-Policy" not in headers:
            nonce = csp_nonce()
            headers["Content-Security-Policy"] = f"{before}{nonce}{middle}{nonce}{end}"
        for name, value in fixed.items():
            if name not in headers:
                headers[name] = value
        if g.get("pegboard_user") is not None and "Cache-Control" not in headers:
            headers["Cache-Control"] = "private, no-store"  # what is theirs does not come back after signing out
        if request.routing_exception is not None and "Location" in headers:
            parts = urlsplit(headers["Location"])  # the router's own redirect: a false Host must lead nowhere
            headers["Location"] = urlunsplit(("", "", parts.path, parts.query, ""))
        headers["X-Request-ID"] = request_id()
        return response
