"""What requests ask of the database: how often and for how long, and what was slow. Values stay out of the log.

Each statement is counted in Flask's `g`, so a request or a work item that asks nothing pays nothing.
"""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Any

from flask import Flask, Response, g, has_app_context, has_request_context, request
from sqlalchemy import Engine, event

from pegboard.settings import BoardSettings

from .ids import request_id

log = logging.getLogger("pegboard.database")
_LONGEST = 2_000  # characters of a statement in the log


class Queries:
    """Statements so far, and seconds in them."""

    __slots__ = ("count", "seconds")

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0


def init_queries(app: Flask, engine: Engine, settings: BoardSettings) -> None:
    """Count what this board asks, and log what is slow (`slow_query`) or too often (`many_queries`)."""
    slow, many = settings.slow_query, settings.many_queries

    @event.listens_for(engine, "before_cursor_execute")
    def _before(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, *rest: Any) -> None:
        if context is not None:
            context.pegboard_began = perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def _after(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, *rest: Any) -> None:
        took = perf_counter() - getattr(context, "pegboard_began", perf_counter())
        if has_app_context():
            queries = queries_so_far()
            queries.count += 1
            queries.seconds += took
        if took >= slow:
            log.warning("slow query, %.0f ms%s: %s", took * 1000, _asked(), " ".join(statement.split())[:_LONGEST])

    @app.after_request
    def _tell(response: Response) -> Response:
        if "pegboard_queries" in g:
            told: Queries = g.pegboard_queries
            level = logging.WARNING if told.count >= many else logging.DEBUG
            log.log(level, "%d queries, %.0f ms%s", told.count, told.seconds * 1000, _asked())
        return response


def queries_so_far() -> Queries:
    """What the current request or work item has asked. Needs an application context."""
    if "pegboard_queries" not in g:
        g.pegboard_queries = Queries()
    queries: Queries = g.pegboard_queries
    return queries


def _asked() -> str:
    """For whom: the page by its endpoint, for its path may hold a token."""
    if not has_request_context():
        return ""
    return f", {request.method} {request.endpoint or 'no page'}, request {request_id()}"
