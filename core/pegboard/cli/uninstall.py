"""`pegboard plugins uninstall`: takes away what a plugin has stored. Run again after an interruption, it finishes.

The plugin is disabled first: from then on no start of the board expects what is about to go. Its files follow, one by
one, and last its tables with their version table, in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from ..board import Plan, assemble
from ..contracts.users import plugin_subject
from ..errors import ConfigError, PegboardError
from ..settings import suggestion
from ..sources import read_sources
from .leaving import Leaving, find_leaving, forget, plan_with, remember
from .plan import known_plan
from .switch import switch

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import Connection

    from ..migrations.removal import Ownership, Remains
    from .own_files import OwnFiles


@dataclass(frozen=True, slots=True)
class Stock:
    """What the database knows of a plugin: whose tables are its own, those that are there, and the files it keeps."""

    url: str
    ownership: Ownership
    remains: Remains
    files: OwnFiles

    def __bool__(self) -> bool:
        return bool(self.remains or self.files.count)


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--drop-orphans",
    is_flag=True,
    help="Drop its tables by their names, where its migrations are gone or do not go down.",
)
def uninstall(name: str, yes: bool, drop_orphans: bool) -> None:
    """Delete what the plugin NAME, or module:Class, has stored: its files, its tables and their version. It is disabled first.

    It says what goes, and asks. Nothing is done while another plugin needs it. What is interrupted is finished by running it again.
    """
    plan = known_plan()
    if plan.sources.problems:
        raise ConfigError(plan.sources.problems)
    leaving = find_leaving(plan, name)
    _refuse_needed(plan, leaving)
    stock = _stock(plan, leaving)
    if not stock and leaving.listed is None:
        forget(plan, leaving)
        _say_nothing_is_there(plan, leaving)
        return
    _refuse_tied(leaving, stock, by_name=drop_orphans)
    board = _board_for_files(plan, leaving, stock)
    _show(plan, leaving, stock)
    if not yes:
        click.confirm("Do all this? What is deleted is lost", abort=True)
    _disable(plan, leaving)
    _delete_files(board, stock)
    _drop_tables(plan, leaving, stock, by_name=drop_orphans)
    forget(plan, leaving)
    _say_what_stays(plan, leaving)


def _refuse_needed(plan: Plan, leaving: Leaving) -> None:
    """While an enabled plugin requires it, or the board would not boot without it."""
    dependents = [other.name for other in plan.entries if leaving.name in other.plugin.requires]
    if dependents:
        raise click.ClickException(
            f"{leaving.name} is required by {', '.join(dependents)}: uninstall or disable them first."
        )
    if leaving.listed is None:
        return
    known = {(problem.plugin, problem.message) for problem in plan.problems}
    after = assemble(read_sources(given={"pegboard": leaving.listed}))
    if new := [problem for problem in after.problems if (problem.plugin, problem.message) not in known]:
        raise PegboardError("\n".join([f"without {leaving.name} the board would not boot:", *map(str, new)]))


def _stock(plan: Plan, leaving: Leaving) -> Stock:
    from ..migrations.removal import Ownership, Remains, reading, remains
    from .own_files import OwnFiles, own_files

    others = [entry for entry in plan.entries if entry.name != leaving.name]
    ownership = Ownership(
        leaving.name,
        leaving.tables,
        frozenset({*plan.installed.names, *(entry.name for entry in others)}) - {leaving.name},
        frozenset(name for one in others for name in (*one.plugin.tables, *(table.name for table in one.tables))),
    )
    url, owner = plan.database_url, plugin_subject(leaving.name)
    if not _has_database(plan, leaving):
        return Stock(url, ownership, Remains(), OwnFiles(owner))
    with reading(plan, url) as connection:
        _refuse_files_of_others(plan, leaving, connection)
        return Stock(url, ownership, remains(connection, ownership), own_files(connection, owner))


def _has_database(plan: Plan, leaving: Leaving) -> bool:
    """A board that never had a table has none, and that is no error; a database that is lost is one."""
    from sqlalchemy import make_url

    from ..db.engine import sqlite_file

    file = sqlite_file(make_url(plan.database_url))
    expected = leaving.migrations or plan.settings.database_url or any(entry.tables for entry in plan.entries)
    return bool(expected) or file is None or file.exists()


def _refuse_files_of_others(plan: Plan, leaving: Leaving, connection: Connection) -> None:
    """While files of people, or what is left of some, are where only this plugin reaches, or known to its tables alone."""
    from .own_files import files_of_others, provided_by, undeleted_objects

    owner = plugin_subject(leaving.name)
    if not leaving.reference or not (files_of_others(connection, owner) or undeleted_objects(connection, owner)):
        return
    providers = None if leaving.name == "files" else provided_by(plan_with(plan, leaving), leaving.name)
    where = f"in its storage ({', '.join(providers)})" if providers else "known to it alone"
    if count := files_of_others(connection, owner, providers):
        raise click.ClickException(f"{count} files of others are {where}: move or delete them first.")
    if count := undeleted_objects(connection, owner, providers):
        raise click.ClickException(
            f"what is left of deleted or moved files is {where} (objects: {count}): let pegboard files sweep remove it first,"
            f" which takes a day or two. Where that storage is gone for good, only disable {leaving.name}."
        )


def _refuse_tied(leaving: Leaving, stock: Stock, *, by_name: bool) -> None:
    """While other tables lead to its tables, or nothing can take them back."""
    if stock.remains.referring:
        tied = ", ".join(f"{table} to {referred}" for table, referred in stock.remains.referring)
        raise click.ClickException(
            f"tables of other plugins have foreign keys to those of {leaving.name} ({tied}): uninstall those plugins first."
        )
    if stock.remains and leaving.migrations is None and not by_name:
        names = ", ".join([*stock.remains.tables, *filter(None, [stock.remains.version_table])])
        raise click.ClickException(
            f"there are no migrations of {leaving.name} here that could take its tables back: {names}.\n"
            "Install it again, or drop what has its name: --drop-orphans"
        )


def _board_for_files(plan: Plan, leaving: Leaving, stock: Stock) -> Flask | None:
    """A board that reaches its files: as it will be without the plugin, or with it where that provides them itself."""
    if not stock.files.count:
        return None
    from .own_files import able_to_delete

    without = assemble(read_sources(given={"pegboard": leaving.listed})) if leaving.listed else plan
    return able_to_delete((without, plan_with(plan, leaving)), stock.files)


def _say_nothing_is_there(plan: Plan, leaving: Leaving) -> None:
    if not leaving.reference:
        names = sorted({*plan.installed.names, *(entry.name for entry in plan.entries)})
        raise click.ClickException(
            f"no plugin {leaving.name!r} is installed, and no table has its name; {suggestion(leaving.name, names)}"
        )
    click.echo(f"Nothing to do: {leaving.name} is not enabled, and {_shown_url(plan)} has nothing of it.")


def _show(plan: Plan, leaving: Leaving, stock: Stock) -> None:
    click.echo(f"Uninstalling {leaving.name} from {_shown_url(plan)} (environment {plan.settings.env}):")
    if leaving.listed is not None:
        click.echo(f"  disable  {leaving.name} in {plan.sources.file.name if plan.sources.file else 'pegboard.toml'}")
    if stock.files.count:
        where = ", ".join(stock.files.providers)
        click.echo(f"  delete   {stock.files.count:,} stored files of its own, {stock.files.size:,} bytes, in {where}")
    for name, rows in stock.remains.tables.items():
        click.echo(f"  drop     {name} ({rows:,} rows)")
    if stock.remains.version_table:
        click.echo(f"  drop     {stock.remains.version_table}")
    click.secho("Stop the servers of this board, or restart them right after: they still work with it.", fg="yellow")


def _shown_url(plan: Plan) -> str:
    from sqlalchemy import make_url

    return make_url(plan.database_url).render_as_string(hide_password=True)


def _disable(plan: Plan, leaving: Leaving) -> None:
    remember(plan, leaving)
    for section, names in (leaving.listed or {}).items():
        file = switch(plan.sources, section, names)
        click.echo(f"Disabled {leaving.name} in {file.name}.")


def _delete_files(board: Flask | None, stock: Stock) -> None:
    if board is None:
        return
    from .own_files import delete_all

    try:
        with click.progressbar(delete_all(board, stock.files.owner), stock.files.count, "Deleting files") as deleted:
            count = sum(1 for _ in deleted)
    except PegboardError as error:
        raise PegboardError(
            f"{error}\n    → mend that, then run the same command again: it goes on from here"
        ) from error
    click.echo(f"Deleted {count:,} files.")


def _drop_tables(plan: Plan, leaving: Leaving, stock: Stock, *, by_name: bool) -> None:
    if not stock.remains:
        return
    from ..migrations import History
    from ..migrations.removal import drop, take_back

    if by_name or leaving.migrations is None:
        drop(plan, stock.url, stock.ownership)
    else:
        take_back(plan, stock.url, History(leaving.name, leaving.migrations, leaving.tables), stock.ownership)
    click.echo(f"Dropped {', '.join([*stock.remains.tables, *filter(None, [stock.remains.version_table])])}.")


def _say_what_stays(plan: Plan, leaving: Leaving) -> None:
    click.echo(f"{leaving.name} is uninstalled.")
    if any(leaving.name in tables for _, tables in plan.sources.tables):
        click.echo(f"Its settings stay, for you to delete: [{leaving.name}].")
    if leaving.distribution:
        click.echo(f"Its code stays: pip uninstall {leaving.distribution}")
