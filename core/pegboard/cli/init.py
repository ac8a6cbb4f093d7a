"""`pegboard init`: a deployment of your own, with a first plugin, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from ..discovery import Installed
from ..errors import PegboardError
from ..settings import BoardSettings
from .deployment.chosen import Chosen, chosen
from .deployment.content import Wanted, rendered
from .deployment.names import name_problems, named_after
from .writing import folder_problems, write


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--with", "names", metavar="NAME,…", multiple=True, help="Plugins to begin with, of those installed.")
@click.option("--name", "app_name", help="What people see as the name of the site; by default made from DIR.")
@click.option("--plugin", help="The name of your own first plugin; by default that of DIR.")
def init(folder: Path, names: tuple[str, ...], app_name: str | None, plugin: str | None) -> None:
    """Write a deployment into the new folder DIR: configuration, server settings, and a first plugin with a test."""
    installed = Installed()
    word = folder.absolute().name
    name = plugin.replace("-", "_") if plugin is not None else named_after(word)
    title = app_name if app_name is not None else word.replace("-", " ").replace("_", " ").strip().capitalize()
    begun = chosen([one.strip() for part in names for one in part.split(",") if one.strip()], installed)
    problems = [
        *folder_problems(folder),
        *_about_name(name, plugin, installed),
        *_title_problems(title),
        *begun.problems,
    ]
    if problems:
        raise PegboardError("\n".join(["nothing was written:", *(f"  {problem}" for problem in problems)]))
    files = rendered(Wanted(title, name, begun))
    write(folder, files)
    click.echo(f"Wrote {folder}:")
    for path in files:
        click.echo(f"  {path}")
    click.echo("\nNext:")
    for line in _next(folder, begun):
        click.echo(f"  {line}")
    if begun.incomplete:
        click.echo(f"\nFor the real {', '.join(begun.incomplete)}, fill in .env: see what it says there.")


def _about_name(name: str, plugin: str | None, installed: Installed) -> Iterator[str]:
    hint = "" if plugin is not None else "; the folder's name suggested it, choose another with --plugin"
    yield from (f"{problem}{hint}" for problem in name_problems(name, installed.names))


def _title_problems(title: str) -> Iterator[str]:
    longest = next(
        one.max_length for one in BoardSettings.model_fields["app_name"].metadata if hasattr(one, "max_length")
    )
    if not title.strip() or len(title) > longest or not title.isprintable():
        yield f"{title[:longest]!r} is no name for a site: 1 to {longest} characters in one line; choose one with --name"


def _next(folder: Path, begun: Chosen) -> Iterator[str]:
    """Three commands, each of which works as it stands."""
    yield f"cd {shlex.quote(str(folder))}"
    if not begun.incomplete:
        yield "pegboard db upgrade"
        yield "pegboard run"
        return
    yield "cp .env.example .env"
    yield "pegboard sandbox" if begun.sandboxed else "pegboard config check"
