"""`pegboard run`: serve the board on this machine, for development."""

from __future__ import annotations

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from ..errors import PegboardError
from ..live import board_of


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=5000, show_default=True)
@with_appcontext
def run(host: str, port: int) -> None:
    """Serve the board with Flask's development server. In production use a WSGI server on wsgi.py."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    warn_of_pending(app)
    from werkzeug.serving import run_simple

    run_simple(host, port, app, threaded=True, use_reloader=app.debug, use_debugger=app.debug)


def warn_of_pending(app: Flask) -> None:
    """Say which migrations are pending, and what to type."""
    plan = board_of(app).plan
    if not any(entry.tables for entry in plan.active):
        return
    from ..migrations import pending

    try:
        behind = pending(plan, plan.database_url)
    except PegboardError as error:
        click.secho(str(error), err=True, fg="yellow")
        return
    if behind:
        click.secho(f"Migrations are pending for {', '.join(behind)}: pegboard db upgrade", err=True, fg="yellow")
