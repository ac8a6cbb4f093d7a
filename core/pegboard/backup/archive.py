"""The archive: a compressed tar of `database`, `files/<plugin>/<number>/…`, and last `manifest.json`, which says what it is.

It has its name only when it is whole, and is for its owner alone: it holds password hashes and people's files.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import secrets
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pegboard.errors import PegboardError

FORMAT = 1
DATABASE = "database"
FILES = "files"
_MANIFEST = "manifest.json"
_LONGEST = 1 << 20  # bytes of a manifest
_LEVEL = 3  # most of what is large is compressed already


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive says of itself. `made` is ISO 8601 in UTC, `database` sqlite or postgresql, `folders` plugins with theirs."""

    made: str
    app_name: str
    env: str
    version: str
    database: str
    folders: dict[str, list[str]]
    files: int
    size: int
    format: int = FORMAT

    @property
    def places(self) -> set[tuple[str, int]]:
        """Each plugin with the number of each of its folders."""
        return {(plugin, number) for plugin, folders in self.folders.items() for number in range(len(folders))}


class Writer:
    """An archive that is being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files, self.size = 0, 0

    def database(self, file: Path) -> None:
        """Take the copy of the database."""
        self._tar.add(file, DATABASE, recursive=False)

    def file(self, plugin: str, number: int, folder: Path, file: Path) -> bool:
        """Take a file below one of a plugin's folders. False where it is gone: it was deleted meanwhile."""
        name = PurePosixPath(FILES, plugin, str(number), *file.relative_to(folder).parts)
        try:
            with file.open("rb") as opened:
                member = self._tar.gettarinfo(arcname=str(name), fileobj=opened)
                self._tar.addfile(member, opened)
        except FileNotFoundError:
            return False
        self.files, self.size = self.files + 1, self.size + member.size
        return True

    def manifest(self, contents: Contents) -> None:
        """Last of all."""
        content = json.dumps(asdict(contents), indent=2).encode()
        member = tarfile.TarInfo(_MANIFEST)
        member.size = len(content)
        self._tar.addfile(member, io.BytesIO(content))


@contextmanager
def writing(target: Path) -> Iterator[Writer]:
    """A new archive. Whatever goes wrong, there is nothing of it at `target`. PegboardError if there is something already."""
    if target.exists():
        raise PegboardError(f"{target} exists already\n    → choose another name, or move it away")
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as opened:
            with tarfile.open(fileobj=opened, mode="w:gz", compresslevel=_LEVEL, format=tarfile.PAX_FORMAT) as tar:
                yield Writer(tar)
            opened.flush()
            os.fsync(opened.fileno())
        os.link(draft, target)
    except FileExistsError:
        raise PegboardError(f"{target} was made by somebody else meanwhile\n    → choose another name") from None
    except OSError as error:
        raise PegboardError(
            f"the archive {target} cannot be written: {error.strerror}\n    → make room or make the folder writable; "
            "nothing is left of it"
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def examine(file: Path) -> Contents:
    """Read an archive from end to end. PegboardError if it is not one, not whole, or of a newer version."""
    contents: Contents | None = None
    own: list[str] = []
    folders: set[tuple[str, int]] = set()
    with reading(file) as members:
        for name, content in members:
            if name in (DATABASE, _MANIFEST):
                own.append(name)
            elif (place := place_of(name)) is not None:
                folders.add(place[:2])
            if name == _MANIFEST:
                contents = _understood(content.read(_LONGEST), file)
            while content.read(1 << 20):
                pass
    if contents is None:
        raise PegboardError(f"{file} is not whole: its manifest is missing\n    → take another backup")
    if own != [DATABASE, _MANIFEST] or not folders <= contents.places:
        raise PegboardError(f"{file} does not hold what its manifest says\n    → take another backup")
    return contents


@contextmanager
def reading(file: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """The regular files of an archive, each with its name in it, in order."""
    try:
        with gzip.open(file) as opened, tarfile.open(fileobj=opened, mode="r:") as tar:
            yield _members(tar, opened)
    except FileNotFoundError:
        raise PegboardError(f"there is no file {file}") from None
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise PegboardError(f"{error.filename or file}: {error.strerror}") from error
        raise PegboardError(
            f"{file} is damaged or not a backup of a board ({error})\n    → take another backup; nothing was changed"
        ) from error


def _members(tar: tarfile.TarFile, opened: gzip.GzipFile) -> Iterator[tuple[str, IO[bytes]]]:
    for member in tar:
        content = tar.extractfile(member) if member.isfile() else None
        if content is not None:
            yield member.name, content
    while opened.read(1 << 20):  # to the checksum behind what tar reads
        pass


def place_of(name: str) -> tuple[str, int, PurePosixPath] | None:
    """The plugin, the number of its folder, and the path below that. None for what is no file of a plugin's, or leads elsewhere."""
    parts = PurePosixPath(name).parts
    if len(parts) < 4 or parts[0] != FILES or ".." in parts or not parts[2].isdigit():
        return None
    return parts[1], int(parts[2]), PurePosixPath(*parts[3:])


def _understood(content: bytes, file: Path) -> Contents:
    try:
        values: dict[str, Any] = json.loads(content)
        if values["format"] > FORMAT:
            raise PegboardError(f"{file} was made by Pegboard {values['version']}\n    → restore it with that version")
        contents = Contents(**values)
        if not all(isinstance(folders, list) for folders in contents.folders.values()):
            raise TypeError("folders that are no lists")
        return contents
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PegboardError(f"{file} is not a backup of a board: its manifest says {error}") from error
