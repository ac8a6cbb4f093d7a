"""What a client understands, and which addresses it may be sent to."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request


def wants_json() -> bool:
    """Whether the client asks for JSON rather than a page."""
    if request.is_json:
        return True
    accepted = request.accept_mimetypes
    if not accepted or accepted.best is None:
        return False
    return accepted.quality("application/json") > accepted.quality("text/html")


def safe_next(target: str | None, default: str) -> str:
    """`target` if it is a path of this site, else `default`. Nothing that a browser could read as another host passes."""
    if not target or len(target) > 2_000 or not target.startswith("/") or target.startswith("//"):
        return default
    if "\\" in target or any(ord(character) < 33 or ord(character) == 127 for character in target):
        return default
    parts = urlsplit(target)
    return default if parts.scheme or parts.netloc else target
