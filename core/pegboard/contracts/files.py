"""The capability `files`: what a provider that stores files must do, and what it may be asked.

Sizes and offsets are bytes, durations are seconds. Whatever goes wrong is a `ProviderError` that names provider and
operation, `NotFound` when the object is not there; never an error of the vendor's library, never with a secret in it.
`permanent` is set when another try cannot help: arguments that no provider may accept, credentials or rights that are
wrong. What timed out or was cut short is not permanent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Literal, Protocol

from pegboard.errors import ProviderError

from .capability import Capability

CHUNK = 256 * 1024  # bytes that `read` yields at once, at most
MAX_KEY = 200  # characters
MAX_EXPIRES = 7 * 24 * 3600  # seconds
MIN_PART = 5 * 1024 * 1024  # bytes; every provider takes parts of so many or more, and a last one of fewer
MAX_PARTS = 10_000
MAX_METADATA = 1024  # characters of all names and values together; some store takes no more beside a long key
PUBLIC = "public/"  # keys below it are readable by everyone; all others by nobody without a signed URL
OCTET_STREAM = "application/octet-stream"

# Types in which a browser runs nothing. Whatever is not here is sent as an attachment.
_SHOWN = {
    "image": "png jpeg gif webp avif bmp",
    "audio": "mpeg mp4 ogg wav webm flac",
    "video": "mp4 ogg webm",
    "application": "pdf",
    "text": "plain",
}
INLINE_TYPES = frozenset(f"{family}/{kind}" for family, kinds in _SHOWN.items() for kind in kinds.split())

# Lower case, so that two keys never meet on a case-insensitive disk; no segment starts with a dot, so there is no `..`.
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*)*")
_WORD = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,100}"
_METADATA_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_METADATA_VALUE = re.compile(r"[!-~](?:[ -~]{0,198}[!-~])?")
_UPLOAD_ID = re.compile(r"[!-~]{1,2000}")
_TYPE = re.compile(rf"{_WORD}/{_WORD}(?:; ?charset=[a-z0-9-]{{1,40}})?")


class ByteStream(Protocol):
    """Anything to read bytes from: an open file, the body of a request. It ends with an empty answer."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Stat:
    """What a provider knows of a stored object."""

    size: int  # bytes
    content_type: str
    etag: str  # changes whenever the content does; without quotes
    modified: datetime  # aware, UTC
    metadata: Mapping[str, str] = field(default_factory=dict)  # what was given when it was stored, unchanged


