"""Uploads in parts, which browsers send straight to the store: begun, listed, finished and aborted for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from pegboard.contracts.files import Part, check_parts
from pegboard.errors import NotFound

from .client import ClientSource
from .failures import PROVIDER, code_of, complete_answer
from .writing import COMPLETING


class PartUploads:
    """`target` names an object and what is stored with it, `upload` an object and an upload, as arguments of the SDK."""

    def __init__(self, source: ClientSource) -> None:
        self._source = source

    def begin(self, target: dict[str, Any]) -> str:
        begun = self._source.call("begin_parts", lambda clients: clients.quick.create_multipart_upload(**target))
        with complete_answer("begin_parts"):
            return str(begun["UploadId"])

    def sent(self, operation: str, upload: dict[str, Any]) -> tuple[Part, ...]:
        """What has arrived, in order. NotFound when the upload has ended."""
        with complete_answer(operation):
            listed = [part for page in self._pages(operation, upload) for part in page.get("Parts", ())]
            return tuple(_latest(listed))

    def finish(self, upload: dict[str, Any], parts: Sequence[Part]) -> None:
        """The store compares etags alone and ignores parts that are not named, so the list is compared before."""
        check_parts(PROVIDER, parts, self.sent("finish_parts", upload))
        named = {"Parts": [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]}
        self._source.call(
            "finish_parts",
            lambda clients: clients.bulk.complete_multipart_upload(**upload, MultipartUpload=named),
            seconds=COMPLETING,
        )

    def abort(self, upload: dict[str, Any]) -> None:
        try:
            self._source.call("abort_parts", lambda clients: clients.quick.abort_multipart_upload(**upload))
        except NotFound:
            return

    def abort_all(self, target: dict[str, Any]) -> None:
        """All uploads of an object, those of `put` among them, in the pieces in which the store lists them: its own first.

        A store that does not list uploads has to end them by a rule of its own.
        """
        asked = {"Bucket": target["Bucket"], "Prefix": target["Key"]}
        more = True
        while more:
            page = self._source.call("abort_uploads", lambda clients: _uploads(clients.quick, asked))
            found = [upload["UploadId"] for upload in page.get("Uploads", ()) if upload["Key"] == target["Key"]]
            for upload_id in found:
                self.abort({**target, "UploadId": upload_id})
            more = bool(found and page.get("IsTruncated"))

    def _pages(self, operation: str, upload: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The list in the pieces in which the store gives it: up to 1,000 parts at once."""
        after = 0
        while True:
            asked = {**upload, "PartNumberMarker": after} if after else upload
            page = self._source.call(operation, lambda clients: clients.quick.list_parts(**asked))  # noqa: B023
            yield page
            if not page.get("IsTruncated"):
                return
            after = int(page["NextPartNumberMarker"])


def _uploads(client: Any, asked: dict[str, Any]) -> dict[str, Any]:
    from botocore.exceptions import ClientError

    try:
        page: dict[str, Any] = client.list_multipart_uploads(**asked)
    except ClientError as error:
        if code_of(error) == "NotImplemented":
            return {}
        raise
    return page


def _latest(listed: Sequence[dict[str, Any]]) -> Iterator[Part]:
    """Some stores list every sending of a part. The last one counts; where two came in the same second, none does."""
    in_time = sorted(listed, key=lambda part: (part["PartNumber"], part["LastModified"]))
    for number, sendings in groupby(in_time, key=itemgetter("PartNumber")):
        *earlier, last = sendings
        if not earlier or earlier[-1]["LastModified"] < last["LastModified"]:
            yield Part(int(number), int(last["Size"]), str(last["ETag"]).strip('"'))
