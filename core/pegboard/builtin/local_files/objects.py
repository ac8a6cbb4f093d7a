"""Objects in a folder, each one file: its record (a line of JSON), then its bytes.

A file is written aside, synced and renamed into place, so a crash leaves the old object or the new one, never half of
one. Key `a/b` is the file `a/b@`: no key holds an `@`, so `a/b/c` fits beside it.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from pegboard.contracts.files import CHUNK, Stat
from pegboard.errors import NotFound, ProviderError

PROVIDER = "local"
_LONGEST_RECORD = 8 * 1024  # bytes
_LEFTOVER_AFTER = 24 * 3600  # seconds


class ObjectFolder:
    """The folder `root`, made on first use and readable by its owner only. Keys were checked by the caller."""

    def __init__(self, root: Path) -> None:
        self._root, self._aside = root, root / ".aside"
        self._made = False

    @contextmanager
    def open(self, key: str) -> Iterator[tuple[BinaryIO, Stat]]:
        """The object's file, placed at its first byte, and what its record says. Raises `NotFound`."""
        with disk("read"):
            try:
                file = self._path(key).open("rb", buffering=0)
            except (FileNotFoundError, NotADirectoryError):
                raise NotFound(f"nothing is stored under {key}", provider=PROVIDER, operation="read") from None
        with file:
            with disk("read"):
                stat = _read_record(file, key)
            yield file, stat

    def store(self, key: str, pieces: Iterator[bytes], content_type: str, metadata: Mapping[str, str]) -> Stat:
        """Replace what the key holds by all the pieces; if they raise, it holds what it held before."""
        self.prepare("put")
        etag = secrets.token_hex(16)
        record = json.dumps({"content_type": content_type, "etag": etag, "metadata": dict(metadata)}).encode() + b"\n"
        with disk("put"):
            descriptor, name = tempfile.mkstemp(dir=self._aside)
        aside = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                with disk("put"):
                    file.write(record)
                for piece in pieces:
                    with disk("put"):
                        file.write(piece)
                with disk("put"):
                    file.flush()
                    os.fsync(file.fileno())
                    status = os.fstat(file.fileno())
            with disk("put"):
                self._move(aside, self._path(key))
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        return Stat(status.st_size - len(record), content_type, etag, modified, metadata)

    def remove(self, key: str) -> None:
        with disk("delete"):
            try:
                self._path(key).unlink(missing_ok=True)
            except NotADirectoryError:
                return

    def prepare(self, operation: str) -> None:
        """Make the folders, and remove what crashes left aside a day ago or earlier."""
        if self._made:
            return
        with disk(operation):
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._aside.mkdir(mode=0o700, exist_ok=True)
            for leftover in self._aside.iterdir():
                with suppress(FileNotFoundError):  # another thread has just moved it into place
                    if leftover.stat().st_mtime < time.time() - _LEFTOVER_AFTER:
                        leftover.unlink()
        self._made = True

    def try_writing(self) -> None:
        self._made = False
        self.prepare("check")
        with disk("check"), tempfile.TemporaryFile(dir=self._aside) as file:
            file.write(b"check")

    def _path(self, key: str) -> Path:
        return self._root / f"{key}@"

    def _move(self, aside: Path, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the rename, too, must outlive a power cut
        finally:
            os.close(folder)


@contextmanager
def disk(operation: str) -> Iterator[None]:
    """Turns the errors of the operating system into ours."""
    try:
        yield
    except OSError as error:
        reason = f"{error.strerror or error} ({error.filename})" if error.filename else str(error)
        raise ProviderError(reason, provider=PROVIDER, operation=operation) from error


def read_chunks(file: BinaryIO, count: int) -> Iterator[bytes]:
    """The next `count` bytes, or as many as the file still has."""
    while count > 0:
        with disk("read"):
            chunk = file.read(min(CHUNK, count))
        if not chunk:
            return
        count -= len(chunk)
        yield chunk


def _read_record(file: BinaryIO, key: str) -> Stat:
    start = file.read(_LONGEST_RECORD)
    line, newline, _ = start.partition(b"\n")
    try:
        record = json.loads(line)
        content_type, etag, metadata = str(record["content_type"]), str(record["etag"]), record.get("metadata", {})
    except (ValueError, KeyError, TypeError):
        reason = f"the file of {key} does not begin with its record: it was damaged, or not written by this provider"
        raise ProviderError(reason, provider=PROVIDER, operation="read", permanent=True) from None
    status, begin = os.fstat(file.fileno()), len(line) + len(newline)
    file.seek(begin)
    return Stat(status.st_size - begin, content_type, etag, datetime.fromtimestamp(status.st_mtime, UTC), metadata)
