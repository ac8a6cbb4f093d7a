"""Moving files from one provider to another while the site runs: reads follow the row.

A file is streamed over, read back and compared; then one transaction makes the new object what the file consists of. The
old one is deleted when links to it have expired. Killed at any moment, nothing is lost and every object is known; the
next run goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update

from pegboard.contracts.files import PUBLIC
from pegboard.db import db, outside_transaction, utc_now
from pegboard.errors import ProviderError

from .current import settings, storage
from .intake import new_key
from .models import PENDING, READY, UNWANTED, File, StoredObject
from .objects import Overtaken, abandon, adopt, discard, expect, remove
from .records import changed, each, transaction
from .transfer import AGAIN, Unfit, copy

_SLACK = 60  # seconds beyond those that a link lives: redirects that were kept, clocks that differ
_PATIENCE = 5  # failures in a row after which nothing more is tried
_TIDY_EVERY = 100  # files


@dataclass(frozen=True, slots=True)
class Trouble:
    """A file that stays where it is, why, and what to do."""

    id: str
    name: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Amount:
    """So many files of so many bytes."""

    files: int
    bytes: int


@dataclass(slots=True)
class Moved:
    """How far a move has come.

    `originals` were deleted at the source, `waiting` are kept `until` links to them have expired, `stuck` says why the
    source did not delete the others. `under_way` are uploads that have not finished, `left` all objects at the source.
    """

    files: int = 0
    bytes: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    given_up: bool = False
    originals: int = 0
    waiting: int = 0
    until: datetime | None = None
    stuck: str = ""
    under_way: int = 0
    left: int = 0


def to_move(source: str) -> Amount:
    """What is ready at a provider. Asks only the database."""
    query = select(func.count(), func.coalesce(func.sum(File.size), 0)).where(*_ready_at(source))
    count, size = db.session.execute(query).one()
    return Amount(count, int(size or 0))


def move(source: str, target: str, tell: Callable[[Moved], None] = lambda moved: None) -> Moved:
    """Move what is ready at `source` to `target`. A file that cannot be moved is noted, and the others go on.

    `tell` is called after each piece. ProviderError where one of the two cannot be used at all.
    """
    with outside_transaction():
        for name in (source, target):
            storage(name).check()
    moved, in_a_row = Moved(), 0
    _remove_originals(moved, source)
    for number, file in enumerate(each(*_ready_at(source)), 1):
        in_a_row = 0 if _moved_on(file, target, moved, tell) else in_a_row + 1
        if in_a_row >= _PATIENCE:
            moved.given_up = True
            break
        if number % _TIDY_EVERY == 0:
            _remove_originals(moved, source)
    _remove_originals(moved, source)
    _look_around(moved, source)
    return moved


def _moved_on(file: File, target: str, moved: Moved, tell: Callable[[Moved], None]) -> bool:
    """Move one file, or note why not. False where a provider did not answer."""
    before = moved.bytes

    def count(size: int) -> None:
        moved.bytes += size
        tell(moved)

    try:
        _move(file, target, count)
    except (Overtaken, Unfit, ProviderError) as error:
        moved.bytes = before
        if isinstance(error, Overtaken) or not _still_there(file):
            return True
        remedy = error.remedy if isinstance(error, Unfit) else AGAIN
        moved.troubles.append(Trouble(file.id, file.filename, str(error), remedy))
        return isinstance(error, Unfit)
    moved.files += 1
    return True


def _move(file: File, target: str, count: Callable[[int], None]) -> None:
    """Raises Overtaken where the file was deleted meanwhile, Unfit, or ProviderError."""
    key = new_key(PUBLIC if file.public else "")
    with transaction():
        same = update(File).where(File.id == file.id, File.key == file.key, *_ready_at(file.provider))
        if not changed(same.values(state=READY)):
            raise Overtaken
        expect(file, key, provider=target)
    try:
        with outside_transaction():
            copy(file, key, target, count)
        keep_until = utc_now() + timedelta(seconds=settings().link_seconds + _SLACK)
        with transaction():
            adopt(file, key, was=READY, keep_until=keep_until, provider=target)
    except (Overtaken, Unfit):
        discard(key)
        raise
    except ProviderError:
        abandon(key)
        raise


def _still_there(file: File) -> bool:
    """Whether the file is still ready where it was, so that the trouble with it is its own."""
    same = (File.id == file.id, File.key == file.key, *_ready_at(file.provider))
    return bool(db.session.scalar(select(func.count()).select_from(File).where(*same)))


def _remove_originals(moved: Moved, source: str) -> None:
    """Delete at the source what was moved and whose links have expired, by this run or an earlier one."""
    in_a_row = 0
    for removed in remove(*_originals(source)):
        moved.originals += removed.error is None
        in_a_row = 0 if removed.error is None else in_a_row + 1
        moved.stuck = str(removed.error or moved.stuck)
        if in_a_row >= _PATIENCE:
            break


def _look_around(moved: Moved, source: str) -> None:
    """What is not done yet."""
    waiting = select(func.count(), func.max(StoredObject.keep_until)).where(*_originals(source))
    count, until = db.session.execute(waiting.where(StoredObject.state == UNWANTED)).one()
    moved.waiting, moved.until = int(count), until
    pending = select(func.count()).select_from(File).where(File.provider == source, File.state == PENDING)
    objects = select(func.count()).select_from(StoredObject).where(StoredObject.provider == source)
    moved.under_way, moved.left = db.session.scalar(pending) or 0, db.session.scalar(objects) or 0


def _originals(source: str) -> tuple[ColumnElement[bool], ...]:
    return StoredObject.provider == source, StoredObject.keep_until.is_not(None)


def _ready_at(provider: str) -> tuple[ColumnElement[bool], ...]:
    return File.provider == provider, File.state == READY
