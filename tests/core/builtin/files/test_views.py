"""The pages: each person's own files, the form without a script, safe downloads, and a storage that does not answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pegboard.builtin.files.models import File
from pegboard.builtin.files.service import files
from pegboard.builtin.local_files.plugin import LocalFiles
from pegboard.builtin.local_files.provider import LocalFileStorage
from pegboard.contracts.files import FILES
from pegboard.live import board_of
from pegboard.web.limits import spend
from tests.core.builtin.files.boards import PNG, MakeBoard, moody, objects, states, token

BOB = {"X-Test-User": "bob"}
MONA = {"X-Test-User": "mona"}
NOBODY = {"X-Test-User": "nobody"}


def _saved(app: Flask, name: str = "chart.png", content: bytes = PNG, **more: bool) -> File:
    with app.app_context():
        return files.save(BytesIO(content), name, None, "alice", **more)


def _uploaded(client: FlaskClient, name: str = "chart.png", content: bytes = PNG) -> TestResponse:
    data = {"csrf_token": token(client), "file": (BytesIO(content), name)}
    return client.post("/files/upload", data=data, follow_redirects=True)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/files/{id}"),
        ("GET", "/files/{id}?show=1"),
        ("GET", "/files/{id}/delete"),
        ("POST", "/files/{id}/delete"),
        ("POST", "/files/uploads/{id}/complete"),
        ("GET", "/files/public/{id}/chart.png"),
    ],
)
def test_somebody_elses_file_answers_404(board: Flask, method: str, path: str) -> None:
    file, client = _saved(board), board.test_client()
    headers = {**BOB, "X-CSRFToken": token(client, **BOB)}
    theirs = client.open(path.format(id=file.id), method=method, headers=headers)
    absent = client.open(path.format(id="a" * 26), method=method, headers=headers)
    assert theirs.status_code == absent.status_code == 404
    with board.app_context():
        assert files.get(file.id, "alice").state == "ready"


@pytest.mark.parametrize("tampered", ["{id}x", "{id}%00", "..%2f{id}", "%27%20or%201=1--", "x" * 5000])
def test_a_tampered_id_answers_404(board: Flask, tampered: str) -> None:
    file = _saved(board)
    assert board.test_client().get(f"/files/{tampered.format(id=file.id)}").status_code == 404


def test_each_person_sees_their_own_files_only(board: Flask) -> None:
    _saved(board, "alices-plan.png")
    client = board.test_client()
    assert "alices-plan.png" in client.get("/files/").text
    assert "alices-plan.png" not in client.get("/files/", headers=BOB).text


def test_a_moderator_sees_and_deletes_everyones(board: Flask) -> None:
    file, client = _saved(board), board.test_client()
    assert client.get("/files/all", headers=BOB).status_code == 403
    page = client.get("/files/all", headers=MONA)
    assert "chart.png" in page.text
    assert "alice" in page.text
    headers = {**MONA, "X-CSRFToken": token(client, **MONA)}
    assert client.post(f"/files/{file.id}/delete", headers=headers).location == "/files/all"
    assert states(board) == []


def test_a_moderator_sees_the_owners_names_where_the_accounts_know_them(
    board: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pegboard.builtin.files.views.names_of", lambda subjects: {"alice": "Alice Liddell"})
    _saved(board)
    with board.app_context():
        files.save(BytesIO(PNG), "left.png", None, "gone")
    page = board.test_client().get("/files/all", headers=MONA).text
    assert "· Alice Liddell<" in page
    assert "· gone<" in page


@pytest.mark.parametrize("path", ["/files/", "/files/all", "/files/abc", "/files/abc/delete"])
def test_who_is_not_signed_in_is_sent_to_sign_in(board: Flask, path: str) -> None:
    answer = board.test_client().get(path, headers=NOBODY)
    assert answer.status_code == 302
    assert answer.location.startswith("/people/sign-in?next=/files/")


@pytest.mark.parametrize(
    "path", ["/files/upload", "/files/uploads", "/files/abc/delete", "/files/uploads/abc/complete"]
)
def test_a_request_without_the_token_is_refused(board: Flask, path: str) -> None:
    assert board.test_client().post(path, json={}).status_code == 400
    assert states(board) == []


def test_the_plain_form_stores_several_files_and_says_so(board: Flask) -> None:
    client = board.test_client()
    data = {"csrf_token": token(client), "file": [(BytesIO(PNG), "one.png"), (BytesIO(b"two"), "two.txt")]}
    page = client.post("/files/upload", data=data, follow_redirects=True).text
    assert "2 files uploaded." in page
    assert "one.png" in page
    assert "two.txt" in page


def test_the_plain_form_without_a_file_says_what_to_do(board: Flask) -> None:
    client = board.test_client()
    page = client.post("/files/upload", data={"csrf_token": token(client)}, follow_redirects=True)
    assert "Choose a file first." in page.text
    assert states(board) == []


def test_the_plain_form_takes_more_than_other_forms_may_hold(board: Flask) -> None:
    large = PNG + bytes(3_000_000)
    client = board.test_client()
    assert (
        "1 file uploaded."
        in client.post(
            "/files/upload",
            data={"csrf_token": token(client), "file": (BytesIO(large), "a.png")},
            follow_redirects=True,
        ).text
    )


def test_the_plain_form_refuses_a_wrong_type_and_keeps_the_rest(make_board: MakeBoard) -> None:
    board = make_board(allowed_types=("image/*",))
    client = board.test_client()
    data = {"csrf_token": token(client), "file": [(BytesIO(b"<html>"), "x.png"), (BytesIO(PNG), "good.png")]}
    page = client.post("/files/upload", data=data, follow_redirects=True).text
    assert "x.png: Files of this type are not accepted." in page
    assert "1 file uploaded." in page
    assert states(board) == [("failed", "type"), ("ready", None)]


def test_a_file_past_the_limit_is_refused_with_a_sentence(make_board: MakeBoard) -> None:
    board = make_board(max_size=1000)
    page = _uploaded(board.test_client())
    assert "This file is larger than allowed." in page.text
    assert states(board) == [("failed", "too_large")]


def test_a_request_far_past_the_limit_is_refused_before_it_is_read(make_board: MakeBoard) -> None:
    board = make_board(max_size=1000)
    client = board.test_client()
    data = {"csrf_token": token(client), "file": (BytesIO(bytes(3_000_000)), "a.bin")}
    assert client.post("/files/upload", data=data).status_code == 413
    assert states(board) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the parser leaves its file open
def test_a_truncated_form_stores_nothing(board: Flask, tmp_path: Path) -> None:
    client = board.test_client()
    head = (
        f'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token(client)}\r\n'
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    ).encode()
    answer = client.post(
        "/files/upload",
        input_stream=BytesIO(head + PNG),
        content_length=len(head) + len(PNG) * 2,
        content_type="multipart/form-data; boundary=b",
    )
    assert answer.status_code == 400
    assert objects(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("a\x1b\x00b.txt", "ab.txt"),
        ("<script>alert(1).png", "&lt;script&gt;alert(1).png"),
    ],
)
def test_bad_names_arrive_clean_and_escaped(board: Flask, name: str, shown: str) -> None:
    page = _uploaded(board.test_client(), name).text
    assert f">{shown}</a>" in page


def test_a_name_of_ten_kilobytes_is_stored_and_listed(board: Flask) -> None:
    page = _uploaded(board.test_client(), "n" * 10_000 + ".png").text
    assert "1 file uploaded." in page
    assert "n" * 300 not in page


def test_what_was_announced_is_sent_looked_at_and_listed(board: Flask) -> None:
    client = board.test_client()
    headers = {"X-CSRFToken": token(client)}
    begun = client.post("/files/uploads", json={"name": "a.png", "type": "", "size": len(PNG)}, headers=headers)
    assert begun.status_code == 201
    upload = begun.get_json()["upload"]
    assert client.put(upload["url"], data=PNG, headers=upload["headers"]).status_code == 200
    done = client.post(f"/files/uploads/{begun.get_json()['id']}/complete", headers=headers)
    assert done.get_json()["state"] == "ready"
    assert ">a.png</a>" in done.get_json()["row"]


def test_the_signed_upload_stays_on_the_address_the_browser_knows(make_board: MakeBoard) -> None:
    client = make_board(public_url="https://files.example/board").test_client()
    headers = {"X-CSRFToken": token(client)}
    asked = {"name": "a.png", "type": "image/png", "size": 3}
    assert (
        client.post("/files/uploads", json=asked, headers=headers)
        .get_json()["upload"]["url"]
        .startswith("/board/local-files/")
    )


@pytest.mark.parametrize(
    "asked",
    [
        [],
        {},
        {"name": "a", "type": "b", "size": "3"},
        {"name": 1, "type": "", "size": 1},
        {"name": "a", "type": "", "size": -1},
        {"name": "a", "type": "", "size": True},
    ],
)
def test_an_announcement_that_makes_no_sense_is_answered_with_what_to_send(board: Flask, asked: object) -> None:
    client = board.test_client()
    answer = client.post("/files/uploads", json=asked, headers={"X-CSRFToken": token(client)})
    assert answer.status_code == 400
    assert "name, type and size" in answer.get_json()["error"]["message"]


@pytest.mark.parametrize(("kind", "size", "status"), [("image/png", 2000, 413), ("text/html", 10, 415)])
def test_an_announcement_of_what_would_be_refused_is_refused(
    make_board: MakeBoard, kind: str, size: int, status: int
) -> None:
    board = make_board(max_size=1000, allowed_types=("image/*",))
    client = board.test_client()
    asked = {"name": "a", "type": kind, "size": size}
    assert client.post("/files/uploads", json=asked, headers={"X-CSRFToken": token(client)}).status_code == status
    assert states(board) == []


@pytest.mark.parametrize(
    ("name", "content", "disposition"),
    [
        ("a.png", PNG, "inline"),
        ("notes.txt", b"plain words", "inline"),
        ("a.pdf", b"%PDF-1.7\n\xff\xfe\x00", "inline"),
        ("page.html", b"<!doctype html><script>alert(1)</script>", "attachment"),
        ("fake.png", b"<!doctype html><script>alert(1)</script>", "attachment"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "attachment"),
        ("tool.exe", b"MZ\x90\x00\x03\x00\x00\x00", "attachment"),
    ],
)
def test_only_types_in_which_nothing_runs_are_shown(board: Flask, name: str, content: bytes, disposition: str) -> None:
    file, client = _saved(board, name, content), board.test_client()
    shown = client.get(client.get(f"/files/{file.id}?show=1").location)
    assert shown.data == content
    assert shown.headers["Content-Disposition"].startswith(disposition)
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    asked_for = client.get(client.get(f"/files/{file.id}").location)
    assert asked_for.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.db
@pytest.mark.parametrize("path", ["/files/%00", "/files/uploads/%00", "/files/public/%00/a", "/files/s3/multipart/%00"])
def test_an_id_that_the_database_cannot_hold_answers_404(
    make_board: MakeBoard, new_database: Callable[[], str], path: str
) -> None:
    assert make_board(database_url=new_database()).test_client().get(path).status_code == 404


@pytest.fixture
def spent_board(board: Flask) -> Flask:
    """A board on which Alice has begun as many uploads as she may in a minute."""
    with board.app_context():
        for _ in range(300):
            spend("300/minute", "files.upload", "alice")
    return board


def test_who_uploads_too_often_is_told_when_to_go_on_and_nothing_is_stored(spent_board: Flask, tmp_path: Path) -> None:
    answer = _uploaded(spent_board.test_client())
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert "Wait a little, then try again." in answer.text
    assert (states(spent_board), objects(tmp_path)) == ([], [])
    assert spent_board.test_client().get("/files/").status_code == 200


def test_a_script_that_announces_too_many_uploads_gets_429_with_the_seconds_to_wait(spent_board: Flask) -> None:
    client, asked = spent_board.test_client(), {"name": "a.png", "type": "image/png", "size": 3}
    answer = client.post("/files/uploads", json=asked, headers={"X-CSRFToken": token(client)})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert answer.get_json()["error"]["message"] == "Wait a little, then try again."
    assert states(spent_board) == []


def test_uploads_are_counted_for_each_person(spent_board: Flask) -> None:
    client, asked = spent_board.test_client(), {"name": "a.png", "type": "image/png", "size": 3}
    headers = {**BOB, "X-CSRFToken": token(client, **BOB)}
    assert client.post("/files/uploads", json=asked, headers=headers).status_code == 201
    data = {"csrf_token": headers["X-CSRFToken"], "file": (BytesIO(PNG), "a.png")}
    assert client.post("/files/upload", data=data, headers=BOB).status_code == 303


def test_a_link_to_a_private_file_expires(make_board: MakeBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    board = make_board(link_seconds=60)
    file, client = _saved(board), board.test_client()
    link = client.get(f"/files/{file.id}").location
    with board.app_context():
        storage = board_of(board).provider(FILES, "local")
    assert isinstance(storage, LocalFileStorage)
    now = storage.links._clock()
    monkeypatch.setattr(storage.links, "_clock", lambda: now + 59)
    assert client.get(link).status_code == 200
    monkeypatch.setattr(storage.links, "_clock", lambda: now + 61)
    assert client.get(link).status_code == 403


def test_an_altered_link_is_refused(board: Flask) -> None:
    file, client = _saved(board), board.test_client()
    link = client.get(f"/files/{file.id}").location
    assert client.get(link[:-2] + ("aa" if link[-2:] != "aa" else "bb")).status_code == 403


def test_a_download_is_never_kept_by_a_cache_that_others_use(board: Flask) -> None:
    file = _saved(board)
    assert board.test_client().get(f"/files/{file.id}").headers["Cache-Control"] == "private, no-store"


def test_a_public_file_has_a_stable_address_for_everyone(board: Flask) -> None:
    file, client = _saved(board, public=True), board.test_client()
    answer = client.get(f"/files/public/{file.id}/chart.png", headers=NOBODY)
    assert answer.status_code == 302
    assert client.get(answer.location, headers=NOBODY).data == PNG


def test_pages_that_only_list_never_ask_for_the_storage(moody_board: Flask) -> None:
    client, storage = moody_board.test_client(), moody(moody_board)
    storage.fails |= {"put", "stat", "read", "copy", "delete"}
    assert "chart.png could not be stored. Upload it again in a minute." in _uploaded(client).text
    calls = len(storage.in_transaction)
    page = client.get("/files/")
    assert page.status_code == 200
    assert "Files could not be stored at that moment." in page.text
    assert len(storage.in_transaction) == calls


def test_a_storage_that_does_not_answer_is_said_in_words_and_loses_no_row(moody_board: Flask) -> None:
    client = moody_board.test_client()
    moody(moody_board).fails |= {"put", "copy", "delete"}
    assert "could not be stored" in _uploaded(client).text
    form = {"csrf_token": token(client), "file": (BytesIO(PNG), "told.png")}
    assert client.post("/files/upload", data=form, headers={"Accept": "application/json"}).status_code == 503
    headers = {"X-CSRFToken": token(client)}
    begun = client.post("/files/uploads", json={"name": "a", "type": "", "size": 3}, headers=headers).get_json()
    assert client.post(f"/files/uploads/{begun['id']}/complete", json={}, headers=headers).status_code == 503
    refused = [("failed", "unreachable"), ("failed", "unreachable")]
    assert states(moody_board) == [*refused, ("pending", None)]
    assert client.post(f"/files/{begun['id']}/delete", headers=headers).status_code == 503
    assert states(moody_board) == [*refused, ("deleting", None)]


def test_deleting_asks_first_and_says_what_it_did(board: Flask, tmp_path: Path) -> None:
    file, client = _saved(board), board.test_client()
    assert "Delete this file?" in client.get(f"/files/{file.id}/delete").text
    page = client.post(f"/files/{file.id}/delete", data={"csrf_token": token(client)}, follow_redirects=True).text
    assert "chart.png is deleted." in page
    assert objects(tmp_path) == []


def test_long_lists_come_in_pages(make_board: MakeBoard) -> None:
    board = make_board(max_pending=100)
    with board.app_context():
        for number in range(51):
            files.begin_upload(f"file-{number:02}", None, 1, "alice")
    client = board.test_client()
    first, second = client.get("/files/").text, client.get("/files/?page=2").text
    assert "file-50" in first
    assert "file-00" not in first
    assert "file-00" in second
    assert client.get("/files/?page=99999999999999999999").status_code == 200


def test_the_first_page_shows_the_newest_files_to_those_signed_in(board: Flask) -> None:
    _saved(board, "newest.png")
    with board.test_request_context():
        from pegboard.web.templates import slot

        assert "newest.png" in slot("home")[0]
    with board.test_request_context(headers=NOBODY):
        assert slot("home") == []


def test_the_scripts_are_small_and_versioned(board: Flask) -> None:
    client = board.test_client()
    sources = re.findall(r'src="([^"]*/files/[^"]*\.js[^"]*)"', client.get("/files/").text)
    assert len(sources) == 2
    for source in sources:
        with client.get(source) as script:
            assert len(script.data) <= 5 * 1024
            assert "immutable" in script.headers["Cache-Control"]


def test_local_files_answer_the_doctor(board: Flask) -> None:
    checks = [owned.item for owned in board_of(board).health_checks if owned.plugin == LocalFiles.name]
    with board.app_context():
        for check in checks:
            check.check()
    assert len(checks) == 1
