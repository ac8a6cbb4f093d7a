"""Uploads in parts: what is signed, long lists, stores that list a part twice, and a store that fails half way."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from pegboard.contracts.files import MIN_PART, Part
from pegboard.errors import ProviderError
from pegboard.testing.faults import FaultProxy
from pegboard.testing.files import perform
from pegboard_s3_storage.client import Clients, ClientSource
from pegboard_s3_storage.parts import PartUploads
from pegboard_s3_storage.peer import Seaweed
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings

FILM = "video/mp4"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def sent(storage: S3FileStorage, key: str, upload_id: str, number: int, body: bytes) -> None:
    assert perform(storage.sign_part(key, upload_id, number, size=len(body)), body).ok


def test_a_part_is_a_put_that_binds_its_length_even_where_whole_files_come_by_form(s3: S3FileStorage) -> None:
    assert s3.sign_upload("a", size=10, content_type=FILM).method == "POST"
    upload = s3.sign_part("a", "some-id", 7, size=10, expires=60)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(upload.url).query).items()}
    assert upload.method == "PUT"
    assert (asked["partNumber"], asked["uploadId"], asked["X-Amz-Expires"]) == ("7", "some-id", "60")
    assert asked["X-Amz-SignedHeaders"] == "content-length;host"


def test_no_part_is_signed_that_no_store_would_take(s3: S3FileStorage) -> None:
    with pytest.raises(ProviderError, match="at most") as caught:
        s3.sign_part("a", "some-id", 1, size=5 * 1024**3 + 1)
    assert caught.value.permanent


class Listing(ClientSource):
    """A store that gives a list of parts, so many at once."""

    def __init__(self, listed: list[dict[str, Any]], at_once: int) -> None:
        self._listed, self._at_once = listed, at_once
        self.asked: list[int] = []

    def get(self) -> Clients:
        return Clients(self, self, 0)

    def list_parts(self, *, PartNumberMarker: int = 0, **_: str) -> dict[str, Any]:  # noqa: N803 - the SDK's name
        self.asked.append(PartNumberMarker)
        rest = [part for part in self._listed if part["PartNumber"] > PartNumberMarker]
        page = rest[: self._at_once]
        more = len(rest) > len(page)
        return {"Parts": page, "IsTruncated": more, "NextPartNumberMarker": page[-1]["PartNumber"] if page else 0}


def listed(number: int, etag: str, seconds: int = 0) -> dict[str, Any]:
    return {"PartNumber": number, "Size": 5, "ETag": f'"{etag}"', "LastModified": NOON + timedelta(seconds=seconds)}


def test_a_long_list_is_asked_for_piece_by_piece() -> None:
    source = Listing([listed(number, "e") for number in range(1, 8)], at_once=3)
    assert [part.number for part in PartUploads(source).sent("parts", {})] == [1, 2, 3, 4, 5, 6, 7]
    assert source.asked == [0, 3, 6]


class Uploads(ClientSource):
    """A store that lists uploads, two at once, and no more than it has."""

    def __init__(self, *listed: tuple[str, str]) -> None:
        self.listed = [*listed]

    def get(self) -> Clients:
        return Clients(self, self, 0)

    def list_multipart_uploads(self, **_: str) -> dict[str, Any]:
        page = [{"Key": key, "UploadId": upload_id} for key, upload_id in self.listed[:2]]
        return {"Uploads": page, "IsTruncated": len(self.listed) > 2}

    def abort_multipart_upload(self, *, Key: str, UploadId: str, **_: str) -> None:  # noqa: N803 - the SDK's names
        self.listed.remove((Key, UploadId))


@pytest.mark.parametrize("count", range(6))
def test_all_uploads_of_a_key_are_aborted_and_none_of_a_longer_one(count: int) -> None:
    longer = [("a/b-2", "1"), ("a/b-2", "2"), ("a/b-2", "3")]
    source = Uploads(*[("a/b", str(number)) for number in range(count)], *longer)
    PartUploads(source).abort_all({"Bucket": "files", "Key": "a/b"})
    assert source.listed == longer


@pytest.mark.parametrize(("code", "refused"), [("NotImplemented", False), ("AccessDenied", True)])
def test_a_store_that_lists_no_uploads_keeps_nothing_from_being_deleted(
    monkeypatch: pytest.MonkeyPatch, code: str, refused: bool
) -> None:
    source = Uploads()

    def refuse(**_: str) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 501}}, "list")

    monkeypatch.setattr(source, "list_multipart_uploads", refuse)
    with pytest.raises(ProviderError, match=code) if refused else nullcontext():
        PartUploads(source).abort_all({"Bucket": "files", "Key": "a/b"})


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_part_that_is_listed_twice_the_last_counts(order: int) -> None:
    source = Listing([listed(1, "a"), *[listed(2, "old"), listed(2, "new", 1)][::order]], at_once=10)
    assert PartUploads(source).sent("parts", {}) == (Part(1, 5, "a"), Part(2, 5, "new"))


def test_where_the_last_cannot_be_told_the_part_has_to_be_sent_again() -> None:
    source = Listing([listed(1, "a"), listed(2, "one"), listed(2, "other")], at_once=10)
    assert PartUploads(source).sent("parts", {}) == (Part(1, 5, "a"),)


def outcome(url: str, body: io.BytesIO) -> int | None:
    """The status of a PUT; None where the line went down."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request("PUT", f"{parts.path}?{parts.query}", body, {"Content-Length": str(MIN_PART)})
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


@pytest.fixture
def proxy(server: Seaweed) -> Iterator[FaultProxy]:
    with FaultProxy(urlsplit(server.endpoint_url).port or 0) as proxy:
        yield proxy


@pytest.fixture
def far(server: Seaweed, proxy: FaultProxy) -> S3FileStorage:
    endpoint = f"http://127.0.0.1:{proxy.port}"
    return S3FileStorage(S3Settings.model_validate({**server.settings, "endpoint_url": endpoint}))


def test_an_upload_goes_on_after_the_store_was_away(far: S3FileStorage, proxy: FaultProxy) -> None:
    upload_id = far.begin_parts("away", content_type=FILM)
    sent(far, "away", upload_id, 1, bytes(MIN_PART))
    proxy.refuse()
    for call in (
        lambda: far.begin_parts("away", content_type=FILM),
        lambda: far.parts("away", upload_id),
        lambda: far.finish_parts("away", upload_id, [Part(1, MIN_PART, "e")]),
        lambda: far.abort_parts("away", upload_id),
    ):
        with pytest.raises(ProviderError) as caught:
            call()
        assert not caught.value.permanent
    assert far.sign_part("away", upload_id, 2, size=5).url
    proxy.heal()
    sent(far, "away", upload_id, 2, b"there")
    assert far.finish_parts("away", upload_id, far.parts("away", upload_id)).size == MIN_PART + 5
    far.delete("away")


def test_a_part_that_is_cut_on_its_way_has_not_arrived(
    far: S3FileStorage, s3: S3FileStorage, proxy: FaultProxy
) -> None:
    upload_id = s3.begin_parts("cut", content_type=FILM)
    upload = far.sign_part("cut", upload_id, 1, size=MIN_PART)

    class Falling(io.BytesIO):
        """Takes the line down half way."""

        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > MIN_PART // 2:
                proxy.refuse()
            return super().read(size)

    assert outcome(upload.url, Falling(bytes(MIN_PART))) is None
    assert s3.parts("cut", upload_id) == ()
    s3.abort_parts("cut", upload_id)
