"""`pegboard files sweep`: remove what nobody will ever ask for."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

from pegboard.progress import Progress

from .printing import counted, print_json

if TYPE_CHECKING:
    from ..sweeping import Swept, Tally


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--older-than", "hours", type=click.IntRange(min=1), default=24, show_default=True, metavar="HOURS",
              help="How long an upload may be on its way.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
@with_appcontext
def sweep(dry_run: bool, hours: int, as_json: bool) -> None:
    """Remove uploads that never finished, failed ones older than 7 days, and objects that nothing needs.

    Safe while the site runs. Exit code 1 where a storage did not delete something: it stays for the next time.
    """
    from .. import sweeping

    older_than, progress = timedelta(hours=hours), Progress()
    if dry_run:
        swept = sweeping.found(older_than)
    else:
        swept = sweeping.sweep(older_than, lambda now: progress.show(f"{counted(now.steps, 'object')} …"))
        progress.clear()
    if as_json:
        kept = [{"provider": name, "objects": one.objects, "reason": one.reason} for name, one in swept.kept.items()]
        tallies = {kind: asdict(tally) for kind, tally in swept.tallies.items()}
        print_json({"dry_run": dry_run, "removed": tallies, "kept": kept, "waiting": swept.waiting})
    else:
        _print(swept, hours, "Would remove" if dry_run else "Removed")
    raise SystemExit(bool(swept.kept))


def _print(swept: Swept, hours: int, verb: str) -> None:
    kinds = {
        "deleting": ("deleted file that was not gone yet", "deleted files that were not gone yet"),
        "pending": (f"upload older than {hours} h that never finished", f"uploads older than {hours} h that never finished"),
        "failed": ("failed upload older than 7 days", "failed uploads older than 7 days"),
    }  # fmt: skip
    lines = [
        f"{verb} {counted(tally.files, *kinds[kind])} ({_objects(tally)})."
        for kind, tally in swept.tallies.items()
        if kind in kinds and tally.files
    ]
    left = swept.tallies["left"]
    if left.objects:
        lines.append(f"{verb} {_objects(left)} that nothing needs any more.")
    for line in lines or ["There is nothing to remove."]:
        click.echo(line)
    if swept.waiting:
        click.echo(f"{counted(swept.waiting, 'object')} must wait: links to them, or uploads, may still be in use.")
    for provider, kept in swept.kept.items():
        click.secho(
            f"{provider} did not delete {counted(kept.objects, 'object')}: {kept.reason}\n"
            "    → the next sweep tries again; if this goes on: pegboard files doctor",
            err=True,
            fg="red",
        )


def _objects(tally: Tally) -> str:
    from ..sizes import file_size

    return f"{counted(tally.objects, 'object')}, up to {file_size(tally.bytes)}"
