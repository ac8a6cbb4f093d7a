"""Deleting a file: its links stop, its objects go, then its row."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, update

from pegboard import events
from pegboard.db import utc_now
from pegboard.work import record

from .models import DELETING, READY, UNWANTED, File, StoredObject
from .objects import Removed, remove
from .records import changed, transaction


def erase(file: File, *which: ColumnElement[bool]) -> list[Removed] | None:
    """Delete a file, if `which` still holds for its row; what became of each object, or None where it does not hold.

    The row goes when every object is deleted. Until then it stays, `deleting`, and this may be done again.
    """
    if not _condemned(file, *which):
        return None
    removed = list(remove(StoredObject.file_id == file.id))
    if not any(one.error for one in removed):
        with transaction():
            changed(delete(File).where(File.id == file.id, File.state == DELETING))
    return removed


def _condemned(file: File, *which: ColumnElement[bool]) -> bool:
    """Nobody can read the file any more, and nothing of it is wanted."""
    deleting = update(File).where(File.id == file.id, *which).values(state=DELETING)
    with transaction():
        if changed(deleting.where(File.state == READY)):
            record(events.FileDeleted(file.id, file.owner))
        elif not changed(deleting):
            return False
        objects = update(StoredObject).where(StoredObject.file_id == file.id)
        changed(objects.values(state=UNWANTED, keep_until=None))
        return True


def give_up(file: File) -> None:
    """Delete the row of a file that nobody can send, and keep its object in mind: an upload may have begun unseen."""
    with transaction():
        changed(delete(File).where(File.id == file.id))
        objects = update(StoredObject).where(StoredObject.file_id == file.id)
        changed(objects.values(state=UNWANTED, open_until=utc_now()))


def forget(file: File) -> None:
    """Delete the rows of a file of which nothing was stored and nothing can be."""
    with transaction():
        changed(delete(File).where(File.id == file.id))
        changed(delete(StoredObject).where(StoredObject.file_id == file.id))
