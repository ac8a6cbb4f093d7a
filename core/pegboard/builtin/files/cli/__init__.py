"""`pegboard files`: look after what is stored."""

from __future__ import annotations

from collections.abc import Iterable

import click

from .doctor import doctor
from .migrate import migrate
from .sweep import sweep


def commands() -> Iterable[click.Command]:
    """The commands of the group `files`."""
    return (doctor, sweep, migrate)