@dataclass(frozen=True, slots=True)
class SignedUpload:
    """What a browser needs to send one file straight to the provider.

    `POST`: a multipart form of all `fields`, in this order, then the file as the field `file`. `PUT`: the bare bytes as
    the body, with `headers`. The provider answers 2xx when the object is stored, 4xx when it is not what was signed.
    """

    method: Literal["POST", "PUT"]
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an upload in parts, as the store has it."""

    number: int  # from 1
    size: int  # bytes
    etag: str  # changes whenever the content does; without quotes


class FileStorage(Protocol):
    """Objects under keys, streamed in and out in constant memory, private unless the key starts with `PUBLIC`.

    An object may carry `metadata`: names like `made-by` of up to 40 of `a-z 0-9 -`, values of up to 200 printable ASCII
    characters without a space at either end, `MAX_METADATA` in all. They are no secret: whoever reads the object may
    see them.
    """

    def put(
        self,
        key: str,
        stream: ByteStream,
        *,
        size: int | None = None,
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
    ) -> Stat:
        """Store everything `stream` gives, replacing what the key held.

        With `size`, a stream that ends early or goes on is an error. After any error the key holds what it held before;
        an error raised by the stream itself passes through unchanged. (Where the provider stopped answering, nobody
        can know which of the two it holds.)
        """
        ...

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes from `start` up to but without `end`, as chunks of at most `CHUNK`.

        What lies past the end of the object is left out, as in a slice. Entering opens (and raises `NotFound`), leaving
        closes, whether or not everything was read. A transfer that is cut short raises; it never just ends.
        """
        ...

    def stat(self, key: str) -> Stat:
        """Size, type, etag, time and metadata of one object. Raises `NotFound`."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object. There being none is no error."""
        ...

    def copy(self, source: str, target: str) -> Stat:
        """Copy content, type and metadata to `target`, replacing what it held. Raises `NotFound`.

        Where the store can copy by itself, the bytes do not pass through the board.
        """
        ...

    def url(
        self,
        key: str,
        *,
        expires: int = 300,
        filename: str | None = None,
        inline: bool = False,
        content_type: str | None = None,
    ) -> str:
        """A signed URL that anyone may GET until it expires. Makes no call: the object need not be there.

        It comes as an attachment called `filename`; shown in the browser instead when `inline` is true and
        `content_type` is one of `INLINE_TYPES`. `content_type` replaces the stored type in the answer.
        """
        ...

    def public_url(self, key: str) -> str:
        """The stable URL, without a signature, of an object below `PUBLIC`; other keys are refused. Makes no call.

        Types that are not in `INLINE_TYPES` come as attachments.
        """
        ...

    def sign_upload(
        self,
        key: str,
        *,
        size: int,
        content_type: str,
        expires: int = 900,
        metadata: Mapping[str, str] | None = None,
    ) -> SignedUpload:
        """Let a browser store exactly one key, of exactly this size, type and metadata, until it expires.

        Makes no call.

        Until then the browser can send it again with other bytes. So whoever checks content first copies it to a key
        that no upload was signed for, and looks at the copy.
        """
        ...

    def begin_parts(self, key: str, *, content_type: str, metadata: Mapping[str, str] | None = None) -> str:
        """Begin an upload in parts, and return its id, which is opaque. What the key holds stays until it is finished.

        Parts are signed and sent one by one, in any order, several at once, over days: all of one size of at least
        `MIN_PART`, but for the last, which may be smaller; at most `MAX_PARTS`. It must be finished or aborted, since
        until then the store keeps what was sent.
        """
        ...

    def sign_part(self, key: str, upload_id: str, number: int, *, size: int, expires: int = 900) -> SignedUpload:
        """Let a browser PUT one part, numbered from 1, of exactly this size, until it expires. Makes no call.

        The answer has an `ETag`. A part may be sent again and replaces what was sent before; where two came in the same
        second and the store cannot tell which was the last, the part counts as not sent.
        """
        ...

    def parts(self, key: str, upload_id: str) -> Sequence[Part]:
        """What the store has of an upload, in the order of the numbers. NotFound when there is no such upload (any more).

        Of one that ends meanwhile it is all or NotFound, never a rest.
        """
        ...

    def finish_parts(self, key: str, upload_id: str, parts: Sequence[Part]) -> Stat:
        """Make one object of all parts, replacing what the key held, and end the upload: all of it or nothing.

        `parts` are what `parts` gave: refused when they are not numbered from 1 without a gap and in order, and when
        they are not what the store has now. NotFound when there is no such upload (any more); where the answer to an
        earlier call was lost, `stat` tells whether the object is there.
        """
        ...

    def abort_parts(self, key: str, upload_id: str) -> None:
        """End an upload, remove its parts and refuse those still to come. There being none is no error."""
        ...

    def abort_uploads(self, key: str) -> None:
        """Abort all uploads in parts of a key, also those whose id was lost before anybody noted it.

        Those are included by which the provider itself stores a long stream. There being none is no error.
        """
        ...

    def origins(self) -> tuple[str, ...]:
        """Origins other than the board's (`https://host`) that browsers are sent to. Makes no call.

        For the content security policy: `connect-src` for uploads, `img-src` and `media-src` for what is shown.
        """
        ...

    def browser_access(self, origins: Sequence[str]) -> Mapping[str, Any] | None:
        """What has to be configured at the store so that browsers at these origins may upload. Makes no call.

        As JSON, in the words of the store; None where there is nothing to configure. It must let them read the `ETag`
        of what they sent.
        """
        ...

    def check(self) -> None:
        """Raise unless the storage can be reached and used. Answers within 4 seconds either way."""
        ...


FILES: Capability[FileStorage] = Capability("files", FileStorage)


def is_public(key: str) -> bool:
    """Whether everyone may read this key."""
    return key.startswith(PUBLIC)


