"""What the console says where there is nothing to look at: a board without a database, or with tables to come."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import render_template

from pegboard.errors import PegboardError
from pegboard.live import current_board

P = ParamSpec("P")


def needs_tables(view: Callable[P, Any]) -> Callable[P, Any]:
    """A view that asks for work. Where its tables are missing or behind, a page says what to type.

    Migrations are looked at when a statement has failed, and not before: it takes as long as the page.
    """

    @wraps(view)
    def looked(*args: P.args, **kwargs: P.kwargs) -> Any:
        if not current_board().plan.uses_database:
            return render_template("console/unavailable.html", behind=None)
        from sqlalchemy.exc import OperationalError, ProgrammingError

        from pegboard.db import db

        try:
            return view(*args, **kwargs)
        except (OperationalError, ProgrammingError):
            db.session.rollback()
            behind = _behind()
            if not behind:
                raise
        return render_template("console/unavailable.html", behind=behind), 503

    return looked


def _behind() -> list[str]:
    """Whose migrations are pending; nobody's where the database itself does not answer."""
    from pegboard.migrations import pending

    plan = current_board().plan
    try:
        return pending(plan, plan.database_url)
    except PegboardError:
        return []
