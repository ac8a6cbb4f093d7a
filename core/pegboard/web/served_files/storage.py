"""`FileStorage` on three methods: write an object, open it, remove it. The URLs are the board's own."""

from __future__ import annotations

import io
import secrets
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar

from pegboard.contracts.filenames import content_disposition
from pegboard.contracts.files import (
    CHUNK,
    OCTET_STREAM,
    ByteStream,
    FileStorage,
    Part,
    SignedUpload,
    Stat,
    check_arguments,
    exactly,
    is_public,
    shown_inline,
)
from pegboard.errors import ProviderError

from .links import Grant, Links
from .parts import PartUploads


class ServedFileStorage(FileStorage):
    """A store that the board reads and writes for its visitors. A subclass gives `name` and the three abstract methods.

    They are called with keys that were checked, also by several threads at once. What goes wrong in them is a
    `ProviderError` that names `self.name` and the operation; an error out of `pieces` passes through unchanged. Override
    more where the store can do better: `stat` without opening, `copy` by itself, `check`. Keys below `check/` and
    `parts/` are its own.
    """

    name: ClassVar[str]
    """The provider's name, as in `[pegboard.providers]`."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self._uploads = PartUploads(self)

    @abstractmethod
    def write(self, key: str, pieces: Iterator[bytes], content_type: str, metadata: Mapping[str, str]) -> Stat:
        """Store all pieces, replacing what the key held, and give back what they became.

        The object is replaced at once when all is written, never before: if `pieces` raise, or anything else does, the
        key holds what it held. A piece has at most `CHUNK` bytes; do not keep them all.
        """

    @abstractmethod
    def open(self, key: str, start: int, end: int | None) -> AbstractContextManager[tuple[Stat, Iterator[bytes]]]:
        """What is known of the whole object, and its bytes from `start` up to but without `end`, in pieces of any size.

        What lies past the end of the object is left out, as in a slice. Entering raises `NotFound`; leaving closes,
        whether or not everything was read. The object may be replaced meanwhile; what was opened stays what it is.
        """

    @abstractmethod
    def remove(self, key: str) -> None:
        """Remove the object. There being none is no error."""

    def put(
        self,
        key: str,
        stream: ByteStream,
        *,
        size: int | None = None,
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
    ) -> Stat:
        check_arguments(self.name, "put", key=key, size=size, content_type=content_type, metadata=metadata)
        return self.write(key, exactly(stream, size, provider=self.name), content_type, metadata or {})

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AbstractContextManager[Iterator[bytes]]:
        check_arguments(self.name, "read", key=key, start=start, end=end)
        return self._read(key, start, end)

    def stat(self, key: str) -> Stat:
        check_arguments(self.name, "stat", key=key)
        with self.open(key, 0, 0) as (stat, _):
            return stat

    def delete(self, key: str) -> None:
        check_arguments(self.name, "delete", key=key)
        self.remove(key)

    def copy(self, source: str, target: str) -> Stat:
        check_arguments(self.name, "copy", key=source)
        check_arguments(self.name, "copy", key=target)
        with self.opened(source) as (stat, pieces):
            return self.write(target, pieces, stat.content_type, stat.metadata)

    def url(
        self,
        key: str,
        *,
        expires: int = 300,
        filename: str | None = None,
        inline: bool = False,
        content_type: str | None = None,
    ) -> str:
        check_arguments(self.name, "url", key=key, expires=expires, content_type=content_type)
        disposition = content_disposition(filename, inline=inline and shown_inline(content_type))
        return self.links.signed("GET", Grant(key, self.links.expiry(expires), content_type, disposition))

    def public_url(self, key: str) -> str:
        check_arguments(self.name, "public_url", key=key)
        if not is_public(key):
            raise ProviderError(f"{key} is private", provider=self.name, operation="public_url", permanent=True)
        return self.links.public(key)

    def sign_upload(
        self,
        key: str,
        *,
        size: int,
        content_type: str,
        expires: int = 900,
        metadata: Mapping[str, str] | None = None,
    ) -> SignedUpload:
        check_arguments(
            self.name,
            "sign_upload",
            key=key,
            size=size,
            content_type=content_type,
            expires=expires,
            metadata=metadata,
        )
        grant = Grant(key, self.links.expiry(expires), content_type, size=size, metadata=metadata)
        return SignedUpload("PUT", self.links.signed("PUT", grant), headers={"Content-Type": content_type})

    def begin_parts(self, key: str, *, content_type: str, metadata: Mapping[str, str] | None = None) -> str:
        check_arguments(self.name, "begin_parts", key=key, content_type=content_type, metadata=metadata)
        return self._uploads.begin(key, content_type, metadata or {})

    def sign_part(self, key: str, upload_id: str, number: int, *, size: int, expires: int = 900) -> SignedUpload:
        check_arguments(self.name, "sign_part", key=key, upload_id=upload_id, part=number, size=size, expires=expires)
        grant = Grant(key, self.links.expiry(expires), size=size, upload_id=upload_id, part=number)
        return SignedUpload("PUT", self.links.signed("PUT", grant))

    def parts(self, key: str, upload_id: str) -> Sequence[Part]:
        check_arguments(self.name, "parts", key=key, upload_id=upload_id)
        return self._uploads.sent("parts", key, upload_id)

    def finish_parts(self, key: str, upload_id: str, parts: Sequence[Part]) -> Stat:
        check_arguments(self.name, "finish_parts", key=key, upload_id=upload_id)
        return self._uploads.finish(key, upload_id, parts)

    def abort_parts(self, key: str, upload_id: str) -> None:
        check_arguments(self.name, "abort_parts", key=key, upload_id=upload_id)
        self._uploads.abort(key, upload_id)

    def abort_uploads(self, key: str) -> None:
        check_arguments(self.name, "abort_uploads", key=key)
        self._uploads.abort_all(key)

    def origins(self) -> tuple[str, ...]:
        return ()

    def browser_access(self, origins: Sequence[str]) -> Mapping[str, Any] | None:
        return None

    def check(self) -> None:
        """Writes, reads and removes a small object. The store's own timeouts must keep all of it below 4 seconds."""
        key, content = f"check/{secrets.token_hex(16)}", b"check"
        self.put(key, io.BytesIO(content), size=len(content))
        try:
            with self.read(key) as pieces:
                same = b"".join(pieces) == content
        finally:
            self.delete(key)
        if not same:
            raise ProviderError("it gives back other bytes than it was given", provider=self.name, operation="check")

    def receive(self, grant: Grant, stream: ByteStream) -> Stat:
        """Store what a browser sends with a link that was signed for it: an object or a part, of exactly its size."""
        if grant.part is None:
            content_type = grant.content_type or OCTET_STREAM
            return self.put(grant.key, stream, size=grant.size, content_type=content_type, metadata=grant.metadata)
        pieces = exactly(stream, grant.size, provider=self.name)
        return self._uploads.receive(grant.key, grant.upload_id or "", grant.part, pieces)

    @contextmanager
    def opened(self, key: str, start: int = 0, end: int | None = None) -> Iterator[tuple[Stat, Iterator[bytes]]]:
        """As `open`, with pieces of at most `CHUNK` bytes, which raise unless they are as many as they must be."""
        with self.open(key, start, end) as (stat, pieces):
            stop = stat.size if end is None else min(end, stat.size)
            yield stat, self._counted(pieces, max(0, stop - start))

    @contextmanager
    def _read(self, key: str, start: int, end: int | None) -> Iterator[Iterator[bytes]]:
        with self.opened(key, start, end) as (_, pieces):
            yield pieces

    def _counted(self, pieces: Iterator[bytes], count: int) -> Iterator[bytes]:
        left = count
        for piece in pieces:
            left -= len(piece)
            if left < 0:
                reason = f"more than the {count} bytes came that were asked for"
                raise ProviderError(reason, provider=self.name, operation="read", permanent=True)
            for at in range(0, len(piece), CHUNK):
                yield piece[at : at + CHUNK]
        if left:
            reason = f"the bytes ended {left} before the {count} that were asked for"
            raise ProviderError(reason, provider=self.name, operation="read")
