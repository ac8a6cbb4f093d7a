"""Streams for the contract suite: long ones that are never in memory as a whole, and ones that break off."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator

# No multiple of any part or chunk, so that parts that are lost, doubled or swapped change the content.
_BLOCK = random.Random(20).randbytes(1024 * 1024 + 7)  # noqa: S311 - content, not a secret


class Pattern:
    """`size` bytes that are the same on every run."""

    def __init__(self, size: int) -> None:
        self._left, self._at = size, 0

    def read(self, size: int, /) -> bytes:
        count = min(size if size >= 0 else self._left, self._left)
        pieces = []
        while count:
            piece = _BLOCK[self._at : self._at + count]
            self._at = (self._at + len(piece)) % len(_BLOCK)
            self._left -= len(piece)
            count -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)


class StreamBroke(Exception):
    """What `Breaking` raises."""


class Breaking(Pattern):
    """Gives `size` bytes, then raises `StreamBroke` as a connection that is lost does."""

    def read(self, size: int, /) -> bytes:
        piece = super().read(size)
        if not piece:
            raise StreamBroke
        return piece


def digest(chunks: Iterator[bytes]) -> str:
    total = hashlib.sha256()
    for chunk in chunks:
        total.update(chunk)
    return total.hexdigest()


def digest_of_pattern(size: int) -> str:
    stream = Pattern(size)
    return digest(iter(lambda: stream.read(256 * 1024), b""))
