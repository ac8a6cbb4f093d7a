"""All checks of a deployment, one group after the other; none can stop the others, and no secret is in the answers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ...board import Plan
from ...errors import Problem
from ..known_secrets import redactor
from .configuration import configuration
from .database import database
from .findings import Finding, asked
from .machine import machine
from .plugins import plugins

SECONDS = 10.0
"""How long a question to the database or to a plugin may take, unless the person says otherwise."""


def examine(plan: Plan, seconds: float = SECONDS) -> list[Finding]:
    """Everything there is to say about a deployment, group by group."""
    with _silence():
        found = [
            *asked("machine", lambda: machine(plan)),
            *(_unread(plan.sources.unread) if plan.sources.unread else _deployment(plan, seconds)),
        ]
    clean = redactor(plan).text
    return [replace(one, message=clean(one.message), remedy=clean(one.remedy)) for one in found]


def _deployment(plan: Plan, seconds: float) -> Iterator[Finding]:
    yield from asked("configuration", lambda: configuration(plan))
    yield from asked("database", lambda: database(plan, seconds))
    yield from asked("plugins", lambda: plugins(plan, seconds))


def _unread(problem: Problem) -> Iterator[Finding]:
    """Which database and which plugins is not known: nothing can be said of them, least of all that they are well."""
    yield Finding("configuration.file", "failed", f"{problem.message} (from {problem.source})", problem.remedy)
    for check in ("database.connection", "plugins.health"):
        yield Finding(check, "skipped", "the configuration cannot be read")


@contextmanager
def _silence() -> Iterator[None]:
    """What a check logs, tracebacks too, is in its answer already."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
