"""The page that is asked for, without a plugin around it: what Flask wired by hand imports nothing of ours for."""

from __future__ import annotations

from flask import Blueprint


def hello() -> Blueprint:
    """One JSON view, the same for the board and for the application wired by hand."""
    pages = Blueprint("hello", __name__)

    @pages.get("/")
    def index() -> dict[str, str]:
        return {"hello": "world"}

    return pages
