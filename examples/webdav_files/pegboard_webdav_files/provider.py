"""Files on a WebDAV server: the capability `files` on three methods. The board signs the links and serves what they lead to.

An object is one file, its record in front of its bytes. It is written aside, looked at, and moved to its place. Key
`a/b` is the file `a/b@`: no key holds an `@`, so `a/b/c` fits beside it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse

from pegboard.contracts.files import Stat
from pegboard.deadline import answer_within
from pegboard.errors import ProviderError
from pegboard.web.served_files import Links, ServedFileStorage

from .failures import PROVIDER, cut_short, damaged, refused
from .record import LENGTH, Record
from .server import DONE, Server
from .settings import WebDAVFilesSettings

_ASIDE = "@aside"
_CHECKED_WITHIN = 3.5  # seconds
_LOOKS = 5


class WebDAVFileStorage(ServedFileStorage):
    """Nothing is connected before the first call. Several threads call at once."""

    name = PROVIDER

    def __init__(self, settings: WebDAVFilesSettings, links: Links) -> None:
        super().__init__(links)
        self._server = Server(settings)
        self._prepared = False

    def write(self, key: str, pieces: Iterator[bytes], content_type: str, metadata: Mapping[str, str]) -> Stat:
        self._prepare()
        aside = f"{_ASIDE}/{secrets.token_hex(16)}"
        record = Record(content_type, secrets.token_hex(16), metadata)
        with self._deleted_after_failure(aside):
            sent = self._send(aside, record, pieces)
            stat = self._look("put", aside)
            if (stat.size, stat.etag) != (sent, record.etag):
                raise cut_short("put", f"the server kept {stat.size} of the {sent} bytes that it was sent")
        self._move(aside, key)
        return stat

    @contextmanager
    def open(self, key: str, start: int, end: int | None) -> Iterator[tuple[Stat, Iterator[bytes]]]:
        path = _path(key)
        if start == 0:
            with self._opened(path, 0, None if end is None else LENGTH + end) as response:
                stat = self._stat("read", response)
                yield stat, self._server.body("read", response, stat.size if end is None else min(end, stat.size))
            return
        for _ in range(_LOOKS):
            stat = self._look("read", path)
            if start >= stat.size or start == end:
                yield stat, iter(())
                return
            stop = stat.size if end is None else min(end, stat.size)
            with self._opened(path, LENGTH + start, LENGTH + stop) as response:
                if self._look("read", path) == stat:  # so what was opened in between is of this object
                    yield stat, self._server.body("read", response, stop - start)
                    return
        raise cut_short("read", f"the object was replaced {_LOOKS} times while it was being opened")

    def remove(self, key: str) -> None:
        self._server.status("delete", "DELETE", _path(key), 404)

    def check(self) -> None:
        with answer_within(_CHECKED_WITHIN):
            super().check()

    def _prepare(self) -> None:
        if self._prepared:
            return
        self._server.status("put", "MKCOL", f"{_ASIDE}/", 405)  # 405: it is there
        self._prepared = True

    @contextmanager
    def _deleted_after_failure(self, aside: str) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._delete_aside(aside)
            raise

    def _delete_aside(self, aside: str) -> None:
        with suppress(ProviderError):
            self._server.status("put", "DELETE", aside, 404)

    def _send(self, aside: str, record: Record, pieces: Iterator[bytes]) -> int:
        count = 0

        def body() -> Iterator[bytes]:
            nonlocal count
            yield record.as_bytes()
            for piece in filter(None, pieces):
                count += len(piece)
                yield piece

        headers = {"Content-Type": "application/octet-stream"}
        with self._server.ask("put", "PUT", aside, headers, body()) as response:
            if response.status not in DONE:
                self._prepared = False  # perhaps somebody removed the folder: the next write makes it again
                raise refused("put", response)
        return count

    def _move(self, aside: str, key: str) -> None:
        """Without a clear answer the file stays aside: where the old one is gone already, it is the only copy."""
        if self._moved(aside, key, 409):
            return
        with self._deleted_after_failure(aside):
            self._make_folders(key)
        self._moved(aside, key)

    def _moved(self, aside: str, key: str, *accepted: int) -> bool:
        """Whether it is in its place; False for an answer that is `accepted` all the same."""
        headers = {"Destination": self._server.address(_path(key)), "Overwrite": "T"}
        with self._server.ask("put", "MOVE", aside, headers) as response:
            if response.status in DONE or response.status in accepted:
                return response.status in DONE
            error = refused("put", response)
        if 400 <= response.status < 500:
            self._delete_aside(aside)
        raise error

    def _make_folders(self, key: str) -> None:
        *folders, _ = key.split("/")
        for depth in range(1, len(folders) + 1):
            self._server.status("put", "MKCOL", "/".join(folders[:depth]) + "/", 405)

    def _look(self, operation: str, path: str) -> Stat:
        with self._opened(path, 0, LENGTH, operation) as response:
            return self._stat(operation, response)

    @contextmanager
    def _opened(self, path: str, start: int, stop: int | None, operation: str = "read") -> Iterator[HTTPResponse]:
        """The answer to a GET of these bytes of a file; of all of it, where the server gives no ranges."""
        wanted = f"bytes={start}-" if stop is None else f"bytes={start}-{stop - 1}"
        with self._server.ask(operation, "GET", path, {"Range": wanted}) as response:
            if response.status == 416:
                raise damaged(operation, _NO_RECORD)
            if response.status not in (200, 206):
                raise refused(operation, response)
            if start and response.status == 200:
                raise damaged(operation, "the server does not give parts of files (no Range)")
            yield response

    def _stat(self, operation: str, response: HTTPResponse) -> Stat:
        """What the answer says of the object; after that come its bytes."""
        whole = _whole(response)
        modified = response.headers.get("Last-Modified")
        if whole is None or modified is None:
            raise damaged(operation, "the server does not say how long the file is, or how old")
        data = b"".join(self._server.body(operation, response, LENGTH))
        if len(data) < min(LENGTH, whole):
            raise cut_short(operation, "the answer was cut short")
        try:
            record, changed = Record.from_bytes(data), parsedate_to_datetime(modified).astimezone(UTC)
        except (ValueError, TypeError):
            raise damaged(operation, _NO_RECORD) from None
        return Stat(whole - LENGTH, record.content_type, record.etag, changed, record.metadata)


_NO_RECORD = "the file does not begin with its record: it was damaged, or not written by this plugin"


def _path(key: str) -> str:
    return f"{key}@"


def _whole(response: HTTPResponse) -> int | None:
    """The length of the file that the answer has a part of, in bytes."""
    if response.status == 200:
        return response.length
    said = re.fullmatch(r"bytes \d+-\d+/(\d+)", response.headers.get("Content-Range", ""))
    return int(said[1]) if said else None
