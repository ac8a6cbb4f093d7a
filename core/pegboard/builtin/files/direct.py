"""Direct uploads: a browser sends a file straight to its provider, then we look at what has arrived.

What is looked at is a copy under a key of its own, which neither the browser nor a second request can replace.
"""

from __future__ import annotations

from pegboard.contracts.files import OCTET_STREAM, PUBLIC, SignedUpload
from pegboard.db import outside_transaction
from pegboard.errors import NotFound, ProviderError

from .arrivals import begun, failed, finished, overtaken, refusal_of
from .checking import check
from .current import settings, storage
from .intake import inspected, new_key
from .models import PENDING, READY, File, StoredObject
from .objects import abandon, discard, expect, tidy
from .parts import begin_parts, join, keep_open, part_size_for
from .records import Anyone, find, move, transaction
from .refusals import FileRefused
from .removal import forget
from .sniffing import cleaned_type


def begin(
    filename: str, content_type: str | None, size: int, owner: str, *, public: bool
) -> tuple[File, SignedUpload | None]:
    """A pending file, and a signature for a key that nobody reads: until it expires, it can be sent again.

    None in place of the signature where the file is sent in parts.
    """
    declared = cleaned_type(content_type)
    if size > settings().max_size:
        raise FileRefused("too_large")
    if declared != OCTET_STREAM and not settings().accepts(declared):
        raise FileRefused("type")
    parts = part_size_for(size)
    file, _ = begun(filename, declared, owner, public=public, size=size, upload=True, part_size=parts)
    if parts is not None:
        begin_parts(file)
        return file, None
    try:
        with outside_transaction():
            signed = storage(file.provider).sign_upload(
                file.key, size=size, content_type=declared, expires=settings().upload_seconds
            )
    except ProviderError:
        forget(file)  # nobody has a signature
        raise
    return file, signed


def complete(file_id: str, owner: str | Anyone) -> File:
    """The file, `ready` if what has arrived is what was announced; FileRefused where it is not."""
    file = find(file_id, owner)
    if file.state == READY:
        return file
    if file.state != PENDING or file.upload_key is None:
        raise refusal_of(file)
    key = new_key(PUBLIC if file.public else "")
    if not _attempted(file, key):
        return overtaken(file)
    try:
        join(file)
        with outside_transaction():
            content_type, size = inspected(storage(file.provider), file, key, settings())
        check(file, key, content_type, size)
        ready = finished(file, key, content_type, size)
    except (FileRefused, NotFound) as error:
        return _refused(file, key, error if isinstance(error, FileRefused) else FileRefused("truncated"))
    except ProviderError:
        abandon(key)  # the next attempt makes another
        raise
    tidy(StoredObject.file_id == file.id)
    return ready


def _attempted(file: File, key: str) -> bool:
    """Write down that a copy may come to exist, if the file still waits for one."""
    with transaction():
        if not move(file, PENDING, to=PENDING):
            return False
        expect(file, key)
        keep_open(file)
        return True


def _refused(file: File, key: str, refused: FileRefused) -> File:
    if refused.problem == "unchecked":  # it can be completed later
        discard(key)
        raise refused from None
    if not failed(file, refused):
        return overtaken(file, key)
    discard(key)
    tidy(StoredObject.file_id == file.id)
    raise refused from None
