"""Whether each provider of files does what it must, step by step on a tiny object, and whether browsers can upload to it.

The object has a key of its own for each machine, so that one which a crash leaves is written over and deleted next time.
"""

from __future__ import annotations

import hashlib
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from pegboard.contracts.files import FILES, OCTET_STREAM, FileStorage, SignedUpload
from pegboard.db import db
from pegboard.deadline import answer_within
from pegboard.errors import NotFound, PegboardError, ProviderError
from pegboard.live import current_board

from .current import storage
from .models import File
from .preflight import objection, origin_of

_SECONDS = 10.0  # that one step may take
_AWAY = "it may be away for now: try again, see whether it runs, and where it is looked for: pegboard config show"
_WAYS = ("browsers", "parts")
_REMEDY = "let the store allow it (see below), and see that PUBLIC_URL is the address that people use"


@dataclass(frozen=True, slots=True)
class Finding:
    """How one step went. `remedy` is what to do, where it `failed`."""

    step: str
    state: Literal["ok", "failed", "skipped"]
    message: str
    remedy: str = ""


class Odd(PegboardError):
    """A provider answered, and the answer is not right."""


def provider_names() -> list[str]:
    """The enabled providers, and those that are not and have files. Without a database, the enabled ones."""
    enabled = current_board().registry.names(FILES)
    try:
        used = set(db.session.scalars(select(File.provider).distinct()))
    except DBAPIError:  # `pegboard doctor` is about that
        db.session.rollback()
        return enabled
    return [*enabled, *sorted(used - set(enabled))]


def diagnose(name: str) -> Iterator[Finding]:
    """What a provider can and cannot do."""
    if name not in current_board().registry.names(FILES):
        count = db.session.scalar(select(func.count()).select_from(File).where(File.provider == name))
        remedy = "enable the plugin that provides it, or its files cannot be read"
        yield Finding("enabled", "failed", f"files that are there: {count}; no enabled plugin provides it", remedy)
        return
    try:
        made = storage(name)
    except Exception as error:  # noqa: BLE001 - whatever its maker raises is the answer
        yield Finding("start", "failed", _words(error), "correct its settings: pegboard config show")
        return
    away = False
    for finding in _storing(made):
        away = away or finding.remedy == _AWAY
        yield finding
    yield from (Finding(step, "skipped", "it does not answer") for step in _WAYS) if away else _browsers(made)


def browser_access(name: str) -> Mapping[str, Any] | None:
    """How the store must be configured so that browsers on the board's pages can upload; None where nothing must."""
    return storage(name).browser_access([_origin()])


def _storing(made: FileStorage) -> Iterator[Finding]:
    probe = _Probe(made)
    written = _tried("write", probe.write, "see that it may be written to, and that there is room")
    yield written
    steps: tuple[tuple[str, Callable[[], str], str], ...] = (
        ("read", probe.read, "see that it may be read from"),
        ("range", probe.read_range, "downloads cannot be continued: see whether something on the way cuts ranges"),
        ("copy", probe.copy, "direct uploads fail without it: see that it may be read from and written to"),
        (
            "uploads",
            probe.uploads,
            "large files fail without it: see that uploads in parts may be begun, listed and aborted",
        ),
        ("delete", probe.delete, "see that it may be deleted from; what was written here stays until it may"),
    )
    for step, work, remedy in steps:
        if written.state == "ok":
            yield _tried(step, work, remedy)
        else:
            yield Finding(step, "skipped", "nothing could be written")


def _tried(step: str, work: Callable[[], str], remedy: str) -> Finding:
    try:
        with answer_within(_SECONDS):
            return Finding(step, "ok", work())
    except Exception as error:  # noqa: BLE001 - whatever a provider raises is the answer
        passing = step == "write" and isinstance(error, ProviderError) and not error.permanent
        return Finding(step, "failed", _words(error), _AWAY if passing else remedy)


class _Probe:
    """A tiny object and its copy at a provider."""

    def __init__(self, made: FileStorage) -> None:
        machine = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:16]
        self._made, self._key, self._copy = made, f"doctor/{machine}", f"doctor/{machine}-copy"
        self._content = secrets.token_bytes(64)

    def write(self) -> str:
        size = len(self._content)
        stat = self._made.put(self._key, BytesIO(self._content), size=size, content_type=OCTET_STREAM)
        if stat.size != size:
            raise Odd(f"it stored {stat.size} bytes instead of {size}")
        return f"{size} bytes"

    def read(self) -> str:
        return self._compared(self._key, 0, None)

    def read_range(self) -> str:
        return self._compared(self._key, 16, 48)

    def copy(self) -> str:
        self._made.copy(self._key, self._copy)
        return self._compared(self._copy, 0, None)

    def uploads(self) -> str:
        upload_id = self._made.begin_parts(self._copy, content_type=OCTET_STREAM)
        try:
            self._made.abort_uploads(self._copy)
            with suppress(NotFound):
                self._made.parts(self._copy, upload_id)
                raise Odd("it says that an upload is aborted which is still there")
        finally:
            self._made.abort_parts(self._copy, upload_id)
        return "one begun and aborted"

    def delete(self) -> str:
        for key in (self._key, self._copy):
            self._made.delete(key)
            with suppress(NotFound):
                self._made.stat(key)
                raise Odd("it says that an object is deleted which is still there")
        return "both objects"

    def _compared(self, key: str, start: int, end: int | None) -> str:
        with self._made.read(key, start=start, end=end) as pieces:
            content = b"".join(pieces)
        if content != self._content[start:end]:
            raise Odd("it gave other bytes than were stored")
        return f"{len(content)} bytes"


def _browsers(made: FileStorage) -> Iterator[Finding]:
    """Whether browsers on the board's pages may send it files, whole and in parts."""
    key, origin = "doctor/upload", _origin()
    ways: tuple[Callable[[], SignedUpload], ...] = (
        lambda: made.sign_upload(key, size=1, content_type=OCTET_STREAM, expires=60),
        lambda: made.sign_part(key, "doctor", 1, size=1, expires=60),
    )
    for step, sign in zip(_WAYS, ways, strict=True):
        yield _tried(step, lambda sign=sign: _let_through(sign(), origin), _REMEDY)  # type: ignore[misc]


def _let_through(upload: SignedUpload, origin: str) -> str:
    store = origin_of(upload.url)
    if store == origin:
        return "they upload to the board's own address"
    if why := objection(upload, origin):
        raise Odd(f"a page at {origin} could not {upload.method} to {store}: {why}")
    return f"a page at {origin} may {upload.method} to {store}"


def _origin() -> str:
    """Where the pages of the board are, as browsers say it."""
    return origin_of(current_board().settings.public_url)


def _words(error: Exception) -> str:
    said = " ".join(str(error).split())
    return said if isinstance(error, PegboardError) and said else f"{type(error).__name__}: {said}".rstrip(": ")
