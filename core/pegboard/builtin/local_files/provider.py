"""Files in a folder of this machine, with signed URLs of the board's own: the embedded provider of `files`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pegboard.contracts.filenames import content_disposition
from pegboard.contracts.files import (
    OCTET_STREAM,
    ByteStream,
    SignedUpload,
    Stat,
    check_arguments,
    exactly,
    is_public,
    shown_inline,
)
from pegboard.errors import ProviderError

from .objects import PROVIDER, ObjectFolder, disk, read_chunks
from .signing import Grant, Signer


class LocalFileStorage:
    """Implements `FileStorage` below the folder `root`.

    `keys` sign the URLs, the current one first. `base_url` gives the URL, without a slash at its end, under which
    `views.blueprint` serves; it is asked on each use. `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        root: Path,
        *,
        keys: Sequence[str],
        base_url: Callable[[], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._objects = ObjectFolder(root)
        self._base_url = base_url
        self.signer = Signer(keys, clock)

    def put(self, key: str, stream: ByteStream, *, size: int | None = None, content_type: str = OCTET_STREAM) -> Stat:
        check_arguments(PROVIDER, "put", key=key, size=size, content_type=content_type)
        return self._objects.store("put", key, exactly(stream, size, provider=PROVIDER), content_type)

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AbstractContextManager[Iterator[bytes]]:
        check_arguments(PROVIDER, "read", key=key, start=start, end=end)
        return self._read(key, start, end)

    def stat(self, key: str) -> Stat:
        check_arguments(PROVIDER, "stat", key=key)
        with self._objects.open("stat", key) as (_, stat):
            return stat

    def delete(self, key: str) -> None:
        check_arguments(PROVIDER, "delete", key=key)
        self._objects.remove(key)

    def copy(self, source: str, target: str) -> Stat:
        check_arguments(PROVIDER, "copy", key=source)
        check_arguments(PROVIDER, "copy", key=target)
        with self._objects.open("copy", source) as (file, stat):
            return self._objects.store("copy", target, read_chunks(file, stat.size), stat.content_type)

    def url(
        self,
        key: str,
        *,
        expires: int = 300,
        filename: str | None = None,
        inline: bool = False,
        content_type: str | None = None,
    ) -> str:
        check_arguments(PROVIDER, "url", key=key, expires=expires, content_type=content_type)
        disposition = content_disposition(filename, inline=inline and shown_inline(content_type))
        grant = Grant(key, self.signer.expiry(expires), content_type, disposition)
        return f"{self._base_url()}/signed/{self.signer.sign('GET', grant)}"

    def public_url(self, key: str) -> str:
        check_arguments(PROVIDER, "public_url", key=key)
        if not is_public(key):
            raise ProviderError(f"{key} is private", provider=PROVIDER, operation="public_url", permanent=True)
        return f"{self._base_url()}/{key}"

    def sign_upload(self, key: str, *, size: int, content_type: str, expires: int = 900) -> SignedUpload:
        check_arguments(PROVIDER, "sign_upload", key=key, size=size, content_type=content_type, expires=expires)
        grant = Grant(key, self.signer.expiry(expires), content_type, size=size)
        url = f"{self._base_url()}/signed/{self.signer.sign('PUT', grant)}"
        return SignedUpload("PUT", url, headers={"Content-Type": content_type})

    def origins(self) -> tuple[str, ...]:
        return ()

    def check(self) -> None:
        self._objects.try_writing()

    @contextmanager
    def _read(self, key: str, start: int, end: int | None) -> Iterator[Iterator[bytes]]:
        with self._objects.open("read", key) as (file, stat):
            stop = stat.size if end is None else min(end, stat.size)
            begin = min(start, stop)
            with disk("read"):
                file.seek(begin, os.SEEK_CUR)
            yield read_chunks(file, stop - begin)
