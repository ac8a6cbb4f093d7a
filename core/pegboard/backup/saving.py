"""Writing the archive."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import make_url

from pegboard.board import Plan

from . import databases
from .archive import Contents, writing


@dataclass(frozen=True, slots=True)
class Saved:
    """What was written; `vanished` counts files that were deleted while we read."""

    file: Path
    contents: Contents
    vanished: int


def save(plan: Plan, target: Path, tell: Callable[[int], None] = lambda files: None) -> Saved:
    """Write a deployment's database and files to a new archive; `tell` hears how many files are in it. PegboardError."""
    url = make_url(plan.database_url)
    kind, folders, vanished = databases.kind_of(url), stored_folders(plan), 0
    with writing(target) as archive:
        with TemporaryDirectory(dir=target.parent, prefix=".pegboard-backup-") as scratch:
            databases.copy(url, copied := Path(scratch) / "database")
            archive.database(copied)
        for plugin, places in folders.items():
            for number, folder in enumerate(places):
                for file in _files(folder):
                    vanished += not archive.file(plugin, number, folder, file)
                    tell(archive.files)
        contents = Contents(
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            app_name=plan.settings.app_name,
            env=plan.settings.env,
            version=version("pegboard"),
            database=kind,
            folders={plugin: [str(place) for place in places] for plugin, places in folders.items()},
            files=archive.files,
            size=archive.size,
        )
        archive.manifest(contents)
    return Saved(target, contents, vanished)


def stored_folders(plan: Plan) -> dict[str, list[Path]]:
    """The folders that the enabled plugins keep files in, absolute, by plugin."""
    found = {
        entry.name: [plan.instance_path / folder for folder in entry.list("stored_folders")] for entry in plan.active
    }
    return {name: folders for name, folders in found.items() if folders}


def _files(folder: Path) -> Iterator[Path]:
    """The regular files below a folder, in a settled order; links are not followed."""
    for place, inner, names in os.walk(folder):
        inner.sort()
        for name in sorted(names):
            file = Path(place, name)
            if file.is_file() and not file.is_symlink():
                yield file
