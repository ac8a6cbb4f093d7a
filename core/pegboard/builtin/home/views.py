"""The view of the first page."""

from __future__ import annotations

from flask import Blueprint, render_template


def blueprint() -> Blueprint:
    """One page, at `/`."""
    pages = Blueprint("home", __name__)
    pages.add_url_rule("/", "index", index)
    return pages


def index() -> str:
    """Greet, show what plugins put into the slot `home`, and where to go."""
    return render_template("home/index.html")
