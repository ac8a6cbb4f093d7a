"""The command `pegboard`. Commands that mend a board work also where it cannot boot."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
from flask.cli import FlaskGroup, ScriptInfo, routes_command, shell_command

from ..errors import PegboardError
from .config import config
from .database import db
from .diagnostics import diagnostics
from .doctor import doctor
from .init import init
from .plugins import plugins
from .run import run
from .sandbox import sandbox
from .webhooks import webhooks
from .work import work


class BoardGroup(FlaskGroup):
    """The core's commands, then one group for each plugin that brings commands."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        own = click.Group.get_command(self, ctx, name)
        if own is not None:
            return own
        app = ctx.ensure_object(ScriptInfo).load_app()
        return app.cli.get_command(ctx, name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = set(click.Group.list_commands(self, ctx))
        try:
            names.update(ctx.ensure_object(ScriptInfo).load_app().cli.list_commands(ctx))
        except PegboardError as error:
            click.secho(
                f"Commands of plugins are not shown, because the board cannot boot:\n{error}\n", err=True, fg="red"
            )
        return sorted(names)


def _app() -> Any:
    from ..app import create_app

    return create_app()


@click.group(
    cls=BoardGroup, create_app=_app, add_default_commands=False, add_version_option=False, load_dotenv=False,
    set_debug_flag=False,
)  # fmt: skip
@click.option("--config", "file", type=click.Path(path_type=Path), help="The pegboard.toml to use, instead of ./pegboard.toml.",
              is_eager=True, expose_value=False,
              callback=lambda ctx, param, value: os.environ.update(PEGBOARD_CONFIG=str(value)) if value else None)  # fmt: skip
@click.version_option(package_name="pegboard")
def cli() -> None:
    """Run and look after a Pegboard deployment."""


for _command in (
    config,
    db,
    diagnostics,
    doctor,
    init,
    plugins,
    run,
    sandbox,
    webhooks,
    work,
    routes_command,
    shell_command,
):
    cli.add_command(_command)


def main() -> None:
    """The console script. What we or the database refuse is said in words; anything else is a defect and shows where."""
    try:
        cli.main(prog_name="pegboard")
    except Exception as error:
        said = _in_words(error)
        if said is None:
            raise
        click.secho(said, err=True, fg="red")
        sys.exit(1)


def _in_words(error: Exception) -> str | None:
    if isinstance(error, PegboardError):
        return str(error)
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy.exc import DBAPIError

    from ..db.words import in_words

    return in_words(error) if isinstance(error, DBAPIError) else None
