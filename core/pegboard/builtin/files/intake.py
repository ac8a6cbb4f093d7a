"""What comes in: keys for it, the stream that stops at the limit, and the look at what a browser has sent."""

from __future__ import annotations

import base64
import secrets

from pegboard.contracts.files import ByteStream, FileStorage

from .models import File
from .quota import Usage
from .refusals import FileRefused
from .settings import FilesSettings
from .sniffing import HEAD, sniffed_type


def new_id() -> str:
    """An identifier for URLs: 128 random bits."""
    return _random(16)


def new_key(prefix: str) -> str:
    """A key that cannot be guessed: 160 random bits. Its first two characters are a folder, so that none grows large."""
    token = _random(20)
    return f"{prefix}{token[:2]}/{token}"


def _random(count: int) -> str:
    return base64.b32encode(secrets.token_bytes(count)).decode().rstrip("=").lower()


class Announced:
    """A stream whose type is known before the first byte is stored. It raises FileRefused past the limit, past what is
    left of the owner's quota, and where it has not the `size` in bytes that it was said to have."""

    def __init__(
        self, stream: ByteStream, file: File, settings: FilesSettings, usage: Usage, size: int | None = None
    ) -> None:
        self._stream, self._limit, self._size, self._count = stream, settings.max_size, size, 0
        self._usage = usage
        self._head = self._first()
        self.content_type = sniffed_type(self._head, file.filename, file.content_type)
        if not settings.accepts(self.content_type):
            raise FileRefused("type")

    def read(self, size: int, /) -> bytes:
        piece, self._head = self._head[:size], self._head[size:]
        piece = piece or self._stream.read(size)
        self._count += len(piece)
        if self._count > self._limit:
            raise FileRefused("too_large")
        if self._usage.left is not None and self._count > self._usage.left:
            raise self._usage.refusal()
        if self._size is not None and (self._count > self._size or (not piece and size and self._count < self._size)):
            raise FileRefused("truncated")
        return piece

    def _first(self) -> bytes:
        head = b""
        while len(head) < HEAD and (piece := self._stream.read(HEAD - len(head))):
            head += piece
        return head


def inspected(storage: FileStorage, file: File, key: str, settings: FilesSettings) -> tuple[str, int]:
    """Copy what the browser sent to `key`, look at the copy, and return its type and size in bytes.

    FileRefused unless it is what was announced. Makes calls: never inside a transaction.
    """
    assert file.upload_key is not None  # noqa: S101 - for the type checker
    stat = storage.copy(file.upload_key, key)
    if stat.size != file.size or stat.size > settings.max_size:
        raise FileRefused("truncated")
    with storage.read(key, end=HEAD) as pieces:
        head = b"".join(pieces)
    content_type = sniffed_type(head, file.filename, file.content_type)
    if not settings.accepts(content_type):
        raise FileRefused("type")
    if file.public and content_type != stat.content_type:
        raise FileRefused("type")  # a public object is served as the type it was stored with
    return content_type, stat.size
