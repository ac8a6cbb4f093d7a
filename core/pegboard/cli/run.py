"""`pegboard run`: serve the board on this machine, for development."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import ScriptInfo

from ..errors import ConfigError, PegboardError
from ..live import board_of


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=5000, show_default=True)
@click.option(
    "--safe", is_flag=True, help="Leave out the plugins that fail, with what requires them, and run the rest."
)
@click.pass_context
def run(ctx: click.Context, host: str, port: int, safe: bool) -> None:
    """Serve the board with Flask's development server. In production use a WSGI server on wsgi.py."""
    app = _safe_board() if safe else _board(ctx)
    say_what_is_off(app)
    warn_of_pending(app)
    from werkzeug.serving import run_simple

    run_simple(host, port, app, threaded=True, use_reloader=app.debug, use_debugger=app.debug)


def _safe_board() -> Flask:
    from ..app import create_app

    return create_app(config={"pegboard": {"safe": True}})


def _board(ctx: click.Context) -> Flask:
    try:
        return ctx.ensure_object(ScriptInfo).load_app()
    except ConfigError as error:
        if all(problem.plugin == "pegboard" for problem in error.problems):
            raise
        raise PegboardError(f"{error}\nTo run the board without what fails: pegboard run --safe") from error


def say_what_is_off(app: Flask) -> None:
    """Say which plugins were left out and why, and in safe mode what that means."""
    board = board_of(app)
    for name, reason in board.off.items():
        click.secho(f"{name} is off: {reason}", err=True, fg="red")
    for problem in board.plan.board.warnings:
        if problem.key.startswith("providers."):
            click.secho(str(problem), err=True, fg="yellow")
    if not board.settings.safe:
        return
    fine = "Safe mode: no plugin fails, all are on. Start without --safe, and unset PEGBOARD_SAFE."
    rest = (
        "Safe mode: the rest of the board runs. `pegboard doctor` says what to do; mend it, then start without --safe."
    )
    click.secho(rest if board.off else fine, err=True, bold=True)
    if board.settings.env == "production":
        warning = "This is production: people get a board with parts missing until it is mended."
        click.secho(warning, err=True, fg="red", bold=True)


def warn_of_pending(app: Flask) -> None:
    """Say which migrations are pending, and what to type. Never stops the start."""
    plan = board_of(app).plan
    if not plan.uses_database:
        return
    from ..migrations import pending

    try:
        behind = pending(plan, plan.database_url)
    except Exception as error:  # noqa: BLE001 - an author's migration may raise anything, and pages may still work
        unclear = f"Whether migrations are pending cannot be told ({type(error).__name__}): pegboard doctor says more."
        click.secho(str(error) if isinstance(error, PegboardError) else unclear, err=True, fg="yellow")
        return
    if behind:
        click.secho(f"Migrations are pending for {', '.join(behind)}: pegboard db upgrade", err=True, fg="yellow")
