"""`pegboard plugins new`: a complete distribution to start from, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from ..board import Plan
from ..errors import PegboardError
from ..settings import suggestion
from .plan import current_plan
from .scaffold.capabilities import Offered, offered
from .scaffold.content import PARTS, Wanted, rendered
from .scaffold.names import name_problems
from .writing import write


@click.command()
@click.argument("name")
@click.option("--capability", help="What it provides, such as files: any capability that an enabled plugin brings.")
@click.option("--with", "parts", metavar="PART,…", default="", help=f"What else to begin with: {', '.join(PARTS)}.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    help="The folder to make. By default plugins/NAME where plugins are kept together, else pegboard-NAME.",
)
def new(name: str, capability: str | None, parts: str, directory: Path | None) -> None:
    """Write a distribution for a new plugin NAME: code, tests and README, in a folder of its own."""
    plan = current_plan()
    name = name.replace("-", "_")
    words = [word.strip() for word in parts.split(",") if word.strip()]
    folder = directory or _default_folder(name)
    found = offered(plan, capability) if capability else None
    problems = [*name_problems(name, _known(plan)), *_part_problems(words)]
    problems += [found] if isinstance(found, str) else []
    problems += _folder_problems(folder) if directory or not problems else []
    if problems:
        raise PegboardError("\n".join(["nothing was written:", *(f"  {problem}" for problem in problems)]))
    wanted = Wanted(name, frozenset(words), found if isinstance(found, Offered) else None, not _is_kept(folder.parent))
    files = _rendered(wanted)
    write(folder, files)
    _say(wanted, folder, files)


def _default_folder(name: str) -> Path:
    return Path("plugins", name) if _is_kept(Path("plugins")) else Path(f"pegboard-{name.replace('_', '-')}")


def _is_kept(folder: Path) -> bool:
    """Whether plugins are kept together in that folder."""
    return folder.absolute().name == "plugins" and any(folder.glob("*/pyproject.toml"))


def _known(plan: Plan) -> set[str]:
    """The plugins that are installed, and those that the deployment has in files of its own."""
    return {*plan.installed.names, *(entry.name for entry in plan.entries)}


def _part_problems(words: list[str]) -> Iterator[str]:
    for word in words:
        if word not in PARTS:
            yield f"--with knows no {word!r}; {suggestion(word, list(PARTS))}"


def _folder_problems(folder: Path) -> Iterator[str]:
    if folder.exists() or folder.is_symlink():
        yield f"{folder} is there already: choose another with --directory"
    elif not folder.absolute().parent.is_dir():
        yield f"the folder {folder.parent} is not there: make it first, or choose another with --directory"


def _rendered(wanted: Wanted) -> dict[str, str]:
    try:
        return rendered(wanted)
    except OSError as error:
        word = wanted.capability.word if wanted.capability else ""
        raise PegboardError(f"nothing was written: the contract of {word!r} cannot be read: {error}") from error


def _say(wanted: Wanted, folder: Path, files: dict[str, str]) -> None:
    click.echo(f"Wrote {folder}:")
    for path, text in files.items():
        left = text.count("FILL IN") - text.count('"FILL IN"')
        click.echo(f"  {path}" + (f"  ({left} to FILL IN)" if left else ""))
    click.echo("Next:")
    for line in _next(wanted, folder):
        click.echo(f"  {line}")


def _next(wanted: Wanted, folder: Path) -> Iterator[str]:
    """Three commands, each of which works as it stands."""
    if not wanted.alone and Path("tools/environment.py").exists():
        yield f"make test ARGS={shlex.quote(str(folder))}"
        yield f".venv/bin/pegboard plugins enable {wanted.name}"
        yield ".venv/bin/pegboard run"
        return
    place = str(folder) if folder.is_absolute() else f"./{folder}"
    yield f"pip install --editable {shlex.quote(f'{place}[test]')}"
    yield f"python -m pytest {shlex.quote(str(folder))}"
    yield f"pegboard plugins enable {wanted.name}"
