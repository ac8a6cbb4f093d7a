"""`pegboard db`: one history per plugin, all in one go or one at a time."""

from __future__ import annotations

from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from ..live import current_board
from .backup import backup, restore

plugin_option = click.option("--plugin", "name", help="Only this plugin.")


@click.group()
def db() -> None:
    """Create, upgrade and check the tables of the enabled plugins."""


def _board() -> tuple[Any, Any, str]:

    plan = current_board().plan
    return current_app._get_current_object(), plan, plan.database_url  # type: ignore[attr-defined]


@db.command()
@plugin_option
@with_appcontext
def upgrade(name: str | None) -> None:
    """Bring the tables up to date."""
    from .. import migrations

    done = migrations.upgrade(*_board(), name)
    click.echo(f"Upgraded: {', '.join(done)}." if done else "Nothing to do: the tables are up to date.")


@db.command()
@plugin_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.argument("revision", default="-1")
@with_appcontext
def downgrade(name: str | None, revision: str, yes: bool) -> None:
    """Take tables back to REVISION (by default one step; `base` for nothing left), those of all plugins or of one."""
    from .. import migrations

    app, plan, url = _board()
    names = migrations.applied(plan, url, name)
    if not names:
        click.echo("Nothing to do: no tables have been made.")
    elif not yes:
        tables = ", ".join(names)
        click.confirm(f"Take the tables of {tables} back to {revision}? Data in what is dropped is lost.", abort=True)
    for one in names:
        migrations.downgrade(app, plan, url, one, revision)
        click.echo(f"The tables of {one} are at {revision}.")


@db.command()
@plugin_option
@click.option("-m", "--message", default="change", help="What changes, in a few words.")
@with_appcontext
def migrate(name: str | None, message: str) -> None:
    """Write migrations for what models have and tables lack, for the plugins of this deployment or for one.

    Without --plugin those that were installed are left alone: their authors write their migrations.
    """
    from .. import migrations

    app, plan, url = _board()
    names = [name] if name else [entry.name for entry in plan.active if not entry.version and entry.tables]
    written = [path for one in names if (path := migrations.migrate(app, plan, url, one, message))]
    for path in written:
        click.echo(f"Wrote {path}. Read it, then: pegboard db upgrade")
    if not written:
        click.echo("Nothing to do: models and tables agree.")


@db.command()
@click.option("--plugin", "name", required=True, help="The plugin whose tables are there already.")
@with_appcontext
def adopt(name: str) -> None:
    """Write down that the tables of a plugin are there already, as those of an application that became a plugin."""
    from ..migrations.adoption import adopt

    adopt(*_board(), name)
    click.echo(f"The tables of {name} are as its models describe them; from now on its migrations change them.")


@db.command()
@plugin_option
@with_appcontext
def check(name: str | None) -> None:
    """Say what is pending, and where models and tables differ. Exit code 1 if anything is."""
    from .. import migrations

    app, plan, url = _board()
    behind = [one for one in migrations.pending(plan, url) if name in (None, one)]
    for plugin in behind:
        click.secho(f"{plugin}: migrations are pending\n    → pegboard db upgrade", fg="red")
    differing = {} if behind else migrations.differences(app, plan, url, name)
    for plugin, words in differing.items():
        click.secho(f"{plugin}: {words}\n    → pegboard db migrate --plugin {plugin}", fg="red")
    if behind or differing:
        raise SystemExit(1)
    click.echo("The tables are up to date and agree with the models.")


db.add_command(backup)
db.add_command(restore)
