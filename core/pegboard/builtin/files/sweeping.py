"""Tidying up: what was begun and never finished, what could not be deleted, what nothing needs. Safe while the site runs.

Each step looks again, in its own transaction, at what it is about to change: whoever uses a file meanwhile is faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from pegboard.db import db, utc_now
from pegboard.errors import PegboardError

from .models import DELETING, FAILED, OPEN, PENDING, UNWANTED, File, StoredObject
from .objects import ARRIVES_WITHIN, Removed, disown, free, remove, settled
from .records import each, transaction
from .removal import erase

KINDS = ("deleting", "pending", "failed", "left")
FAILED_FOR = timedelta(days=7)
_PATIENCE = 5  # failures in a row after which a provider is not asked again


@dataclass(slots=True)
class Tally:
    """How much of one kind: files, objects, and the bytes of those objects whose size is known."""

    files: int = 0
    objects: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Stubborn:
    """What a provider did not delete, and the last reason it gave."""

    objects: int = 0
    in_a_row: int = 0
    reason: str = ""


@dataclass(slots=True)
class Swept:
    """What a sweep has removed, by kind; what providers kept, by their names; how many objects cannot go yet."""

    tallies: dict[str, Tally] = field(default_factory=lambda: {kind: Tally() for kind in KINDS})
    kept: dict[str, Stubborn] = field(default_factory=dict)
    waiting: int = 0

    @property
    def steps(self) -> int:
        """How many objects have been dealt with."""
        return sum(tally.objects for tally in self.tallies.values()) + sum(one.objects for one in self.kept.values())

    def given_up(self, provider: str) -> bool:
        """Whether a provider is not to be asked again: it does not answer."""
        return provider in self.kept and self.kept[provider].in_a_row >= _PATIENCE

    def note(self, kind: str, removed: Removed) -> None:
        if removed.error is None:
            self.kept.get(removed.provider, Stubborn()).in_a_row = 0
            self.tallies[kind].objects += 1
            self.tallies[kind].bytes += removed.size or 0
        else:
            self.keep(removed.provider, removed.error)

    def keep(self, provider: str, error: PegboardError | None = None, objects: int = 1) -> None:
        kept = self.kept.setdefault(provider, Stubborn())
        kept.objects += objects
        if error is not None:
            kept.in_a_row += 1
            kept.reason = str(error)


def sweep(older_than: timedelta, tell: Callable[[Swept], None] = lambda swept: None) -> Swept:
    """Remove pending uploads that are older, and whatever else is left. `tell` is called after each step."""
    swept = Swept()
    for kind, which in _files(older_than).items():
        for file in each(*which):
            _erase(swept, kind, file, which)
            tell(swept)
    with transaction():
        disown(*_abandoned())
    for provider in _providers():
        _remove(swept, provider, tell)
    swept.waiting = _waiting()
    return swept


def found(older_than: timedelta) -> Swept:
    """What a sweep would remove now. Asks only the database."""
    swept, kinds = Swept(), _files(older_than)
    for kind, which in kinds.items():
        own = _of_file(*which)
        swept.tallies[kind] = Tally(_count(*which, of=File), _count(own), _bytes(own))
    unwanted = or_(and_(StoredObject.state == UNWANTED, *_left()), and_(*_abandoned()))
    left = (unwanted, settled(), ~_of_file(or_(*(and_(*which) for which in kinds.values()))))
    swept.tallies["left"] = Tally(0, _count(*left), _bytes(*left))
    swept.waiting = _waiting()
    return swept


def _files(older_than: timedelta) -> dict[str, tuple[ColumnElement[bool], ...]]:
    now, upload = utc_now(), aliased(StoredObject)
    mine = upload.file_id == File.id, upload.state == OPEN
    signed = exists().where(*mine, upload.open_until > now)
    # Each part that is signed renews an upload in parts, which may well go on for days.
    going_on = exists().where(*mine, upload.upload_id.is_not(None), upload.open_until > now - older_than)
    return {
        "deleting": (File.state == DELETING,),
        "pending": (File.state == PENDING, File.created_at < now - older_than, ~signed, ~going_on),
        "failed": (File.state == FAILED, File.created_at < now - FAILED_FOR),
    }


def _abandoned() -> tuple[ColumnElement[bool], ...]:
    """Objects that somebody began to write, for a file that does not wait for them any more."""
    begun = utc_now() - ARRIVES_WITHIN
    return StoredObject.state == OPEN, StoredObject.open_until < begun, ~_of_file(File.state == PENDING)


def _left() -> tuple[ColumnElement[bool], ...]:
    """Of the unwanted objects, those that nobody may write any more and that no deletion of a file is about."""
    closed = or_(StoredObject.open_until.is_(None), StoredObject.open_until <= utc_now())
    return closed, free(), ~_of_file(File.state == DELETING)


def _of_file(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    """The object is of such a file."""
    return StoredObject.file_id.in_(select(File.id).where(*which))


def _erase(swept: Swept, kind: str, file: File, which: tuple[ColumnElement[bool], ...]) -> None:
    if swept.given_up(file.provider):
        swept.keep(file.provider, objects=_count(StoredObject.file_id == file.id))
        return
    removed = erase(file, *which)
    for one in removed or ():
        swept.note(kind, one)
    if removed is not None and not any(one.error for one in removed):
        swept.tallies[kind].files += 1


def _providers() -> list[str]:
    query = select(StoredObject.provider).where(StoredObject.state == UNWANTED).distinct()
    return sorted(db.session.scalars(query))


def _remove(swept: Swept, provider: str, tell: Callable[[Swept], None]) -> None:
    mine = (StoredObject.provider == provider, *_left())
    asked, total = 0, _count(StoredObject.state == UNWANTED, *mine)
    for removed in remove(*mine) if not swept.given_up(provider) else ():
        asked += 1
        if removed.gone or removed.error:  # else it was deleted for now, and is kept in mind
            swept.note("left", removed)
        tell(swept)
        if swept.given_up(provider):
            break
    if swept.given_up(provider):
        swept.keep(provider, objects=total - asked)


def _waiting() -> int:
    return _count(StoredObject.state == UNWANTED, or_(~free(), ~settled()))


def _count(*which: ColumnElement[bool], of: type[File] | type[StoredObject] = StoredObject) -> int:
    return db.session.scalar(select(func.count()).select_from(of).where(*which)) or 0


def _bytes(*which: ColumnElement[bool]) -> int:
    return int(db.session.scalar(select(func.coalesce(func.sum(StoredObject.size), 0)).where(*which)) or 0)
