"""`pegboard files migrate`: move all files to another provider while the site runs."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from flask.cli import with_appcontext

from pegboard.progress import Progress

from .choosing import choose
from .printing import counted, print_json

if TYPE_CHECKING:
    from ..moving import Amount, Moved


@click.command()
@click.option("--from", "source", required=True, metavar="NAME", help="The provider that has the files.")
@click.option("--to", "target", required=True, metavar="NAME", help="The provider that gets them.")
@click.option("--dry-run", is_flag=True, help="Only say what would be moved.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
@with_appcontext
def migrate(source: str, target: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Move all files from one provider to another, and let new files go there.

    The site may run meanwhile. Each file is compared before it is deleted at the source; interrupted, it goes on where
    it was. Exit code 1 where a file could not be moved: it stays where it is.
    """
    from .. import moving

    _check_names(source, target)
    amount = moving.to_move(source)
    if dry_run:
        _say_plan(amount, source, target, as_json)
        return
    if amount.files and not yes:
        click.confirm(f"Move {_files(amount)} from {source} to {target}?", abort=True, err=as_json)
    line = _Line(amount)
    moved = moving.move(source, target, line.show)
    line.progress.clear()
    setting = "" if moved.troubles or moved.given_up else choose(target)
    if as_json:
        print_json({"from": source, "to": target, "dry_run": False, **_report(moved), "setting": setting or None})
    else:
        _print(moved, source, target, setting)
    raise SystemExit(bool(moved.troubles or moved.given_up or moved.stuck))


def _check_names(source: str, target: str) -> None:
    from pegboard.contracts.files import FILES
    from pegboard.live import current_board
    from pegboard.settings import suggestion

    enabled = current_board().registry.names(FILES)
    for option, name in (("--from", source), ("--to", target)):
        if name not in enabled:
            raise click.BadParameter(
                f"no enabled plugin provides {name!r} of files; {suggestion(name, enabled)}", param_hint=option
            )
    if source == target:
        others = ", ".join(name for name in enabled if name != source) or "none; enable the plugin that brings it"
        raise click.BadParameter(f"the files are there already; other providers: {others}", param_hint="--to")


def _say_plan(amount: Amount, source: str, target: str, as_json: bool) -> None:
    if as_json:
        print_json({"from": source, "to": target, "dry_run": True, **asdict(amount)})
    elif amount.files:
        click.echo(
            f'Would move {_files(amount)} from {source} to {target}, and write files = "{target}" into pegboard.toml.'
        )
    else:
        click.echo(f"There is nothing to move from {source}.")


class _Line:
    """Progress: files, bytes, and how fast it goes."""

    def __init__(self, amount: Amount) -> None:
        self.progress, self._amount = Progress(), amount

    def show(self, moved: Moved) -> None:
        from ..sizes import file_size

        rate = file_size(int(moved.bytes / max(0.1, time.monotonic() - self.progress.started)))
        files = f"{moved.files} of {counted(self._amount.files, 'file')}"
        self.progress.show(f"{files}, {file_size(moved.bytes)} of {file_size(self._amount.bytes)}, {rate}/s …")


def _report(moved: Moved) -> dict[str, Any]:
    until = moved.until.isoformat() if moved.until else None
    return {
        "files": moved.files,
        "bytes": moved.bytes,
        "failed": [asdict(trouble) for trouble in moved.troubles],
        "given_up": moved.given_up,
        "originals": {
            "removed": moved.originals,
            "waiting": moved.waiting,
            "until": until,
            "stuck": moved.stuck or None,
        },
        "under_way": moved.under_way,
    }


def _print(moved: Moved, source: str, target: str, setting: str) -> None:
    from ..moving import Amount

    click.echo(f"Moved {_files(Amount(moved.files, moved.bytes))} from {source} to {target}.")
    for trouble in moved.troubles:
        click.secho(f"{trouble.name} ({trouble.id}) stays at {source}: {trouble.problem}", err=True, fg="red")
        click.echo(f"    → {trouble.remedy}", err=True)
    if moved.given_up:
        click.secho("Nothing more was tried: a provider does not answer.", err=True, fg="red")
    if moved.originals:
        click.echo(f"Removed {counted(moved.originals, 'original')} at {source}.")
    if moved.stuck:
        click.secho(f"{source} did not delete all originals: {moved.stuck}", err=True, fg="red")
    if setting:
        click.echo(f"{setting[0].upper()}{setting[1:]}.")
    _say_next(moved, source)


def _say_next(moved: Moved, source: str) -> None:
    if moved.under_way:
        click.echo(f"{counted(moved.under_way, 'upload')} to {source} may still finish there.")
    if moved.waiting and moved.until:
        links = f"until {moved.until:%H:%M} UTC, while links to them may be in use"
        click.echo(f"{counted(moved.waiting, 'original')} at {source} must stay {links}.")
    if moved.troubles or moved.given_up:
        click.echo("Then run this again: it goes on with what is left.")
    elif moved.files or moved.under_way or moved.waiting:
        originals = ", and to remove the originals" if moved.waiting else ""
        click.echo(f"Restart the board, then run this once more: for what came meanwhile{originals}.")
    elif not moved.left:
        click.echo(f"Nothing of files is left at {source}.")


def _files(amount: Amount) -> str:
    from ..sizes import file_size

    return f"{counted(amount.files, 'file')} ({file_size(amount.bytes)})"
