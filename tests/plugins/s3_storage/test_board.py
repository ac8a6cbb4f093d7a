"""A board that keeps its files on a real S3 server: pages, direct uploads, forged ones, and a network that fails."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.error
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from pegboard.builtin.files.models import File, StoredObject
from pegboard.builtin.files.service import files
from pegboard.builtin.files.sweeping import sweep
from pegboard.builtin.files.uploads import PATIENCE
from pegboard.contracts.files import FILES, MIN_PART
from pegboard.db import db, utc_now
from pegboard.errors import ProviderError
from pegboard.live import current_board
from pegboard.testing.faults import FaultProxy
from pegboard.testing.files import perform
from pegboard_s3_storage.peer import Seaweed
from pegboard_s3_storage.plugin import S3Storage
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings
from pegboard_s3_storage.writing import PART
from tests.core.builtin.files.boards import PNG, MakeBoard, make_board, states, token

__all__ = ["make_board"]


@pytest.fixture
def board(server: Seaweed, make_board: MakeBoard) -> Flask:
    return make_board("s3", more={S3Storage: server.settings}, allowed_types=("image/*", "text/plain"))


@pytest.fixture
def network(server: Seaweed) -> Iterator[FaultProxy]:
    with FaultProxy(urlsplit(server.endpoint_url).port or 0) as proxy:
        yield proxy


@pytest.fixture
def far_board(network: FaultProxy, server: Seaweed, make_board: MakeBoard) -> Flask:
    there = {**server.settings, "endpoint_url": f"http://127.0.0.1:{network.port}"}
    return make_board("s3", more={S3Storage: there})


def _fetched(url: str, data: bytes | None = None, **headers: str) -> tuple[int, bytes, Any]:
    method = "GET" if data is None else "POST" if "multipart" in headers.get("Content-Type", "") else "PUT"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=10) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def _sent(upload: Any, content: bytes) -> int:
    """What a browser does with a signed upload; the status."""
    if upload["method"] == "PUT":
        return _fetched(upload["url"], content, **upload["headers"])[0]
    fields = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in upload["fields"]
    )
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    body = fields + head + content + b"\r\n--b--\r\n"
    return _fetched(upload["url"], body, **{"Content-Type": "multipart/form-data; boundary=b"})[0]


def _begun(client: FlaskClient, size: int, kind: str = "image/png") -> Any:
    asked = {"name": "chart.png", "type": kind, "size": size}
    answer = client.post("/files/uploads", json=asked, headers={"X-CSRFToken": token(client)})
    assert answer.status_code == 201
    return answer.get_json()


def _completed(client: FlaskClient, file_id: str) -> int:
    return client.post(f"/files/uploads/{file_id}/complete", headers={"X-CSRFToken": token(client)}).status_code


def test_a_form_upload_is_stored_listed_downloaded_and_deleted(board: Flask) -> None:
    client = board.test_client()
    data = {"csrf_token": token(client), "file": (BytesIO(PNG), "chart.png")}
    page_shown = client.post("/files/upload", data=data, follow_redirects=True).text
    found = re.search(r'data-file-id="(\w+)"', page_shown)
    assert found
    link = client.get(f"/files/{found[1]}").location
    status, content, headers = _fetched(link)
    assert (status, content) == (200, PNG)
    assert headers["Content-Disposition"] == 'attachment; filename="chart.png"'
    client.post(f"/files/{found[1]}/delete", headers={"X-CSRFToken": token(client)})
    assert _fetched(link)[0] == 404
    assert states(board) == []


def test_a_direct_upload_is_stored_and_looked_at(board: Flask) -> None:
    client = board.test_client()
    begun = _begun(client, len(PNG))
    assert _sent(begun["upload"], PNG) // 100 == 2
    assert _completed(client, begun["id"]) == 200
    with board.app_context(), files.open(begun["id"], "alice") as pieces:
        assert b"".join(pieces) == PNG


def test_twenty_who_complete_an_upload_in_parts_at_once_make_one_file(server: Seaweed, make_board: MakeBoard) -> None:
    board = make_board("s3", more={S3Storage: server.settings}, parts_above=MIN_PART, part_size=MIN_PART)
    bodies, together = [b"A" * MIN_PART, b"B" * MIN_PART, b"the rest"], Barrier(20)
    with board.app_context():
        file, _ = files.begin_upload("film.txt", "text/plain", sum(map(len, bodies)), "alice")
        for number, body in enumerate(bodies, 1):
            assert perform(files.sign_part(file.id, "alice", number), body).ok

    def complete(_: int) -> tuple[str, str]:
        with board.app_context():
            together.wait()
            ready = files.complete_upload(file.id, "alice")
            return ready.state, ready.key

    with ThreadPoolExecutor(20) as threads:
        assert len({*threads.map(complete, range(20))}) == 1
    assert states(board) == [("ready", None)]
    with board.app_context(), files.open(file.id, "alice") as pieces:
        assert b"".join(pieces) == b"".join(bodies)


def _uploads(server: Seaweed) -> list[str]:
    """The keys of all uploads in parts that have not ended at the server."""
    client = S3FileStorage(S3Settings.model_validate(dict(server.settings)))._source.get().quick
    listed = client.list_multipart_uploads(Bucket=server.settings["bucket"]).get("Uploads", ())
    return [str(upload["Key"]) for upload in listed]


class _Deadly(BytesIO):
    """A stream whose reader is killed when it has read that much."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 2 * PART:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(size)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")
