"""Checks of the plugins: whether each takes part, and what its own health checks say."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial

import click
from flask import Flask

from ...board import Plan
from ...collect import Entry
from ...errors import ConfigError
from ...live import Owned, board_of
from .findings import Asking, Finding, words


def plugins(plan: Plan, seconds: float) -> Iterator[Finding]:
    """Each enabled plugin, then every health check, all asked at the same time and each waited for `seconds`."""
    for entry in plan.entries:
        yield from _standing(entry)
    if plan.problems:
        yield Finding("plugins.health", "skipped", "health checks are asked once the board can boot")
        return
    from ...app import apply

    try:
        app = apply(plan)
    except ConfigError as error:
        for problem in error.problems:
            yield Finding(f"plugins.{problem.plugin}.{problem.key}", "failed", problem.message, problem.remedy)
        return
    for name, reason in board_of(app).broken.items():
        remedy = "correct the plugin, or disable it"
        yield Finding(f"plugins.{name}.app_ready", "failed", f"its pages are closed: {reason}", remedy)
    yield from health(app, seconds)


def health(app: Flask, seconds: float) -> Iterator[Finding]:
    """The answers to the health checks of a board."""
    checks = board_of(app).health_checks
    if checks and sys.stderr.isatty():
        count = "one health check" if len(checks) == 1 else f"{len(checks)} health checks"
        click.echo(f"Asking {count}, at most {seconds:g} s …", err=True)
    asking = [(owned, Asking(partial(_ask, app, owned))) for owned in checks]
    for owned, question in asking:
        check = f"plugins.{owned.plugin}.{owned.item.name}"
        try:
            question.answer(seconds)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            message, remedy = words(error)
            yield Finding(
                check, "failed", message, remedy or f"see the settings of {owned.plugin}: pegboard config show"
            )
        else:
            yield Finding(check, "ok", "healthy")


def _ask(app: Flask, owned: Owned) -> None:
    with app.app_context():
        owned.item.check()


def _standing(entry: Entry) -> Iterator[Finding]:
    for problem in entry.problems:
        source = f" (from {problem.source})" if problem.source else ""
        check = f"plugins.{entry.name}.{problem.key}".rstrip(".")
        yield Finding(check, "failed", f"{problem.message}{source}", problem.remedy)
    if not entry.problems:
        version = f"{entry.version}, " if entry.version else ""
        yield Finding(f"plugins.{entry.name}", "ok", f"{version}ready in {entry.seconds * 1000:.1f} ms")
