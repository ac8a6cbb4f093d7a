"""A file on its way: its rows before the first byte, and what becomes of it: ready, failed, or overtaken."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from pegboard import events
from pegboard.contracts.filenames import clean_filename
from pegboard.contracts.files import PUBLIC
from pegboard.db import db, utc_now
from pegboard.errors import ProviderError
from pegboard.work import record

from .current import chosen, settings
from .intake import new_id, new_key
from .models import FAILED, PENDING, READY, File, StoredObject
from .objects import Overtaken, adopt, discard, disown, expect
from .quota import Usage, admit, recheck
from .records import ANYONE, NoSuchFile, find, move, transaction
from .refusals import FileRefused
from .sniffing import cleaned_type


def begun(
    filename: str,
    declared: str | None,
    owner: str,
    *,
    public: bool,
    size: int | None,
    upload: bool = False,
    part_size: int | None = None,
) -> tuple[File, Usage]:
    """A new pending file, detached, and what its owner used before it; with `upload`, a browser may send its object,
    in parts of `part_size` bytes where that is given.

    FileRefused where the owner may not store it.
    """
    if not owner:
        raise ValueError("a file needs an owner: the subject of a person, or plugin_subject(…) of what a plugin keeps")
    upload_key = new_key("incoming/") if upload else None
    file = File(
        id=new_id(),
        owner=owner,
        provider=chosen(),
        key=upload_key or new_key(PUBLIC if public else ""),
        upload_key=upload_key,
        filename=clean_filename(filename) or "file",
        content_type=cleaned_type(declared),
        size=size,
        state=PENDING,
        part_size=part_size,
        public=public,
    )
    with transaction():
        before = admit(owner, size)
        db.session.add(file)
        expect(file, file.key, open_until=signature_end() if upload else None)
    db.session.expunge(file)
    return file, before


def finished(file: File, key: str, content_type: str, size: int) -> File:
    """The file, `ready` with the object that was looked at; or what a faster request has made of it.

    FileRefused where it does not fit into its owner's quota any more.
    """
    try:
        with transaction():
            recheck(file, size)
            adopt(file, key, was=PENDING, state=READY, content_type=content_type, size=size)
            record(events.FileReady(file.id, file.owner, file.filename, content_type, size, file.public))
    except Overtaken:
        return overtaken(file, key)
    return file


def failed(file: File, error: BaseException) -> bool:
    """Whether the file is now `failed`, with nothing of it wanted; it may have been moved on or deleted meanwhile."""
    problem = _problem(error)
    refusal = str(error) if problem == "refused" else None
    with transaction():
        if not move(file, PENDING, to=FAILED, problem=problem, refusal=refusal):
            return False
        disown(StoredObject.file_id == file.id)
        record(events.FileFailed(file.id, file.owner, problem))
        return True


def overtaken(file: File, key: str | None = None) -> File:
    """What a faster request has made of the file: looked at it already, or deleted it on its way.

    `key` is the object that this one has made in vain.
    """
    if key is not None:
        discard(key)
    with suppress(NoSuchFile):
        now = find(file.id, ANYONE)
        if now.state == READY:
            return now
        if now.state == FAILED:
            raise refusal_of(now)
    raise NoSuchFile


def refusal_of(file: File) -> FileRefused:
    """What a file failed by, for whoever asks again."""
    return FileRefused(file.problem or "truncated", file.refusal or "")


def _problem(error: BaseException) -> str:
    if isinstance(error, FileRefused):
        return error.problem
    return "unreachable" if isinstance(error, ProviderError) else "truncated"


def signature_end() -> datetime:
    """Until when a browser may begin to send what is signed now."""
    return utc_now() + timedelta(seconds=settings().upload_seconds)
