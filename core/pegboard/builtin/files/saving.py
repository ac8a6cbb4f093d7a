"""Saving a stream: what `files.save` does, step by step."""

from __future__ import annotations

from pegboard.contracts.files import ByteStream
from pegboard.db import outside_transaction
from pegboard.errors import ProviderError

from .arrivals import begun, failed, finished
from .checking import check
from .current import settings, storage
from .intake import Announced
from .models import File
from .objects import discard


def save(
    stream: ByteStream, filename: str, content_type: str | None, owner: str, *, public: bool, size: int | None
) -> File:
    """A `ready` file of what the stream gave. Whatever is raised, the row says what happened."""
    file, before = begun(filename, content_type, owner, public=public, size=size)
    try:
        announced = Announced(stream, file, settings(), before, size)
        with outside_transaction():
            stat = storage(file.provider).put(file.key, announced, size=size, content_type=announced.content_type)
        check(file, file.key, announced.content_type, stat.size)
        return finished(file, file.key, announced.content_type, stat.size)
    except BaseException as error:  # also when the person hangs up
        failed(file, error)
        if not isinstance(error, ProviderError):  # after which the object may still arrive
            discard(file.key)
        raise
