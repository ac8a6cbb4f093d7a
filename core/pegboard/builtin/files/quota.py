"""What one owner may store: so many bytes in all, and so many uploads at once, also when twenty begin together."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select, text

from pegboard.db import db, utc_now
from pegboard.i18n import gettext as _

from .current import settings
from .models import DELETING, PENDING, READY, UNWANTED, File, Owner, StoredObject
from .refusals import FileRefused
from .sizes import file_size


@dataclass(frozen=True, slots=True)
class Usage:
    """What an owner's files take up, and may, in bytes; a `quota` of 0 is none."""

    used: int
    quota: int

    @property
    def left(self) -> int | None:
        """Bytes that fit in; None where everything does."""
        return max(0, self.quota - self.used) if self.quota else None

    def refusal(self) -> FileRefused:
        """There is no room: how much is used, and what to do."""
        words = _(
            "You use %(used)s of %(quota)s, and this file does not fit. Delete files you no longer need, then upload it again.",
            used=file_size(self.used),
            quota=file_size(self.quota),
        )
        return FileRefused("quota", words)


def usage(owner: str, *which: ColumnElement[bool]) -> Usage:
    """What is ready, on its way or not deleted yet. Asks only the database."""
    kept = File.state.in_((READY, PENDING, DELETING))
    used = select(func.coalesce(func.sum(File.size), 0)).where(File.owner == owner, kept, *which)
    return Usage(int(db.session.scalar(used) or 0), settings().quota)


def admit(owner: str, size: int | None) -> Usage:
    """Let an owner begin another file, in the caller's transaction: until it ends, no other of theirs begins.

    FileRefused where there is no room for `size` bytes, or for one where nobody knows how many will come.
    """
    _one_at_a_time(owner)
    if _on_their_way(owner) >= settings().max_pending:
        raise FileRefused("pending")
    now = usage(owner)
    if now.left is not None and now.left < (1 if size is None else size):
        raise now.refusal()
    return now


def recheck(file: File, size: int) -> None:
    """FileRefused where a file of `size` bytes does not fit in any more, beside all others of its owner."""
    if not settings().quota:
        return
    _one_at_a_time(file.owner)
    others = usage(file.owner, File.id != file.id)
    if others.left is not None and others.left < size:
        raise others.refusal()


def _one_at_a_time(owner: str) -> None:
    """Lock the owner until the transaction ends. SQLite locks the whole database at the insert."""
    db.session.execute(
        text("INSERT INTO files_owners (owner) VALUES (:owner) ON CONFLICT DO NOTHING"), {"owner": owner}
    )
    db.session.execute(select(Owner.owner).where(Owner.owner == owner).with_for_update())


def _on_their_way(owner: str) -> int:
    """Pending files, and uploads that failed or were deleted while their signature still holds: those may arrive, too."""
    pending = select(func.count()).select_from(File).where(File.owner == owner, File.state == PENDING)
    ready = exists().where(File.id == StoredObject.file_id, File.state == READY)
    signed = (
        select(func.count())
        .select_from(StoredObject)
        .where(StoredObject.owner == owner, StoredObject.state == UNWANTED, StoredObject.open_until > utc_now(), ~ready)
    )
    return (db.session.scalar(pending) or 0) + (db.session.scalar(signed) or 0)
