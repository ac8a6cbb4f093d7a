"""Putting back what is in an archive."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from sqlalchemy import make_url

from pegboard.board import Plan
from pegboard.errors import PegboardError

from . import databases
from .archive import DATABASE, Contents, place_of, reading
from .saving import stored_folders


def put_back(plan: Plan, archive: Path, contents: Contents, tell: Callable[[int], None] = lambda files: None) -> None:
    """Put the files of an examined archive into their folders, then replace the database. PegboardError, with the old rows.

    Files that are not in the archive stay where they are. `tell` hears how many have been put back.
    """
    url, folders = make_url(plan.database_url), stored_folders(plan)
    if (kind := databases.kind_of(url)) != contents.database:
        raise PegboardError(
            f"the archive holds a database of {contents.database}, and DATABASE_URL is one of {kind}\n"
            f"    → restore it into {contents.database}"
        )
    missing = [name for name in contents.folders if len(folders.get(name, [])) < len(contents.folders[name])]
    if missing and contents.files:
        raise PegboardError(
            f"there are files of {', '.join(missing)} in it, which is not enabled here\n    → enable it first"
        )
    files = 0
    plan.instance_path.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=plan.instance_path, prefix=".pegboard-restore-") as scratch,
        reading(archive) as members,
    ):
        copied = Path(scratch) / "database"
        for name, content in members:
            if name == DATABASE:
                _write(copied, content)
            elif (place := place_of(name)) is not None:
                plugin, number, path = place
                _place(folders[plugin][number] / path, content)
                tell(files := files + 1)
        databases.replace(url, copied)


def _place(target: Path, content: IO[bytes]) -> None:
    """Put a file in its place in one step, whatever is there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}")
    try:
        _write(draft, content)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _write(target: Path, content: IO[bytes]) -> None:
    with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as opened:
        shutil.copyfileobj(content, opened, 1 << 20)
