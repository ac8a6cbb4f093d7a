"""Storing a stream: in one request where it is short, in parts of one size where it is not, never whole in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from itertools import chain
from typing import Any

from pegboard.contracts.files import Stat
from pegboard.errors import ProviderError

from .client import QUICK, ClientSource
from .failures import complete_answer

PART = 8 * 1024 * 1024  # bytes held at a time
_MOST_PARTS = 10_000
_SENT_PER_SECOND = 512 * 1024  # bytes; a connection that is slower than this has failed
COMPLETING = 60.0  # seconds in which a store may put the parts together


class Writer:
    """Writes one object. `target` names it and what is stored with it, as arguments of the SDK; with `checksums`, the
    SDK sends one with each part, which the store must be told beforehand."""

    def __init__(self, source: ClientSource, target: dict[str, Any], *, checksums: bool) -> None:
        self._source, self._target = source, target
        self._checksums = {"ChecksumAlgorithm": "CRC32"} if checksums else {}

    def write(self, pieces: Iterator[bytes], size: int | None) -> Stat:
        """All pieces; if they raise, nothing is stored."""
        part = max(PART, -(-(size or 0) // _MOST_PARTS))
        parts = _parts(pieces, part)
        first = next(parts)
        if len(first) < part:
            count, answer = len(first), self._at_once(first)
        else:
            count, answer = self._in_parts(chain([first], parts))
        with complete_answer("put"):
            return Stat(
                size=count,
                content_type=self._target["ContentType"],
                etag=str(answer["ETag"]).strip('"'),
                modified=_time(answer),
                metadata=self._target.get("Metadata", {}),
            )

    def _at_once(self, body: bytearray) -> dict[str, Any]:
        return self._send(lambda client: client.put_object(**self._target, Body=body), len(body))

    def _in_parts(self, parts: Iterator[bytearray]) -> tuple[int, dict[str, Any]]:
        begun = self._source.call(
            "put", lambda clients: clients.quick.create_multipart_upload(**self._target, **self._checksums)
        )
        upload = {"Bucket": self._target["Bucket"], "Key": self._target["Key"], "UploadId": begun["UploadId"]}
        try:
            count, receipts = self._send_parts(upload, parts)
            done = self._source.call(
                "put",
                lambda clients: clients.bulk.complete_multipart_upload(**upload, MultipartUpload={"Parts": receipts}),
                seconds=COMPLETING,
            )
        except BaseException:
            # What the store already has would be charged for, unseen.
            with suppress(ProviderError):
                self._source.call("put", lambda clients: clients.quick.abort_multipart_upload(**upload))
            raise
        return count, done

    def _send_parts(self, upload: dict[str, str], parts: Iterator[bytearray]) -> tuple[int, list[dict[str, Any]]]:
        count, receipts = 0, []
        for number, part in enumerate(parts, 1):
            if part:
                send = partial(_upload_part, {**upload, "PartNumber": number, "Body": part})
                receipts.append(_receipt(number, self._send(send, len(part))))
            count += len(part)
        return count, receipts

    def _send(self, call: Callable[[Any], dict[str, Any]], size: int) -> dict[str, Any]:
        return self._source.call("put", lambda clients: call(clients.bulk), seconds=QUICK + size / _SENT_PER_SECOND)


def _upload_part(arguments: dict[str, Any], client: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.upload_part(**arguments)
    return answer


def _parts(pieces: Iterator[bytes], size: int) -> Iterator[bytearray]:
    """The same bytes in parts of `size`, the last one shorter or empty: one buffer, so a part lives until the next."""
    held = bytearray()
    for piece in pieces:
        room = size - len(held)
        held += piece[:room]
        if len(held) == size:
            yield held
            held.clear()
            held += piece[room:]
    yield held


def _receipt(number: int, answer: dict[str, Any]) -> dict[str, Any]:
    checksums = {
        name: value for name, value in answer.items() if name.startswith("Checksum") and name != "ChecksumType"
    }
    return {"PartNumber": number, "ETag": answer["ETag"], **checksums}


def _time(answer: dict[str, Any]) -> datetime:
    """The store's time of the answer, which is the object's to the second."""
    header = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(header).astimezone(UTC) if header else datetime.now(UTC)
