"""What application code calls: `files.save(…)`, `files.url(…)`. The rows come first, the provider outside transactions.

    from pegboard import files
    file = files.save(stream, "report.pdf", "application/pdf", owner=user.subject)

Every call commits what it writes itself, and refuses to start in a session that has written. Records are detached.
A provider that cannot be reached raises `ProviderError`; the row stays, and the same call may be made again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import func, select

from pegboard.contracts.files import ByteStream, Part, SignedUpload
from pegboard.db import db, outside_transaction

from . import direct, parts, saving
from .current import settings, storage
from .models import READY, File
from .quota import Usage, usage
from .records import ANYONE, Anyone, NoSuchFile, find, owned_by
from .refusals import FileRefused
from .removal import erase

__all__ = ["ANYONE", "Anyone", "FileRefused", "FileService", "NoSuchFile", "Usage", "files"]


class FileService:
    """Files of people. `owner` is a subject, or `ANYONE` where the caller has checked the right to everyone's files.

    Another owner's file is `NoSuchFile`, as is one that never was: a view that lets it pass answers 404.
    """

    def save(
        self,
        stream: ByteStream,
        filename: str,
        content_type: str | None = None,
        owner: str = "",
        *,
        public: bool = False,
        size: int | None = None,
    ) -> File:
        """Store what `stream` gives, in constant memory. FileRefused when it is too large, of the wrong type, or more
        than the owner may store.

        `size` is what it should have, in bytes; FileRefused where it has fewer or more.
        """
        return saving.save(stream, filename, content_type, owner, public=public, size=size)

    def begin_upload(
        self, filename: str, content_type: str | None, size: int, owner: str, *, public: bool = False
    ) -> tuple[File, SignedUpload | None]:
        """Let a browser send `size` bytes straight to the provider. `complete_upload` must follow, or `delete`.

        None in place of the signature where it is sent in parts, which is above the setting `parts_above`: `sign_part`
        for each, in any order, over days; `sent_parts` says how far it has come.
        """
        return direct.begin(filename, content_type, size, owner, public=public)

    def sign_part(self, file_id: str, owner: str | Anyone, number: int) -> SignedUpload:
        """Let a browser send one part, numbered from 1, of exactly its size: `part_size`, but for the last.

        NoSuchFile where the file is not waiting for such a part.
        """
        return parts.sign_part(file_id, owner, number)

    def sent_parts(self, file_id: str, owner: str | Anyone) -> Sequence[Part]:
        """The parts that have arrived whole, in the order of their numbers. NoSuchFile unless the file waits for some."""
        return parts.sent_parts(file_id, owner)

    def complete_upload(self, file_id: str, owner: str | Anyone) -> File:
        """Look at what the browser sent and make it `ready`, or FileRefused. Calling it again changes nothing."""
        return direct.complete(file_id, owner)

    def get(self, file_id: str, owner: str | Anyone) -> File:
        """The record of a file in any state. Asks only the database."""
        return find(file_id, owner)

    def list(self, owner: str | Anyone, *, limit: int = 50, offset: int = 0) -> Sequence[File]:
        """Records, newest first. Asks only the database."""
        query = owned_by(select(File), owner).order_by(File.created_at.desc(), File.id)
        found = db.session.scalars(query.limit(limit).offset(offset)).all()
        for file in found:
            db.session.expunge(file)
        return found

    def count(self, owner: str | Anyone) -> int:
        """How many files there are. Asks only the database."""
        return db.session.scalar(owned_by(select(func.count()).select_from(File), owner)) or 0

    def usage(self, owner: str) -> Usage:
        """What an owner's files take up, and may. Asks only the database."""
        return usage(owner)

    @contextmanager
    def open(
        self, file_id: str, owner: str | Anyone, *, start: int = 0, end: int | None = None
    ) -> Iterator[Iterator[bytes]]:
        """The bytes from `start` up to but without `end`, in pieces. Needs a file that is `ready`."""
        file = self._ready(file_id, owner)
        with outside_transaction(), storage(file.provider).read(file.key, start=start, end=end) as pieces:
            yield pieces

    def url(self, file_id: str, owner: str | Anyone, *, inline: bool = False, expires: int | None = None) -> str:
        """A signed link, for `expires` seconds (default: the setting `link_seconds`). Makes no call.

        It is an attachment, unless `inline` is asked and the type is one in which a browser runs nothing.
        """
        return self._link(self._ready(file_id, owner), inline=inline, expires=expires)

    def public_url(self, file_id: str) -> str:
        """Where a public file is now: for redirects from its stable address `/files/public/<id>/<name>`. Makes no call."""
        file = self._ready(file_id, ANYONE)
        if not file.public:
            raise NoSuchFile
        return storage(file.provider).public_url(file.key)

    def delete(self, file_id: str, owner: str | Anyone) -> None:
        """Delete the objects, then the row. What the provider could not do is `deleting`: call it again."""
        errors = [removed.error for removed in erase(find(file_id, owner)) or () if removed.error]
        if errors:
            raise errors[0]

    def _ready(self, file_id: str, owner: str | Anyone) -> File:
        file = find(file_id, owner)
        if file.state != READY:
            raise NoSuchFile
        return file

    def _link(self, file: File, *, inline: bool, expires: int | None) -> str:
        shown = f"{file.content_type}; charset=utf-8" if file.content_type.startswith("text/") else file.content_type
        return storage(file.provider).url(
            file.key,
            expires=settings().link_seconds if expires is None else expires,
            filename=file.filename,
            inline=inline,
            content_type=shown,
        )


files = FileService()
"""The service of the current board: every call looks up its database, provider and settings."""
