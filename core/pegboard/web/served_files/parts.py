"""Uploads in parts to a store that knows none: each part is an object of its own, until all are written as one.

An upload is the empty object `parts/<name>`, which has the type and metadata of what is to come; part 7 of it is
`parts/<name>-7`. The store need not list its objects: `parts/<name>-upto-8`, written before any part from 5 to 8, says
how far to look. The uploads of a key that have not ended are listed in `parts/<name of the key>-begun`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from pegboard.contracts.files import MAX_PARTS, OCTET_STREAM, Part, Stat, check_parts
from pegboard.errors import NotFound, ProviderError

if TYPE_CHECKING:
    from .storage import ServedFileStorage

_LIMITS = [1 << power for power in range(MAX_PARTS.bit_length() + 1)]


class PartUploads:
    """The uploads in parts of one storage. Keys, ids and numbers were checked by the caller."""

    def __init__(self, storage: ServedFileStorage) -> None:
        self._storage = storage

    def begin(self, key: str, content_type: str, metadata: Mapping[str, str]) -> str:
        upload_id = secrets.token_hex(20)
        self._list(key, [*self._begun(key), upload_id])
        self._storage.write(upload_name(key, upload_id), iter(()), content_type, metadata)
        return upload_id

    def receive(self, key: str, upload_id: str, number: int, pieces: Iterator[bytes]) -> Stat:
        """Store one part. NotFound when the upload has ended, also when it ends meanwhile."""
        name = upload_name(key, upload_id)
        part, limit = f"{name}-{number}", f"{name}-upto-{_limit(number)}"
        self._upload("receive", name)
        if self._find(limit) is None:
            self._storage.write(limit, iter(()), OCTET_STREAM, {})
        stat = self._storage.write(part, pieces, OCTET_STREAM, {})
        try:
            self._upload("receive", name)
        except NotFound:  # whoever ended it may have looked for parts before this one was there
            self._storage.remove(part)
            self._storage.remove(limit)
            raise
        return stat

    def sent(self, operation: str, key: str, upload_id: str) -> tuple[Part, ...]:
        """What has arrived, in order. NotFound when the upload has ended, also when it ends meanwhile."""
        name = upload_name(key, upload_id)
        self._upload(operation, name)
        found = [(number, self._find(f"{name}-{number}")) for number in self._numbers(name)]
        self._upload(operation, name)  # whoever ended it may have removed parts before they were looked for
        return tuple(Part(number, stat.size, stat.etag) for number, stat in found if stat is not None)

    def finish(self, key: str, upload_id: str, parts: Sequence[Part]) -> Stat:
        """Write all parts as one object, then end the upload."""
        check_parts(self._storage.name, parts, self.sent("finish_parts", key, upload_id))
        name = upload_name(key, upload_id)
        upload = self._upload("finish_parts", name)
        with closing(self._joined(name, parts)) as pieces:
            stat = self._storage.write(key, pieces, upload.content_type, upload.metadata)
        self._end(key, upload_id)
        return stat

    def abort(self, key: str, upload_id: str) -> None:
        self._end(key, upload_id)

    def abort_all(self, key: str) -> None:
        for upload_id in self._begun(key):
            self.abort(key, upload_id)

    def _upload(self, operation: str, name: str) -> Stat:
        found = self._find(name)
        if found is None:
            reason = "there is no such upload in parts: it was finished, aborted, or never begun"
            raise NotFound(reason, provider=self._storage.name, operation=operation)
        return found

    def _joined(self, name: str, parts: Sequence[Part]) -> Generator[bytes, None, None]:
        for part in parts:
            with self._storage.opened(f"{name}-{part.number}") as (stat, pieces):
                if (stat.size, stat.etag) != (part.size, part.etag):
                    reason = f"part {part.number} was sent again meanwhile: ask again for the parts"
                    raise ProviderError(reason, provider=self._storage.name, operation="finish_parts", permanent=True)
                yield from pieces

    def _end(self, key: str, upload_id: str) -> None:
        self._remove(upload_name(key, upload_id))
        begun = self._begun(key)
        if upload_id in begun:
            self._list(key, [one for one in begun if one != upload_id])

    def _begun(self, key: str) -> list[str]:
        """The ids of the uploads of a key. Where two begin in the same moment, one of them may be missing."""
        try:
            with self._storage.opened(_list_name(key)) as (_, pieces):
                return b"".join(pieces).decode().split()
        except NotFound:
            return []

    def _list(self, key: str, upload_ids: Sequence[str]) -> None:
        if upload_ids:
            self._storage.write(_list_name(key), iter([" ".join(upload_ids).encode()]), OCTET_STREAM, {})
        else:
            self._storage.remove(_list_name(key))

    def _remove(self, name: str) -> None:
        """The upload first, so that no more parts come; the limits last, so that a second call finds what is left."""
        self._storage.remove(name)
        for number in self._numbers(name):
            self._storage.remove(f"{name}-{number}")
        for limit in _LIMITS:
            self._storage.remove(f"{name}-upto-{limit}")

    def _numbers(self, name: str) -> range:
        """Those that parts may have."""
        limits = (limit for limit in reversed(_LIMITS) if self._find(f"{name}-upto-{limit}") is not None)
        return range(1, min(next(limits, 0), MAX_PARTS) + 1)

    def _find(self, key: str) -> Stat | None:
        try:
            return self._storage.stat(key)
        except NotFound:
            return None


def upload_name(key: str, upload_id: str) -> str:
    """The key of an upload: an id that was made for another key leads nowhere."""
    return f"parts/{hashlib.sha256(f'{key} {upload_id}'.encode()).hexdigest()[:40]}"


def _list_name(key: str) -> str:
    return f"parts/{hashlib.sha256(key.encode()).hexdigest()[:40]}-begun"


def _limit(number: int) -> int:
    """The smallest limit that a part is not above."""
    return next(limit for limit in _LIMITS if number <= limit)
