"""Progress of a command, for a person who watches it."""

from __future__ import annotations

import sys
import time

import click

_FIRST, _BETWEEN = 2.0, 0.2  # seconds before progress is shown, and between two lines of it


def on_a_terminal() -> bool:
    """Whether somebody watches what goes to standard error."""
    return sys.stderr.isatty()


class Progress:
    """One line that is written over, on standard error, where that is a terminal and the work takes some seconds."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self._next = self.started + _FIRST if on_a_terminal() else float("inf")
        self._width = 0

    def show(self, line: str) -> None:
        """Show the line, unless the last one was shown just now."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _BETWEEN
        click.echo(f"\r{line:<{self._width}}", err=True, nl=False)
        self._width = len(line)

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            click.echo(f"\r{'':<{self._width}}\r", err=True, nl=False)
