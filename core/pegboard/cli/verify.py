"""`pegboard plugins verify`: whether a plugin keeps the rules, and how to mend what it does not keep."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from .plan import json_option, print_json

if TYPE_CHECKING:
    from ..verification import Finding, Outcome, Report

_COLOURS = {"error": "red", "warning": "yellow", "skipped": "bright_black"}


@click.command()
@click.argument("name")
@json_option
@click.option(
    "--only", multiple=True, metavar="CHECK", help="Only this check, such as boot; may be given several times."
)
@click.option("--seconds", default=60.0, show_default=True, help="The most that one process may take.")
def verify(name: str, as_json: bool, only: tuple[str, ...], seconds: float) -> None:
    """Check the plugin NAME, enabled or not, or module:Class: each finding with its place, why it matters and how to mend it.

    Exit code 1 if there is anything but warnings. Its code runs in processes of its own, without network, on made-up
    settings and throw-away databases; this deployment's are not touched.
    """
    from ..verification import verify as run

    _known(only)
    told = _nothing if as_json else _line
    report = run(name, only=only, neighbours=_enabled(), seconds=seconds, told=told)
    if as_json:
        print_json(report.as_dict())
    else:
        for finding in report.findings:
            _explain(finding)
        _sum_up(report)
    raise SystemExit(0 if report.passed else 1)


def _known(only: tuple[str, ...]) -> None:
    from ..verification import CHECKS

    if unknown := [check for check in only if check not in CHECKS]:
        raise click.BadParameter(f"{unknown[0]!r} is none of: {', '.join(CHECKS)}", param_hint="--only")


def _enabled() -> tuple[str, ...]:
    """The plugins that the deployment here lists. They are read, not loaded; without a deployment there are none."""
    from ..resolution import resolve
    from ..settings import BoardSettings
    from ..sources import read_sources

    sources = read_sources()
    if str(sources.folder) not in sys.path:
        sys.path.append(str(sources.folder))
    board = resolve(BoardSettings, sources, plugin="pegboard", table="pegboard", prefix="PEGBOARD_")
    return board.value.plugins if board.value else ()


def _nothing(outcome: Outcome) -> None:
    pass


def _line(outcome: Outcome) -> None:
    """One check as it ends: with what is true now, or why it was not looked at."""
    from ..verification import CHECKS

    text = CHECKS[outcome.check]
    if outcome.findings:
        text = "; ".join(finding.what for finding in outcome.findings)
    elif outcome.note:
        text = outcome.note if outcome.skipped else f"{text} ({outcome.note})"
    click.secho(f"{outcome.state:<8} {outcome.check:<11} {text}", fg=_COLOURS.get(outcome.state))


def _explain(finding: Finding) -> None:
    click.secho(f"\n{finding.level}: {finding.what}", fg=_COLOURS[finding.level], bold=True)
    if finding.where:
        click.echo(f"    where: {finding.where}")
    click.echo(f"    why:   {finding.why}")
    click.echo(f"    mend:  {finding.remedy}")


def _sum_up(report: Report) -> None:
    warnings = [finding for finding in report.findings if finding.level == "warning"]
    errors = len(report.findings) - len(warnings)
    skipped = [outcome.check for outcome in report.outcomes if outcome.state == "skipped"]
    counts = [(errors, "finding"), (len(warnings), "warning"), (len(skipped), "check")]
    said = ", ".join(_counted(count, word) for count, word in counts if count) + (" not made" if skipped else "")
    made = len(report.outcomes)
    name = f"{report.reference} {report.version}".strip()
    clean = f"{name} is clean" if not errors else name
    cost = "" if report.boot_ms is None else f" It adds {report.boot_ms} ms of processor time to a boot."
    click.secho(f"\n{clean}: {said or _counted(made, 'check')}.{cost}", fg="red" if errors else "green")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
