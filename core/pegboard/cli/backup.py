"""`pegboard db backup` and `pegboard db restore`: a deployment into one file, and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..board import Plan
from ..progress import Progress
from .plan import current_plan

if TYPE_CHECKING:
    from ..backup import Contents


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
def backup(file: Path | None) -> None:
    """Write the database, and the files that are kept on this machine, into one archive: FILE, or a name with the date.

    The site may run meanwhile. It holds password hashes and people's files, so nobody else can read it. Settings and keys are not
    in it, nor files at a provider elsewhere.
    """
    from ..backup import save
    from ..builtin.files.sizes import file_size

    plan = _usable_plan()
    progress = Progress()
    saved = save(plan, (file or Path(_name(plan))).absolute(), lambda files: progress.show(f"{files:,} files …"))
    progress.clear()
    click.echo(
        f"Wrote {saved.file} ({file_size(saved.file.stat().st_size)}): the {saved.contents.database} database, {_files(saved.contents)}."
    )
    if saved.vanished:
        click.echo(f"{saved.vanished} more were deleted while it was written.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(file: Path, yes: bool) -> None:
    """Put back what `pegboard db backup` has written: everything in the database is replaced, files are added.

    The archive is read to its end before anything is changed. Stop the servers of the board first.
    """
    from sqlalchemy import make_url

    from ..backup import examine, put_back
    from ..backup.databases import is_empty

    plan = _usable_plan()
    contents = examine(file)
    url = make_url(plan.database_url)
    empty = is_empty(url)
    click.echo(f"{file}: {contents.app_name} ({contents.env}) of {contents.made}, by Pegboard {contents.version}")
    click.echo(f"  database  {url.render_as_string()} ({'empty' if empty else 'ALL IN IT IS REPLACED'})")
    click.echo(f"  files     {_files(contents)}")
    click.echo(f"Target: {plan.settings.app_name}, environment {plan.settings.env}.")
    if not yes and (not empty or plan.settings.env == "production"):
        click.confirm("Restore it?", abort=True)
    progress = Progress()
    put_back(plan, file, contents, lambda files: progress.show(f"{files:,} of {_files(contents)} …"))
    progress.clear()
    click.echo("Restored. Next: pegboard db upgrade, then start the servers.")


def _usable_plan() -> Plan:
    plan = current_plan()
    plan.require()
    return plan


def _name(plan: Plan) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", plan.settings.app_name.lower()).strip("-") or "board"
    return f"{name}-{plan.settings.env}-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar.gz"


def _files(contents: Contents) -> str:
    from ..builtin.files.sizes import file_size

    return f"{contents.files:,} file{'' if contents.files == 1 else 's'} ({file_size(contents.size)})"