def test_the_parts_of_a_process_that_was_killed_are_swept_from_the_server(
    server: Seaweed, make_board: MakeBoard
) -> None:
    board, before = make_board("s3", more={S3Storage: server.settings}), _uploads(server)
    child = os.fork()
    if child == 0:
        with board.app_context():
            files.save(_Deadly(bytes(4 * PART)), "a.bin", None, "alice")
        os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert len(_uploads(server)) == len(before) + 1
    with board.app_context():
        long_ago = utc_now() - timedelta(days=3)  # the server would refuse a clock that is ahead
        db.session.execute(update(File).values(created_at=long_ago))
        db.session.execute(update(StoredObject).values(open_until=long_ago))
        db.session.commit()
        assert sweep(timedelta(days=1)).kept == {}
    assert _uploads(server) == before
    assert states(board) == []


def test_a_page_that_was_announced_as_a_picture_fails(board: Flask) -> None:
    client, content = board.test_client(), b"<!doctype html><script>alert(1)</script>"
    begun = _begun(client, len(content))
    assert _sent(begun["upload"], content) // 100 == 2
    assert _completed(client, begun["id"]) == 415
    assert states(board) == [("failed", "type")]


def test_more_than_was_announced_is_refused_by_the_server(board: Flask) -> None:
    client = board.test_client()
    begun = _begun(client, 10)
    assert _sent(begun["upload"], PNG) // 100 == 4
    assert _completed(client, begun["id"]) == 400
    assert states(board) == [("failed", "truncated")]


def test_a_forged_policy_is_refused_by_the_server(board: Flask) -> None:
    upload = _begun(board.test_client(), 10)["upload"]
    fields = dict(upload["fields"])
    assert upload["method"] == "POST"
    policy = json.loads(b64decode(fields["policy"]))
    policy["conditions"] = [c for c in policy["conditions"] if "content-length-range" not in c]
    fields["policy"] = b64encode(json.dumps(policy).encode()).decode()
    assert _sent({**upload, "fields": fields.items()}, PNG) == 403


