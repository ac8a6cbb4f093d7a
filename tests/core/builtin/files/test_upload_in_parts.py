"""Large files come in parts: signed one by one, listed, put together, given up; never for anybody but their owner."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from pegboard.builtin.files import parts as parts_module
from pegboard.builtin.files.models import File, StoredObject
from pegboard.builtin.files.objects import tidy
from pegboard.builtin.files.parts import Cut
from pegboard.builtin.files.service import FileRefused, NoSuchFile, files
from pegboard.builtin.files.settings import FilesSettings
from pegboard.builtin.files.sweeping import sweep
from pegboard.contracts.files import FILES, MIN_PART
from pegboard.db import db, utc_now
from pegboard.errors import ProviderError
from pegboard.live import board_of
from pegboard.web.limits import spend
from tests.core.builtin.files.boards import MakeBoard, known_objects, moody, objects, states, token

PART = MIN_PART
CONTENT = b"A" * PART + b"B" * PART + b"the last one"
PARTS = [CONTENT[:PART], CONTENT[PART : 2 * PART], CONTENT[2 * PART :]]
SETTINGS = {"parts_above": PART, "part_size": PART}


@pytest.fixture
def board(make_board: MakeBoard) -> Flask:
    return make_board(**SETTINGS)


def _begun(size: int = len(CONTENT)) -> File:
    file, signed = files.begin_upload("film.txt", "text/plain", size, "alice")
    assert signed is None
    return file


def _send(app: Flask, file: File, *numbers: int) -> None:
    """As a browser does it: the bytes of these parts to where they were signed for."""
    for number in numbers:
        signed = files.sign_part(file.id, "alice", number)
        body = PARTS[number - 1]
        answer = app.test_client().open(signed.url, method=signed.method, data=body, headers=dict(signed.headers))
        assert answer.status_code // 100 == 2


def _upload(file: File) -> StoredObject | None:
    query = select(StoredObject).where(StoredObject.key == file.upload_key)
    return db.session.scalar(query.execution_options(populate_existing=True))


def _at_the_store(app: Flask, file: File, upload_id: str) -> Any:
    return board_of(app).provider(FILES, file.provider).parts(str(file.upload_key), upload_id)


def test_a_large_file_comes_in_parts_in_any_order(board: Flask) -> None:
    with board.app_context():
        file = _begun()
        _send(board, file, 3, 1)
        assert [part.number for part in files.sent_parts(file.id, "alice")] == [1, 3]
        _send(board, file, 2)
        ready = files.complete_upload(file.id, "alice")
        assert (ready.state, ready.content_type, ready.size) == ("ready", "text/plain", len(CONTENT))
        with files.open(file.id, "alice") as pieces:
            assert b"".join(pieces) == CONTENT


def test_nothing_but_the_object_is_left_of_it(board: Flask, tmp_path: Path) -> None:
    with board.app_context():
        file = _begun()
        _send(board, file, 1, 2, 3)
        files.complete_upload(file.id, "alice")
        assert files.complete_upload(file.id, "alice").state == "ready"
    assert len(objects(tmp_path)) == 1


def test_a_small_file_is_sent_at_once(board: Flask) -> None:
    with board.app_context():
        file, signed = files.begin_upload("a.txt", "text/plain", PART, "alice")
        assert signed is not None
        assert file.part_size is None
        with pytest.raises(NoSuchFile):
            files.sign_part(file.id, "alice", 1)


def test_the_row_is_committed_before_the_store_is_asked_to_begin(
    make_board: MakeBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, found = make_board("moody", **SETTINGS), []
    begin = moody(board).begin_parts

    def noting(key: str, **kwargs: Any) -> str:
        assert not db.session().in_transaction()
        with db.engine.connect() as apart:
            found.append(apart.scalar(select(StoredObject.state).where(StoredObject.key == key)))
        return begin(key, **kwargs)

    monkeypatch.setattr(moody(board), "begin_parts", noting)
    with board.app_context():
        file = _begun()
        upload = _upload(file)
        assert upload is not None
        assert _at_the_store(board, file, str(upload.upload_id)) == ()
    assert found == ["open"]


def test_a_store_that_refuses_to_begin_leaves_no_row(make_board: MakeBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    board = make_board("moody", **SETTINGS)

    def refuse(*args: object, **kwargs: object) -> str:
        raise ProviderError("it may not", provider="moody", operation="begin_parts", permanent=True)

    monkeypatch.setattr(moody(board), "begin_parts", refuse)
    with board.app_context():
        with pytest.raises(ProviderError):
            _begun()
        assert db.session.scalar(select(StoredObject)) is None
    assert states(board) == []


def test_an_upload_that_a_store_began_without_an_answer_is_aborted_by_a_later_sweep(
    make_board: MakeBoard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    board = make_board("moody", max_pending=1, **SETTINGS)
    begin = moody(board).begin_parts

    def lose(*args: Any, **kwargs: Any) -> str:
        begin(*args, **kwargs)
        raise ProviderError("there is no answer", provider="moody", operation="begin_parts")

    with board.app_context():
        with monkeypatch.context() as patched:
            patched.setattr(moody(board), "begin_parts", lose)
            with pytest.raises(ProviderError):
                _begun()
        assert states(board) == []
        assert objects(tmp_path) != []
        files.delete(_begun().id, "alice")  # what nobody can send counts for nothing
        with time_machine.travel(utc_now() + timedelta(hours=25)):
            sweep(timedelta(hours=24))
    assert objects(tmp_path) == []
    assert known_objects(board) == {}


@pytest.mark.parametrize("hours", [1, 25])
def test_an_upload_whose_id_was_lost_is_aborted_however_late_its_file_is_deleted(
    board: Flask, tmp_path: Path, hours: int
) -> None:
    with board.app_context():
        file = _begun()
        db.session.execute(update(StoredObject).values(upload_id=None))
        db.session.commit()
        with time_machine.travel(utc_now() + timedelta(hours=hours)):
            files.delete(file.id, "alice")
        with time_machine.travel(utc_now() + timedelta(hours=26)):
            sweep(timedelta(hours=24))
    assert objects(tmp_path) == []
    assert known_objects(board) == {}


def test_an_upload_whose_file_was_deleted_while_it_began_is_aborted(
    make_board: MakeBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, begun = make_board("moody", **SETTINGS), []
    storage = moody(board)
    begin = storage.begin_parts

    def meanwhile(key: str, **kwargs: Any) -> str:
        (file,) = files.list("alice")
        files.delete(file.id, "alice")
        begun.append((key, begin(key, **kwargs)))
        return str(begun[0][1])

    monkeypatch.setattr(storage, "begin_parts", meanwhile)
    with board.app_context():
        with pytest.raises(NoSuchFile):
            _begun()
        with pytest.raises(ProviderError, match="no such upload"):
            storage.parts(*begun[0])


def test_each_part_is_signed_for_exactly_its_size(board: Flask) -> None:
    with board.app_context():
        file = _begun()
        signed = files.sign_part(file.id, "alice", 3)
        for body in (PARTS[2] + b"!", PARTS[2][:-1]):
            answer = board.test_client().open(signed.url, method="PUT", data=body, headers=dict(signed.headers))
            assert answer.status_code // 100 == 4
        assert files.sent_parts(file.id, "alice") == ()


@pytest.mark.parametrize("number", [0, 4, 10_001])
def test_a_part_that_there_is_not_is_not_signed(board: Flask, number: int) -> None:
    with board.app_context(), pytest.raises(NoSuchFile):
        files.sign_part(_begun().id, "alice", number)


def test_a_signature_keeps_the_upload_open(board: Flask) -> None:
    with board.app_context():
        file = _begun()
        before = _upload(file)
        assert before is not None
        first = before.open_until
        files.sign_part(file.id, "alice", 1)
        after = _upload(file)
        assert after is not None
        assert after.open_until is not None
        assert first is not None
        assert after.open_until > first


@pytest.mark.parametrize("sent", [(), (1, 2), (1, 3)])
def test_an_upload_with_a_part_missing_is_refused_and_aborted(
    board: Flask, tmp_path: Path, sent: tuple[int, ...]
) -> None:
    with board.app_context():
        file = _begun()
        _send(board, file, *sent)
        with pytest.raises(FileRefused):
            files.complete_upload(file.id, "alice")
        with pytest.raises(NoSuchFile):
            files.sign_part(file.id, "alice", 2)
    assert states(board) == [("failed", "truncated")]
    assert objects(tmp_path) == []


def test_parts_of_other_sizes_are_refused_though_they_make_the_right_sum(board: Flask) -> None:
    with board.app_context():
        file = _begun()
        _send(board, file, 1)
        upload = _upload(file)
        assert upload is not None
        store = board_of(board).provider(FILES, "local")
        for number, size in ((2, PART - 88), (3, len(PARTS[2]) + 88)):
            other = store.sign_part(upload.key, str(upload.upload_id), number, size=size)
            board.test_client().open(other.url, method="PUT", data=b"A" * size, headers=dict(other.headers))
        assert [part.number for part in files.sent_parts(file.id, "alice")] == [1]
        with pytest.raises(FileRefused):
            files.complete_upload(file.id, "alice")
    assert states(board) == [("failed", "truncated")]


def test_deleting_a_pending_upload_aborts_it_at_the_store(board: Flask, tmp_path: Path) -> None:
    with board.app_context():
        file = _begun()
        _send(board, file, 1, 2)
        upload = _upload(file)
        assert upload is not None
        files.delete(file.id, "alice")
        with pytest.raises(ProviderError, match="no such upload"):
            _at_the_store(board, file, str(upload.upload_id))
    assert objects(tmp_path) == []


def test_what_a_store_does_not_abort_is_aborted_later(
    make_board: MakeBoard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    board = make_board("moody", **SETTINGS)
    storage = moody(board)

    def refuse(*args: object) -> None:
        raise ProviderError("there is no answer", provider="moody", operation="abort_parts")

    with board.app_context():
        file = _begun()
        with monkeypatch.context() as patched:
            patched.setattr(storage, "abort_parts", refuse)
            with pytest.raises(ProviderError):
                files.delete(file.id, "alice")
        assert objects(tmp_path) != []
        tidy(StoredObject.file_id == file.id)
    assert objects(tmp_path) == []


def test_a_crash_after_the_parts_were_put_together_loses_nothing(board: Flask) -> None:
    with board.app_context():
        file = _begun()
        _send(board, file, 1, 2, 3)
        parts_module.join(file)
        assert [part.number for part in files.sent_parts(file.id, "alice")] == [1, 2, 3]
        assert files.complete_upload(file.id, "alice").state == "ready"


def test_what_is_put_together_long_after_it_was_sent_stays_known(board: Flask) -> None:
    with board.app_context():
        file = _begun()
        _send(board, file, 1, 2, 3)
        with time_machine.travel(utc_now() + timedelta(hours=30)):
            assert files.complete_upload(file.id, "alice").state == "ready"
    assert sorted(known_objects(board).values()) == ["kept", "unwanted"]  # a second finish may be on its way


def test_twenty_who_complete_it_at_once_make_one_file(board: Flask, tmp_path: Path) -> None:
    with board.app_context():
        file = _begun()
        _send(board, file, 1, 2, 3)
    together = Barrier(20)

    def complete(_: int) -> tuple[str, str]:
        with board.app_context():
            together.wait()
            ready = files.complete_upload(file.id, "alice")
            return ready.state, ready.key

    with ThreadPoolExecutor(20) as threads:
        assert len({*threads.map(complete, range(20))}) == 1
    assert states(board) == [("ready", None)]
    with board.app_context(), files.open(file.id, "alice") as pieces:
        assert b"".join(pieces) == CONTENT
    assert [state for state in known_objects(board).values() if state != "unwanted"] == ["kept"]
    assert set(objects(tmp_path)) <= set(known_objects(board))


def test_an_upload_that_the_store_has_forgotten_is_no_upload(board: Flask) -> None:
    with board.app_context():
        file = _begun()
        upload = _upload(file)
        assert upload is not None
        board_of(board).provider(FILES, "local").abort_parts(upload.key, str(upload.upload_id))
        with pytest.raises(NoSuchFile):
            files.sent_parts(file.id, "alice")
        with pytest.raises(FileRefused):
            files.complete_upload(file.id, "alice")


@pytest.mark.parametrize(
    ("size", "part_size"),
    [(20 * PART, PART), (10_000 * PART, PART), (10_000 * PART + 1, PART + 1), (100_000 * PART, 10 * PART)],
)
def test_parts_grow_where_there_would_be_too_many(board: Flask, size: int, part_size: int) -> None:
    with board.app_context():
        assert parts_module.part_size_for(size) == part_size
    assert Cut(size, part_size).count <= 10_000


@pytest.mark.parametrize("wrong", [{"parts_above": 0}, {"parts_above": 6 * 1024**3}, {"part_size": MIN_PART - 1}])
def test_settings_that_no_store_could_keep_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="equal to"):
        FilesSettings.model_validate(wrong)


class Browser:
    """Alice's requests, with her token."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.headers = {"X-CSRFToken": token(self.client)}

    def begin(self) -> Any:
        asked = {"name": "film.txt", "type": "text/plain", "size": len(CONTENT)}
        return self.client.post("/files/uploads", json=asked, headers=self.headers).get_json()

    def send(self, file_id: str, number: int) -> None:
        signed = self.client.post(f"/files/uploads/{file_id}/parts/{number}", headers=self.headers).get_json()
        assert signed["fields"] == []
        answer = self.client.open(
            signed["url"], method=signed["method"], data=PARTS[number - 1], headers=signed["headers"]
        )
        assert answer.status_code // 100 == 2

    def progress(self, file_id: str) -> Any:
        return self.client.get(f"/files/uploads/{file_id}").get_json()


