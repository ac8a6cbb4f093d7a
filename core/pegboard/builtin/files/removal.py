"""Deleting a file: its links stop, its objects go, then its row."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import delete, update

from .models import DELETING, FAILED, PENDING, READY, UNWANTED, File, StoredObject
from .objects import Removed, remove
from .records import changed, move, transaction


def erase(file: File, *states: str) -> Iterator[Removed]:
    """Delete a file if it is in one of these states (default: any), one object at each step.

    The row stays, `deleting`, until the iteration has ended and every object was deleted.
    """
    if not condemn(file, *states):
        return
    left = False
    for removed in remove(StoredObject.file_id == file.id):
        left = left or removed.error is not None
        yield removed
    if not left:
        with transaction():
            changed(delete(File).where(File.id == file.id, File.state == DELETING))


def condemn(file: File, *states: str) -> bool:
    """Nobody can read the file any more, and nothing of it is wanted. False where it is in none of these states."""
    with transaction():
        if not move(file, *(states or (PENDING, READY, FAILED, DELETING)), to=DELETING):
            return False
        objects = update(StoredObject).where(StoredObject.file_id == file.id)
        changed(objects.values(state=UNWANTED, keep_until=None))
        return True


def forget(file: File) -> None:
    """Delete the rows of a file of which nothing was stored and nothing can be."""
    with transaction():
        changed(delete(File).where(File.id == file.id))
        changed(delete(StoredObject).where(StoredObject.file_id == file.id))
