"""`pegboard files doctor`: whether each storage does what it must, and whether browsers can upload to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from flask.cli import with_appcontext

from .printing import print_json

if TYPE_CHECKING:
    from ..diagnosis import Finding

_LOOKS = {"ok": ("ok", "green"), "failed": ("FAILED", "red"), "skipped": ("-", None)}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Write, read, copy and delete a tiny object at each storage, and ask it what a browser would ask.

    Exit code 1 if anything is wrong.
    """
    from .. import diagnosis
    from ..current import chosen

    report, wrong = [], False
    for name in diagnosis.provider_names():
        findings, access = [], None
        if not as_json:
            click.secho(f"{name}{', where new files go' if name == chosen() else ''}", bold=True)
        for finding in diagnosis.diagnose(name):
            findings.append(asdict(finding))
            wrong = wrong or finding.state == "failed"
            if not as_json:
                _print(finding)
        if findings[0]["step"] not in ("enabled", "start"):
            access = diagnosis.browser_access(name)
        if not as_json:
            _print_access(access)
        report.append({"provider": name, "findings": findings, "browser_access": access})
    if as_json:
        print_json(report)
    raise SystemExit(wrong)


def _print(finding: Finding) -> None:
    word, colour = _LOOKS[finding.state]
    click.echo(f"  {click.style(f'{word:<7}', fg=colour)}  {finding.step:<8}  {finding.message}")
    if finding.remedy:
        click.echo(f"  {'':<7}  {'':<8}  → {finding.remedy}")


def _print_access(access: Mapping[str, Any] | None) -> None:
    if access is not None:
        click.echo("  So that browsers can upload, the store must be configured like this:")
        click.echo("\n".join(f"    {line}" for line in json.dumps(access, indent=2).splitlines()))
    click.echo()
