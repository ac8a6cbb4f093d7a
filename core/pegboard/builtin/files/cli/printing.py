"""What the commands of files print: JSON, and numbers with their words."""

from __future__ import annotations

import json
from typing import Any

import click


def print_json(value: Any) -> None:
    """Print as JSON, two spaces deep."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def counted(count: int, singular: str, plural: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{count} {singular if count == 1 else plural or f'{singular}s'}"
