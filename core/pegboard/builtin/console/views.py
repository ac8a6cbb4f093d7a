"""The pages of the console: dead letters, work and webhooks. One item's page and what is done there is in `items`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from pegboard.web.users import permission

from . import items, replays
from .plugin import VIEW
from .tables import needs_tables

LARGEST_ID = 2**63 - 1
_LONGEST_FILTER = 255


def blueprint() -> Blueprint:
    """New routes of `/console`."""
    pages = Blueprint("console", __name__)
    pages.add_url_rule("/", "dead", dead)
    pages.add_url_rule("/work", "work", work)
    pages.add_url_rule("/webhooks", "webhooks", webhooks)
    items.add_rules(pages)
    replays.add_rules(pages)
    pages.after_request(_not_stored)
    return pages


@permission(VIEW)
@needs_tables
def dead() -> str:
    """What has failed for good, first of all by who handles it."""
    from .listing import dead_letters

    return _page("dead", dead_letters(_asked("queue"), _asked("handler"), _before()))


@permission(VIEW)
@needs_tables
def work() -> str:
    """What waits and is being done; by its status also everything else."""
    from .listing import work

    return _page("work", work(_asked("status"), _asked("queue"), _asked("handler"), _before()))


@permission(VIEW)
@needs_tables
def webhooks() -> str:
    """What others posted, whatever became of it."""
    from .listing import webhooks

    return _page("webhooks", webhooks(_asked("status"), _asked("handler"), _before()))


def _page(name: str, listing: Any) -> str:
    return render_template(f"console/{name}.html", listing=listing, endpoint=f"console.{name}")


def _asked(name: str) -> str | None:
    """What a filter asks for. No value in the database has a NUL, and PostgreSQL will not even look for one."""
    return request.args.get(name, "").strip().replace("\0", "")[:_LONGEST_FILTER] or None


def _before() -> int | None:
    number = request.args.get("before", type=int)
    return number if number is not None and 0 < number <= LARGEST_ID else None


def _not_stored(response: Response) -> Response:
    """Going back after signing out shows nothing of the console."""
    response.headers["Cache-Control"] = "no-store"
    return response