def shown_inline(content_type: str | None) -> bool:
    """Whether a browser may show this type on its own page. What it does not know, it may not."""
    return content_type is not None and content_type.partition(";")[0] in INLINE_TYPES


def check_arguments(
    provider: str,
    operation: str,
    *,
    key: str,
    size: int | None = None,
    content_type: str | None = None,
    expires: int | None = None,
    start: int = 0,
    end: int | None = None,
    upload_id: str | None = None,
    part: int | None = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Refuse what no provider may accept, with a permanent `ProviderError`: every provider's methods begin with this.

    A key is up to `MAX_KEY` of `a-z 0-9 . _ -` in segments joined by `/`, each starting with a letter or digit.
    """

    refuse = partial(ProviderError, provider=provider, operation=operation, permanent=True)
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        shown = key if len(key) <= 60 else f"{key[:60]}…"
        raise refuse(f"{shown!r} is no key: at most {MAX_KEY} of a-z 0-9 . _ - in segments joined by /, without ..")
    if size is not None and size < 0:
        raise refuse(f"{size} is no size in bytes")
    if content_type is not None and not _TYPE.fullmatch(content_type):
        raise refuse(f"{content_type[:60]!r} is no media type such as image/png, in lower case")
    if expires is not None and not 1 <= expires <= MAX_EXPIRES:
        raise refuse(f"a signed URL lives 1 to {MAX_EXPIRES} seconds, not {expires}")
    if start < 0 or (end is not None and end < start):
        raise refuse(f"no range of bytes goes from {start} to {end}")
    if upload_id is not None and not _UPLOAD_ID.fullmatch(upload_id):
        raise refuse(f"{upload_id[:60]!r} is no id of an upload in parts")
    if part is not None and not 1 <= part <= MAX_PARTS:
        raise refuse(f"parts are numbered from 1 to {MAX_PARTS}; there is no part {part}")
    if part is not None and size == 0:
        raise refuse("a part has at least one byte")
    for name, value in (metadata or {}).items():
        if not _METADATA_NAME.fullmatch(name):
            raise refuse(f"{name[:60]!r} is no name of metadata: a letter, then up to 39 of a-z 0-9 -")
        if not _METADATA_VALUE.fullmatch(value):
            raise refuse(
                f"the metadata {name} is not 1 to 200 printable ASCII characters without a space at either end"
            )
    if sum(len(name) + len(value) for name, value in (metadata or {}).items()) > MAX_METADATA:
        raise refuse(f"the metadata have more than {MAX_METADATA} characters in all")


def check_parts(provider: str, named: Sequence[Part], sent: Sequence[Part]) -> None:
    """Refuse to finish an upload with other parts than the store has, or with a gap: every `finish_parts` calls this."""
    refuse = partial(ProviderError, provider=provider, operation="finish_parts", permanent=True)
    if not named or [part.number for part in named] != [*range(1, len(named) + 1)]:
        raise refuse("the parts are not numbered from 1, in order and without a gap")
    stored = {part.number: part for part in sent}
    if missing := [part.number for part in named if part.number not in stored]:
        raise refuse(f"part {missing[0]} was not sent")
    if changed := [part.number for part in named if part != stored[part.number]]:
        raise refuse(f"part {changed[0]} is not what the store has: ask again for the parts")
    if len(stored) > len(named):
        raise refuse(f"the store has {len(stored)} parts, not {len(named)}")


def exactly(stream: ByteStream, size: int | None, *, provider: str, chunk: int = CHUNK) -> Iterator[bytes]:
    """What the stream gives, in pieces of at most `chunk` bytes; raises `ProviderError` unless they are `size` in all.

    A provider's `put` reads through this, and commits what it wrote only when the iteration has ended.
    """
    count = 0
    while piece := stream.read(chunk if size is None else min(chunk, size - count + 1)):
        count += len(piece)
        if size is not None and count > size:
            reason = f"the stream goes on after the {size} bytes it was said to have"
            raise ProviderError(reason, provider=provider, operation="put", permanent=True)
        yield piece
    if size is not None and count < size:
        reason = f"the stream ended after {count} of {size} bytes"
        raise ProviderError(reason, provider=provider, operation="put")
