"""The page of `docs/` about the command line, from the commands themselves: the core's, and those of this repository's plugins."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from pegboard.cli import cli
from pegboard.discovery import Found
from pegboard.plugin import Plugin
from pegboard.verification.boards import plan_of

_HEAD = """\
# Commands

`pegboard` runs and mends the deployment in the current folder. `pegboard --config FILE …`, or the variable `PEGBOARD_CONFIG`, names another. Exit code 1 means
that something is wrong, 2 that the command was not understood. Commands with `--json` print it for scripts; those that lose something ask first, unless
`--yes` is given.

The commands under *The core* but `db`, `run`, `routes` and `shell` work also where the board cannot boot. A plugin's commands are there while it is enabled.
"""


def commands_page(plugins: Iterable[type[Plugin[Any]]]) -> str:
    """A section for every command, with its usage, its words and its options."""
    parts = [_HEAD, "## The core\n", _options(cli, "pegboard")]
    for name in sorted(cli.commands):
        parts += _sections(cli.commands[name], f"pegboard {name}")
    plan = plan_of([Found(plugin, "") for plugin in plugins], Path())
    for entry in plan.entries:
        if commands := entry.list("commands"):
            parts.append(f"## The plugin {entry.name}\n")
            for command in sorted(commands, key=lambda command: str(command.name)):
                parts += _sections(command, f"pegboard {entry.command} {command.name}")
    return "\n".join(part for part in parts if part)


def _sections(command: click.Command, path: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _sections(command.commands[name], f"{path} {name}")
        return
    pieces = command.collect_usage_pieces(click.Context(command, info_name=path))
    arguments = " ".join(piece for piece in pieces if piece != "[OPTIONS]")
    yield f"### `{f'{path} {arguments}'.strip()}`\n"
    yield f"{_words(command.help or '')}\n"
    yield _options(command, path)


def _words(text: str) -> str:
    """Paragraphs, each on one line: a terminal's line breaks mean nothing here."""
    paragraphs = inspect.cleandoc(text.partition("\f")[0]).split("\n\n")
    return "\n\n".join(re.sub(r"\s+", " ", paragraph).strip() for paragraph in paragraphs)


def _options(command: click.Command, path: str) -> str:
    context = click.Context(command, info_name=path)
    options = [param for param in command.params if isinstance(param, click.Option)]
    records = [record for option in options if (record := option.get_help_record(context))]
    rows = [f"| `{names}` | {_cell(about)} |" for names, about in records]
    return "\n".join(["| option | |", "| --- | --- |", *rows, ""]) if rows else ""


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
