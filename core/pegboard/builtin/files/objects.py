"""Rows of `files_objects`: an object is known before it can exist and until it no longer can, whatever crashes.

`expect`, `adopt` and `disown` change rows in the caller's transaction, the others in their own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update

from pegboard.db import db, outside_transaction, utc_now
from pegboard.errors import PegboardError

from .current import storage
from .models import KEPT, OPEN, UNWANTED, File, StoredObject
from .records import changed, transaction

ARRIVES_WITHIN = timedelta(hours=24)  # what was begun in time has arrived by then, however slow the connection


class Overtaken(Exception):
    """Another request has moved the file on, or somebody has deleted it: what this one made is not needed."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What became of one object: `gone` once nothing can bring it back, `error` where the provider did not delete it."""

    key: str
    provider: str
    size: int | None
    gone: bool = False
    error: PegboardError | None = None


def expect(file: File, key: str, *, provider: str | None = None, open_until: datetime | None = None) -> None:
    """An object may come to exist. By default we write it ourselves, beginning now."""
    row = {
        "key": key,
        "provider": provider or file.provider,
        "file_id": file.id,
        "owner": file.owner,
        "size": file.size,
        "state": OPEN,
        "open_until": open_until or utc_now(),
    }
    db.session.execute(insert(StoredObject).values(row))


def adopt(file: File, key: str, *, was: str, keep_until: datetime | None = None, **values: Any) -> None:
    """Make an object that has been written what its file consists of, and disown the others, the last one `keep_until`.

    Raises Overtaken where the file is not in the state `was`, has another object by now, or nobody wants this one.
    """
    same = update(File).where(File.id == file.id, File.state == was, File.key == file.key)
    written = update(StoredObject).where(StoredObject.key == key, StoredObject.state == OPEN)
    size = values.get("size", file.size)
    if not changed(same.values(key=key, **values)):
        raise Overtaken
    if not changed(written.values(state=KEPT, open_until=None, size=size)):
        raise Overtaken
    others = (StoredObject.file_id == file.id, StoredObject.key != key)
    disown(*others, StoredObject.key == file.key, keep_until=keep_until)
    disown(*others)
    for name, value in (("key", key), *values.items()):
        setattr(file, name, value)


def disown(*which: ColumnElement[bool], **values: Any) -> int:
    """Nobody wants these objects any more. How many that are."""
    wanted = update(StoredObject).where(StoredObject.state != UNWANTED, *which)
    return changed(wanted.values(state=UNWANTED, **values))


def discard(key: str) -> None:
    """Delete an object that this process has stopped writing. What the provider does not delete now stays known."""
    mine = update(StoredObject).where(StoredObject.key == key, StoredObject.state != KEPT)
    with transaction():
        changed(mine.values(state=UNWANTED, open_until=None))
    tidy(StoredObject.key == key)


def abandon(key: str) -> None:
    """Give an object up that may still come to exist, because its provider did not answer."""
    with transaction():
        disown(StoredObject.key == key)


def tidy(*which: ColumnElement[bool]) -> None:
    """Delete unwanted objects as far as that is possible now."""
    for removed in remove(*which):
        if removed.error:
            logging.getLogger("pegboard.files").warning("an object was left behind: %s", removed.error)


def remove(*which: ColumnElement[bool]) -> Iterator[Removed]:
    """Delete unwanted objects, one at each step, and forget those that nothing can bring back. Makes calls."""
    for row in unwanted(*which):
        try:
            with outside_transaction():
                _delete(row)
        except PegboardError as error:
            yield Removed(row.key, row.provider, row.size, error=error)
        else:
            yield Removed(row.key, row.provider, row.size, gone=_forget(row))


def unwanted(*which: ColumnElement[bool]) -> list[Any]:
    """`key`, `provider`, `size` and `upload_id` of the unwanted objects that may be deleted now.

    `unsure`: what was begun to make the object has ended by now, and nobody may have noted how.
    """
    unsure = and_(StoredObject.open_until.is_not(None), settled()).label("unsure")
    columns = select(StoredObject.key, StoredObject.provider, StoredObject.size, StoredObject.upload_id, unsure)
    with outside_transaction():
        return list(db.session.execute(columns.where(StoredObject.state == UNWANTED, free(), *which)))


def free() -> ColumnElement[bool]:
    """No link to the object is in use any more."""
    return or_(StoredObject.keep_until.is_(None), StoredObject.keep_until <= utc_now())


def settled() -> ColumnElement[bool]:
    """Nobody writes the object any more, and nothing that was begun can still arrive."""
    return or_(StoredObject.open_until.is_(None), StoredObject.open_until < utc_now() - ARRIVES_WITHIN)


def _delete(row: Any) -> None:
    """The upload first, so that it cannot become an object any more; before the row goes, also one nobody knows of."""
    provider = storage(row.provider)
    if row.upload_id is not None:
        provider.abort_parts(row.key, row.upload_id)
    if row.unsure:
        provider.abort_uploads(row.key)
    provider.delete(row.key)


def _forget(row: Any) -> bool:
    over = settled() if row.unsure else StoredObject.open_until.is_(None)
    with transaction():
        gone = delete(StoredObject).where(StoredObject.key == row.key, StoredObject.state == UNWANTED, over)
        return bool(changed(gone))
