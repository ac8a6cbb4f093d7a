"""`pegboard diagnostics`: a file to attach to a bug report, without secrets. It is written here and sent nowhere."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ..errors import PegboardError
from .bundle import Part, bundle
from .doctor.examination import SECONDS
from .plan import current_plan, json_option, print_json

_README = """\
This describes a Pegboard deployment, for a bug report. It was written by `pegboard diagnostics` and sent nowhere.
Values of secrets, passwords in URLs, and what looks like a credential are replaced by asterisks. Names of machines,
folders and plugins are not: look through it before you pass it on.

"""


@click.command()
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to write it, instead of here.")
@json_option
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=SECONDS, show_default=True, metavar="SECONDS",
    help="How long the database or a plugin may take to answer.",
)  # fmt: skip
def diagnostics(output: Path | None, as_json: bool, timeout: float) -> None:
    """Write what explains this board into one file, without secrets. With --json, print it and write none."""
    if as_json and output is not None:
        raise click.UsageError("--json prints and writes no file: give it without --output.")
    if as_json:
        print_json({part.file: part.content for part in bundle(current_plan(), timeout)})
        return
    file = output or Path(f"pegboard-diagnostics-{datetime.now().astimezone():%Y-%m-%d-%H%M%S}.zip")
    _refuse(file)
    parts = bundle(current_plan(), timeout)
    size = write(file, parts)
    click.echo(f"Wrote {file} ({size / 1024:.0f} KiB). In it, without secrets:")
    width = max(len(part.file) for part in parts)
    for part in parts:
        click.echo(f"  {part.file:<{width}}  {part.about}")
    click.echo("Nothing was sent anywhere. Look through it, then attach it to your report.")


def write(file: Path, parts: Sequence[Part]) -> int:
    """Write the bundle, readable for its owner alone; its size in bytes. PegboardError where there is something already."""
    content = archive(parts)
    try:
        with file.open("xb") as opened:
            file.chmod(0o600)
            opened.write(content)
    except OSError as error:
        _refuse(file)
        raise PegboardError(f"{file} cannot be written: {error.strerror}; give another place with --output") from error
    return len(content)


def archive(parts: Sequence[Part]) -> bytes:
    """The bundle as a ZIP archive."""
    readme = _README + "".join(f"{part.file}: {part.about}\n" for part in parts)
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("README.txt", readme)
        for part in parts:
            opened.writestr(part.file, _text(part.content).encode("utf-8", "backslashreplace"))
    return memory.getvalue()


def _text(content: Any) -> str:
    return (
        content if isinstance(content, str) else json.dumps(content, indent=2, default=str, ensure_ascii=False) + "\n"
    )


def _refuse(file: Path) -> None:
    if file.exists():
        raise PegboardError(f"{file} is there already and stays as it is; give another name with --output")
