"""How new files are made from templates and come to the disk: all of them or none, written aside and moved into place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import mkdtemp

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..errors import PegboardError


def templates(folder: Path) -> Environment:
    """The templates in a folder. They say `<< word >>` and `<% if … %>`, since many of them become templates of Jinja."""
    return Environment(
        loader=FileSystemLoader(folder),
        variable_start_string="<<", variable_end_string=">>", block_start_string="<%", block_end_string="%>",
        comment_start_string="<#", comment_end_string="#>",
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - source code, not HTML
    )  # fmt: skip


def folder_problems(folder: Path) -> Iterator[str]:
    """Why nothing can be written there; nothing where it can. An empty folder will do."""
    parent = folder.absolute().parent
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        yield f"{folder} is there already, and is no folder"
    elif folder.is_dir() and any(folder.iterdir()):
        yield f"the folder {folder} is not empty: choose another"
    elif not parent.is_dir():
        yield f"the folder {parent} is not there: make it first"
    elif not os.access(folder if folder.is_dir() else parent, os.W_OK | os.X_OK):
        yield f"nothing can be written in {folder if folder.is_dir() else parent}: choose another place, or let it be written"


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write all of it, or nothing. PegboardError says why not."""
    aside = None
    try:
        aside = Path(mkdtemp(prefix=".new-", dir=folder.absolute().parent))
        aside.chmod(0o755)
        for path, text in files.items():
            file = aside / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        if folder.is_dir():
            _move_into(folder, aside)
        else:
            aside.rename(folder)
    except OSError as error:
        where = error.filename or folder
        raise PegboardError(f"nothing was written: {error.strerror} ({where})") from error
    finally:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)


def _move_into(folder: Path, aside: Path) -> None:
    """An empty folder that is there stays the same one: a shell may be in it."""
    items = sorted(aside.iterdir())
    try:
        for item in items:
            item.rename(folder / item.name)
    except OSError:
        for place in (folder / item.name for item in items):
            if place.is_dir():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
        raise