def test_a_public_file_is_read_by_everyone_and_a_private_one_by_nobody(board: Flask, settings: S3Settings) -> None:
    with board.app_context():
        shown = files.save(BytesIO(PNG), "a.png", None, "alice", public=True)
        hidden = files.save(BytesIO(PNG), "a.png", None, "alice")
    answer = board.test_client().get(f"/files/public/{shown.id}/a.png", headers={"X-Test-User": "nobody"})
    assert _fetched(answer.location)[:2] == (200, PNG)
    assert _fetched(f"{settings.bucket_url}/{hidden.key}")[0] == 403


def test_an_altered_link_is_refused_by_the_server(board: Flask) -> None:
    with board.app_context():
        file = files.save(BytesIO(PNG), "a.png", None, "alice")
        link = files.url(file.id, "alice")
    assert _fetched(link.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"))[0] == 403


@pytest.mark.parametrize("fault", ["refuse", "blackhole", "reset"])
def test_a_server_that_is_down_is_said_in_words_and_loses_no_row(
    far_board: Flask, network: FaultProxy, fault: str
) -> None:
    client = far_board.test_client()
    begun = _begun(client, len(PNG))
    assert _sent(begun["upload"], PNG) // 100 == 2
    getattr(network, fault)()
    data = {"csrf_token": token(client), "file": (BytesIO(PNG), "chart.png")}
    first = client.post("/files/upload", data=data)
    second = client.post(f"/files/uploads/{begun['id']}/complete", headers={"X-CSRFToken": data["csrf_token"]})
    assert (first.status_code, second.status_code) == (303, 503)
    assert "chart.png could not be stored. Upload it again in a minute." in client.get("/files/").text
    assert client.get("/files/").status_code == 200
    assert states(far_board) == [("pending", None), ("failed", "unreachable")]
    network.heal()
    assert _completed(client, begun["id"]) == 200


@pytest.mark.parametrize("latency", [1, 2.5])
def test_a_slow_server_holds_no_page_up_for_long(far_board: Flask, network: FaultProxy, latency: float) -> None:
    """Without a limit for all calls together, three files of a form or one look at an upload took up to 18 seconds."""
    client = far_board.test_client()
    begun = _begun(client, len(PNG))
    assert _sent(begun["upload"], PNG) // 100 == 2
    headers = {"X-CSRFToken": token(client)}
    three = {"csrf_token": headers["X-CSRFToken"], "file": [(BytesIO(PNG), f"{number}.png") for number in range(3)]}
    network.slow(latency)
    took = []
    for path, data in ((f"/files/uploads/{begun['id']}/complete", None), ("/files/upload", three), ("/files/", None)):
        started = time.monotonic()
        client.open(path, method="GET" if path == "/files/" else "POST", data=data, headers=headers)
        took.append(time.monotonic() - started)
    assert max(took) < 2 * PATIENCE  # twice: machines are noisy
    network.heal()
    assert len(states(far_board)) == 4
    assert _completed(client, begun["id"]) == 200


def test_a_misspelt_bucket_is_the_deployments_fault_and_loses_no_upload(board: Flask, settings: S3Settings) -> None:
    client = board.test_client()
    begun = _begun(client, len(PNG))
    assert _sent(begun["upload"], PNG) // 100 == 2
    with board.app_context():
        storage = current_board().provider(FILES, "s3")
        assert isinstance(storage, S3FileStorage)
        storage._settings = settings.model_copy(update={"bucket": "misspelt"})
        assert _completed(client, begun["id"]) == 503
        with pytest.raises(ProviderError, match="the bucket is not there: create it, or correct bucket"):
            storage.stat("aa/bb")
        storage._settings = settings
    assert states(board) == [("pending", None)]
    assert _completed(client, begun["id"]) == 200


def test_the_policy_lets_the_page_talk_to_the_bucket_alone(board: Flask, settings: S3Settings) -> None:
    policy = board.test_client().get("/files/").headers["Content-Security-Policy"]
    connect = re.search(r"connect-src ([^;]*)", policy)
    assert connect
    assert connect[1].split() == ["'self'", *settings.origins]
