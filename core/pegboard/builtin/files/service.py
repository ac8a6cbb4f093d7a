"""What application code calls: `files.save(…)`, `files.url(…)`. The row comes first, the provider outside transactions.

    from pegboard import files
    file = files.save(stream, "report.pdf", "application/pdf", owner=user.subject)

Every call commits what it writes itself, and refuses to start in a session that has written. Records are detached.
A provider that cannot be reached raises `ProviderError`; the row stays, and the same call may be made again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from sqlalchemy import func, select

from pegboard.contracts.filenames import clean_filename
from pegboard.contracts.files import FILES, OCTET_STREAM, PUBLIC, ByteStream, FileStorage, SignedUpload
from pegboard.db import db, outside_transaction
from pegboard.errors import NotFound, ProviderError
from pegboard.live import current_board

from .intake import Announced, FileRefused, inspected, new_id, new_key
from .models import DELETING, FAILED, PENDING, READY, File
from .plugin import Files
from .records import ANYONE, Anyone, NoSuchFile, add, find, forget, move, owned_by
from .settings import FilesSettings
from .sniffing import cleaned_type

__all__ = ["ANYONE", "Anyone", "FileRefused", "FileService", "NoSuchFile", "files"]


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
        """Store what `stream` gives, in constant memory. FileRefused when it is too large or of the wrong type.

        `size` is what it should have, in bytes; FileRefused where it has fewer or more.
        """
        file = self._begun(filename, content_type, owner, public=public, size=size)
        try:
            announced = Announced(stream, file.filename, cleaned_type(content_type), _settings(), size)
            with outside_transaction():
                stat = _storage(file.provider).put(file.key, announced, size=size, content_type=announced.content_type)
        except BaseException as error:  # also when the person hangs up: the row says what happened
            move(file, FAILED, problem=_problem(error))
            raise
        return self._finished(file, announced.content_type, stat.size)

    def begin_upload(
        self, filename: str, content_type: str | None, size: int, owner: str, *, public: bool = False
    ) -> tuple[File, SignedUpload]:
        """Let a browser send `size` bytes straight to the provider. `complete_upload` must follow.

        It is signed for a key that nobody reads: until it expires, the browser may send it again.
        """
        settings, declared = _settings(), cleaned_type(content_type)
        if size > settings.max_size:
            raise FileRefused("too_large")
        if declared != OCTET_STREAM and not settings.accepts(declared):
            raise FileRefused("type")
        file = self._begun(filename, declared, owner, public=public, size=size, upload=True)
        assert file.upload_key is not None  # noqa: S101 - for the type checker
        with outside_transaction():
            signed = _storage(file.provider).sign_upload(
                file.upload_key, size=size, content_type=declared, expires=settings.upload_seconds
            )
        return file, signed

    def complete_upload(self, file_id: str, owner: str | Anyone) -> File:
        """Look at what the browser sent and make it `ready`, or FileRefused. Calling it again changes nothing.

        What is looked at is a copy, which neither the browser nor a second call can replace: each call makes its own.
        """
        file = find(file_id, owner)
        if file.state == READY:
            return file
        if file.state != PENDING or file.upload_key is None:
            raise FileRefused(file.problem or "truncated")
        storage, earlier = _storage(file.provider), file.key
        if not move(file, PENDING, key=new_key(PUBLIC if file.public else "")):
            return self._overtaken(file)
        try:
            with outside_transaction():
                content_type, size = inspected(storage, file, _settings())
        except (FileRefused, NotFound) as error:
            refused = error if isinstance(error, FileRefused) else FileRefused("truncated")
            if not move(file, FAILED, problem=refused.problem):
                return self._overtaken(file)
            self._remove_objects(file, storage)
            raise refused from None
        finished = self._finished(file, content_type, size)
        with outside_transaction():
            for key in {file.upload_key, earlier} - {finished.key}:
                _try_delete(storage, key)
        return finished

    def get(self, file_id: str, owner: str | Anyone) -> File:
        """The record of a file in any state. Asks only the database."""
        return find(file_id, owner)

    def list(self, owner: str | Anyone, *, limit: int = 50, offset: int = 0) -> Sequence[File]:
        """Records, newest first. Asks only the database."""
        query = owned_by(select(File), owner).order_by(File.created_at.desc(), File.id)
        return db.session.scalars(query.limit(limit).offset(offset)).all()

    def count(self, owner: str | Anyone) -> int:
        """How many files there are. Asks only the database."""
        return db.session.scalar(owned_by(select(func.count()).select_from(File), owner)) or 0

    @contextmanager
    def open(
        self, file_id: str, owner: str | Anyone, *, start: int = 0, end: int | None = None
    ) -> Iterator[Iterator[bytes]]:
        """The bytes from `start` up to but without `end`, in pieces. Needs a file that is `ready`."""
        file = self._ready(file_id, owner)
        with outside_transaction(), _storage(file.provider).read(file.key, start=start, end=end) as pieces:
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
        return _storage(file.provider).public_url(file.key)

    def delete(self, file_id: str, owner: str | Anyone) -> None:
        """Delete the object, then the row. What the provider could not do is `deleting`: call it again."""
        file = find(file_id, owner)
        move(file, DELETING)
        storage = _storage(file.provider)
        with outside_transaction():
            for key in _keys(file):
                storage.delete(key)
        forget(file)

    def _begun(
        self, filename: str, declared: str | None, owner: str, *, public: bool, size: int | None, upload: bool = False
    ) -> File:
        if not owner:
            raise ValueError(
                "a file needs an owner: the subject of a person, or a word for what the board itself keeps"
            )
        with outside_transaction():
            name = current_board().registry.default(FILES)
        upload_key = new_key("incoming/") if upload else None
        return add(
            File(
                id=new_id(),
                owner=owner,
                provider=name,
                key=upload_key or new_key(PUBLIC if public else ""),
                upload_key=upload_key,
                filename=clean_filename(filename) or "file",
                content_type=cleaned_type(declared),
                size=size,
                state=PENDING,
                public=public,
            )
        )

    def _finished(self, file: File, content_type: str, size: int) -> File:
        if move(file, READY, key=file.key, content_type=content_type, size=size):
            return file
        return self._overtaken(file)

    def _overtaken(self, file: File) -> File:
        """What a faster request has made of the file: looked at it already, or deleted it on its way."""
        with suppress(NoSuchFile):
            now = find(file.id, ANYONE)
            if now.key != file.key:
                with outside_transaction():
                    _try_delete(_storage(file.provider), file.key)
            if now.state == READY:
                return now
            if now.state == FAILED:
                raise FileRefused(now.problem or "truncated")
        self._remove_objects(file, _storage(file.provider))
        raise NoSuchFile

    def _remove_objects(self, file: File, storage: FileStorage) -> None:
        with outside_transaction():
            for key in _keys(file):
                _try_delete(storage, key)

    def _ready(self, file_id: str, owner: str | Anyone) -> File:
        file = find(file_id, owner)
        if file.state != READY:
            raise NoSuchFile
        return file

    def _link(self, file: File, *, inline: bool, expires: int | None) -> str:
        shown = f"{file.content_type}; charset=utf-8" if file.content_type.startswith("text/") else file.content_type
        return _storage(file.provider).url(
            file.key,
            expires=_settings().link_seconds if expires is None else expires,
            filename=file.filename,
            inline=inline,
            content_type=shown,
        )


def _keys(file: File) -> set[str]:
    """Where anything of a file may be stored."""
    return {key for key in (file.upload_key, file.key) if key}


def _problem(error: BaseException) -> str:
    if isinstance(error, FileRefused):
        return error.problem
    return "unreachable" if isinstance(error, ProviderError) else "truncated"


def _settings() -> FilesSettings:
    return current_board().plugin(Files).settings


def _storage(name: str) -> FileStorage:
    return current_board().provider(FILES, name)


def _try_delete(storage: FileStorage, key: str) -> None:
    """Tidy up. What cannot be deleted now is found by its row later."""
    import logging

    try:
        storage.delete(key)
    except ProviderError as error:
        logging.getLogger("pegboard.files").warning("an object was left behind: %s", error)


files = FileService()
"""The service of the current board: every call looks up its database, provider and settings."""
