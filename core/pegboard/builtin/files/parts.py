"""Uploads in parts: how a file is cut, and the parts signed, listed and put together, for the rows of the owner alone.

Neither a key nor a store's upload id is ever taken from a browser: it names our file, whose rows have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Update, select, update

from pegboard.contracts.files import MAX_PARTS, FileStorage, Part, SignedUpload
from pegboard.db import db, outside_transaction, utc_now
from pegboard.errors import NotFound, ProviderError

from .arrivals import signature_end
from .current import settings, storage
from .models import OPEN, PENDING, File, StoredObject
from .records import Anyone, NoSuchFile, changed, find, move, transaction
from .refusals import FileRefused
from .removal import forget, give_up


@dataclass(frozen=True, slots=True)
class Cut:
    """A file of `total` bytes in parts of `size` bytes each, of which the last may have fewer."""

    total: int
    size: int

    @property
    def count(self) -> int:
        return -(-self.total // self.size)

    def size_of(self, number: int) -> int:
        """Bytes of a part, numbered from 1. NoSuchFile where there is no such part."""
        if not 1 <= number <= self.count:
            raise NoSuchFile
        return min(self.size, self.total - (number - 1) * self.size)

    def has(self, part: Part) -> bool:
        """Whether a part is as large as it must be."""
        return 1 <= part.number <= self.count and part.size == self.size_of(part.number)


def part_size_for(size: int) -> int | None:
    """How large the parts of a file of `size` bytes are; None where it is sent at once."""
    if size <= settings().parts_above:
        return None
    return max(settings().part_size, -(-size // MAX_PARTS))


def cut_of(file: File) -> Cut | None:
    """How a file is sent; None where it is sent at once."""
    return None if file.part_size is None else Cut(file.size or 0, file.part_size)


def begin_parts(file: File) -> None:
    """Begin the upload of a new file at the store, and write down what that calls it. ProviderError leaves no file."""
    store = storage(file.provider)
    try:
        with outside_transaction():
            upload_id = store.begin_parts(file.key, content_type=file.content_type)
    except ProviderError as error:
        (forget if error.permanent else give_up)(file)  # what did not answer may have begun it all the same
        raise
    kept = 0
    try:
        with transaction():
            kept = changed(_row(file).values(upload_id=upload_id))
    finally:
        if not kept:  # somebody has deleted the file meanwhile, or the database is gone
            store.abort_parts(file.key, upload_id)
    if not kept:
        raise NoSuchFile


def sign_part(file_id: str, owner: str | Anyone, number: int) -> SignedUpload:
    """Let a browser send one part. NoSuchFile unless the file is waiting for it."""
    file, cut = _sent_in_parts(file_id, owner)
    size, upload_id = cut.size_of(number), _known(file)
    with transaction():
        if not move(file, PENDING, to=PENDING) or not changed(_row(file).values(open_until=signature_end())):
            raise NoSuchFile
    with outside_transaction():
        return storage(file.provider).sign_part(
            file.key, upload_id, number, size=size, expires=settings().upload_seconds
        )


def sent_parts(file_id: str, owner: str | Anyone) -> Sequence[Part]:
    """The parts that have arrived whole, in order; all, where the store has made one object of them already."""
    file, cut = _sent_in_parts(file_id, owner)
    upload_id, store = _known(file), storage(file.provider)
    with outside_transaction():
        try:
            return tuple(part for part in store.parts(file.key, upload_id) if cut.has(part))
        except NotFound:
            return _joined(store, file, cut)


def join(file: File) -> None:
    """Make one object of the parts, if they are exactly those that were announced; FileRefused where they are not.

    An upload that has ended is let be: whether its object is there is seen by looking at that.
    """
    cut, upload_id = cut_of(file), _upload_id(file)
    if cut is None or upload_id is None:
        return
    store = storage(file.provider)
    with outside_transaction():
        try:
            parts = store.parts(file.key, upload_id)
            if [part.number for part in parts] != [*range(1, cut.count + 1)] or not all(map(cut.has, parts)):
                raise FileRefused("truncated")
            store.finish_parts(file.key, upload_id, parts)
        except NotFound:
            return
        except (FileRefused, ProviderError):
            if not _stands(store, file):  # some stores take the parts away one by one while another request joins them
                raise


def _stands(store: FileStorage, file: File) -> bool:
    """Whether the parts have become the object already: nothing else is ever written there."""
    try:
        return store.stat(file.key).size == file.size
    except NotFound:
        return False


def keep_open(file: File) -> None:
    """Write down, in the caller's transaction, that the object may be written from now: its parts are put together."""
    changed(_row(file).where(StoredObject.open_until < utc_now()).values(open_until=utc_now()))


def _joined(store: FileStorage, file: File, cut: Cut) -> Sequence[Part]:
    try:
        stat = store.stat(file.key)
    except NotFound:
        raise NoSuchFile from None
    return tuple(Part(number, cut.size_of(number), stat.etag) for number in range(1, cut.count + 1))


def _sent_in_parts(file_id: str, owner: str | Anyone) -> tuple[File, Cut]:
    file = find(file_id, owner)
    cut = cut_of(file)
    if cut is None or file.state != PENDING:
        raise NoSuchFile
    return file, cut


def _known(file: File) -> str:
    found = _upload_id(file)
    if found is None:
        raise NoSuchFile
    return found


def _upload_id(file: File) -> str | None:
    """What the store calls the upload; None where it was never begun, or nobody wants it any more."""
    return db.session.scalar(
        select(StoredObject.upload_id).where(StoredObject.key == file.upload_key, StoredObject.state == OPEN)
    )


def _row(file: File) -> Update:
    return update(StoredObject).where(StoredObject.key == file.upload_key, StoredObject.state == OPEN)
