"""What commands share: the plan of the deployment they are run in, and JSON."""

from __future__ import annotations

import json
from typing import Any

import click

from ..board import Plan, assemble
from ..errors import ConfigError
from ..sources import read_sources

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def current_plan() -> Plan:
    """The plan of this deployment, problems and all; nothing is raised and Flask is not started."""
    return assemble(read_sources())


def known_plan() -> Plan:
    """The same, for what changes a deployment or says what is in it. ConfigError where its files cannot be read."""
    plan = current_plan()
    if plan.sources.unread:
        raise ConfigError([plan.sources.unread])
    return plan


def print_json(value: Any) -> None:
    """Print as JSON, two spaces deep."""
    click.echo(json.dumps(value, indent=2, default=str))


def print_problems(plan: Plan) -> None:
    """Every problem, on standard error."""
    for problem in plan.problems:
        click.secho(str(problem), err=True, fg="red")