def test_the_routes_say_how_a_file_is_cut_and_how_far_it_has_come(board: Flask) -> None:
    browser = Browser(board)
    begun = browser.begin()
    assert begun == {"id": begun["id"], "parts": {"size": PART, "count": 3}}
    browser.send(begun["id"], 2)
    assert browser.progress(begun["id"]) == {
        "id": begun["id"],
        "state": "pending",
        "size": len(CONTENT),
        "parts": {"size": PART, "count": 3, "sent": [2]},
    }
    browser.send(begun["id"], 1)
    browser.send(begun["id"], 3)
    done = browser.client.post(f"/files/uploads/{begun['id']}/complete", headers=browser.headers)
    assert done.get_json()["state"] == "ready"
    assert browser.progress(begun["id"])["state"] == "ready"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", "/parts/1"), ("POST", "/complete")],
)
@pytest.mark.parametrize("person", ["bob", "mona"])
def test_somebody_elses_upload_answers_404(board: Flask, person: str, method: str, path: str) -> None:
    begun = Browser(board).begin()
    client, who = board.test_client(), {"X-Test-User": person}
    headers = {**who, "X-CSRFToken": token(client, **who)}
    assert client.open(f"/files/uploads/{begun['id']}{path}", method=method, headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("rate", "name", "method", "path"),
    [
        ("1200/minute", "files.part", "POST", "uploads/{}/parts/1"),
        ("1200/minute", "files.part", "GET", "s3/multipart/{}/1"),
        ("300/minute", "files.progress", "GET", "uploads/{}"),
        ("300/minute", "files.progress", "GET", "s3/multipart/{}"),
        ("300/minute", "files.complete", "POST", "uploads/{}/complete"),
        ("300/minute", "files.complete", "POST", "s3/multipart/{}/complete"),
        ("300/minute", "files.upload", "POST", "s3/multipart"),
        ("300/minute", "files.upload", "GET", "s3/params"),
    ],
)
def test_who_asks_too_often_is_told_when_to_go_on(board: Flask, rate: str, name: str, method: str, path: str) -> None:
    browser = Browser(board)
    asked = f"/files/{path.format(browser.begin()['id'])}"
    with board.app_context():
        for _ in range(int(rate.partition("/")[0]) - (name == "files.upload")):  # one was begun
            spend(rate, name, "alice")
    answer = browser.client.open(asked, method=method, headers=browser.headers)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert states(board) == [("pending", None)]
    bob = {"X-Test-User": "bob", "X-CSRFToken": token(browser.client, **{"X-Test-User": "bob"})}
    assert browser.client.open(asked, method=method, headers=bob).status_code != 429


def test_a_part_is_not_signed_without_the_token(board: Flask) -> None:
    begun = Browser(board).begin()
    assert board.test_client().post(f"/files/uploads/{begun['id']}/parts/1").status_code == 400
