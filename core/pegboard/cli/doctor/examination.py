"""All checks of a deployment, one group after the other; none can stop the others, and no secret is in the answers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ...board import Plan
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
            *asked("configuration", lambda: configuration(plan)),
            *asked("database", lambda: database(plan, seconds)),
            *asked("plugins", lambda: plugins(plan, seconds)),
        ]
    clean = redactor(plan).text
    return [replace(one, message=clean(one.message), remedy=clean(one.remedy)) for one in found]


@contextmanager
def _silence() -> Iterator[None]:
    """What a check logs, tracebacks too, is in its answer already."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
