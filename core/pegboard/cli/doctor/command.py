"""The command, and how its answers look on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby

import click

from ..plan import current_plan, json_option, print_json
from .examination import SECONDS, examine
from .findings import Finding

_LOOKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "failed": ("FAILED", "red"), "skipped": ("-", None)}


@click.command()
@json_option
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=SECONDS, show_default=True, metavar="SECONDS",
    help="How long the database or a plugin may take to answer.",
)  # fmt: skip
def doctor(as_json: bool, timeout: float) -> None:
    """Check the machine, the configuration, the database and the plugins. Exit code 1 if anything is wrong."""
    found = examine(current_plan(), timeout)
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        report(found)
    raise SystemExit(any(one.state == "failed" for one in found))


def report(found: Sequence[Finding]) -> None:
    """Print the answers by group, what to do below what is wrong, and the sum of it."""
    width = max(len(_short(one)) for one in found)
    for group, answers in groupby(found, key=lambda one: one.group):
        click.secho(group.capitalize(), bold=True)
        for one in answers:
            _line(one, width)
        click.echo()
    bad, doubtful = (sum(one.state == state for one in found) for state in ("failed", "warning"))
    click.secho(_sum(bad, doubtful, len(found)), bold=True, fg="red" if bad else "yellow" if doubtful else "green")


def _line(one: Finding, width: int) -> None:
    word, colour = _LOOKS[one.state]
    click.echo(f"  {click.style(f'{word:<7}', fg=colour)}  {_short(one):<{width}}  {one.message}")
    if one.remedy:
        click.echo(f"  {'':<7}  {'':<{width}}  → {one.remedy}")


def _short(one: Finding) -> str:
    return one.check.partition(".")[2]


def _sum(bad: int, doubtful: int, all_: int) -> str:
    warnings = "1 warning" if doubtful == 1 else f"{doubtful} warnings"
    if bad:
        return f"{bad} of {all_} checks failed, {warnings}."
    return f"No check failed, {warnings}." if doubtful else f"All is well: {all_} checks."
