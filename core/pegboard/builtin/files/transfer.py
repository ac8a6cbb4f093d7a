"""One object streamed from a provider to another in constant memory, and compared where it has arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from pegboard.errors import NotFound, PegboardError

from .current import storage
from .models import File

AGAIN = "run this again; if that does not help: pegboard files doctor"


class Unfit(PegboardError):
    """A file that cannot be moved as it is, and what to do about it."""

    def __init__(self, message: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(message)


def copy(file: File, key: str, target: str, count: Callable[[int], None]) -> None:
    """Stream a file's object to `key` at another provider, read it back and compare. Unfit where it is not the same.

    `count` is told of each piece how many bytes it has.
    """
    source, there = storage(file.provider), storage(target)
    restore = f"restore the object {file.key} at {file.provider} from a backup and run this again, or delete the file"
    try:
        stat = source.stat(file.key)
    except NotFound:
        raise Unfit(f"{file.provider} has no object of it", restore) from None
    if stat.size != file.size:
        raise Unfit(f"{file.provider} has {stat.size} bytes of it instead of {file.size}", restore)
    with source.read(file.key) as pieces:
        stream = _Hashed(pieces, count)
        there.put(key, stream, size=stat.size, content_type=stat.content_type, metadata=stat.metadata)
    digest = hashlib.sha256()
    with there.read(key) as pieces:
        for piece in pieces:
            digest.update(piece)
    if digest.digest() != stream.digest.digest():
        raise Unfit(f"what arrived at {target} is not what {file.provider} gave", AGAIN)


class _Hashed:
    """What a provider gives, as a stream that remembers the digest of what was read."""

    def __init__(self, pieces: Iterator[bytes], count: Callable[[int], None]) -> None:
        self._pieces, self._count, self._held = pieces, count, b""
        self.digest = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        self._held = self._held or next(self._pieces, b"")
        piece, self._held = self._held[:size], self._held[size:]
        self.digest.update(piece)
        self._count(len(piece))
        return piece
