"""The hook `check_file`: a veto before anybody can read a file, and no answer is no."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pegboard import Plugin, hookimpl
from pegboard.builtin.files.models import File
from pegboard.builtin.files.service import FileRefused, NoSuchFile, files
from pegboard.contracts.files import FILES
from pegboard.contributions import FileToCheck
from pegboard.db import db
from pegboard.deadline import answer_within, seconds_left
from pegboard.errors import Refused
from pegboard.live import board_of
from pegboard.settings import PluginSettings
from tests.core.builtin.files.boards import PNG, MakeBoard, known_objects, objects, states, token

Check = Callable[[FileToCheck], None]


class Scanner(Plugin[PluginSettings]):
    """Checks files as each test says."""

    name = "scanner"
    requires = ("files",)

    def __init__(self, settings: PluginSettings) -> None:
        super().__init__(settings)
        self.check: Check = lambda file: None
        self.seen: list[FileToCheck] = []

    @hookimpl
    def check_file(self, file: FileToCheck) -> None:
        self.seen.append(file)
        self.check(file)


class SecondScanner(Scanner):
    """Asked after the first."""

    name = "second_scanner"
    after = ("scanner",)


@pytest.fixture
def board(make_board: MakeBoard) -> Flask:
    return make_board(more={Scanner: {}})


def scanner(app: Flask) -> Scanner:
    return board_of(app).plugin(Scanner)


def refuse(file: FileToCheck) -> None:
    raise Refused(f"{file.filename} is <b>not</b> welcome.")


def break_down(file: FileToCheck) -> None:
    raise OSError("the scanner is down")


def _sent(app: Flask, client: FlaskClient, headers: dict[str, str]) -> str:
    """A file sent straight to its provider, not looked at yet; its id."""
    asked = {"name": "a.png", "type": "image/png", "size": len(PNG)}
    begun = client.post("/files/uploads", json=asked, headers=headers).get_json()
    assert client.put(begun["upload"]["url"], data=PNG, headers=begun["upload"]["headers"]).status_code == 200
    return str(begun["id"])


def test_it_is_not_called_at_boot_and_needs_no_implementation(board: Flask, make_board: MakeBoard) -> None:
    assert scanner(board).seen == []
    assert [owned.plugin for owned in board_of(board).vetoes["check_file"]] == ["scanner"]
    assert board_of(make_board()).vetoes["check_file"] == ()


def test_it_sees_the_file_as_it_will_be_and_its_bytes_from_the_start_each_time(board: Flask) -> None:
    contents: list[bytes] = []

    def read_twice(file: FileToCheck) -> None:
        for _ in range(2):
            with file.open() as pieces:
                contents.append(b"".join(pieces))

    scanner(board).check = read_twice
    with board.app_context():
        files.save(BytesIO(PNG), "a.html", "text/html", "alice", public=True)
    (seen,) = scanner(board).seen
    assert (seen.filename, seen.content_type, seen.size) == ("a.html", "image/png", len(PNG))
    assert (seen.owner, seen.public) == ("alice", True)
    assert contents == [PNG, PNG]


def test_nobody_can_read_the_file_while_it_is_checked(board: Flask) -> None:
    def try_to_read(_: FileToCheck) -> None:
        (file,) = files.list("alice")
        assert file.state == "pending"
        with pytest.raises(NoSuchFile):
            files.url(file.id, "alice")

    scanner(board).check = try_to_read
    with board.app_context():
        files.save(BytesIO(PNG), "a.png", None, "alice")
        assert len(scanner(board).seen) == 1


def test_it_is_called_outside_transactions(board: Flask) -> None:
    found: list[bool] = []
    scanner(board).check = lambda file: found.append(db.session().in_transaction())
    client = board.test_client()
    headers = {"X-CSRFToken": token(client)}
    file_id = _sent(board, client, headers)
    assert client.post(f"/files/uploads/{file_id}/complete", headers=headers).status_code == 200
    with board.app_context():
        files.save(BytesIO(PNG), "a.png", None, "alice")
    assert found == [False, False]


def test_it_has_its_own_time_and_leaves_the_page_s_to_the_storage(board: Flask) -> None:
    left: list[float] = []
    scanner(board).check = lambda file: left.append(seconds_left(100))
    with board.app_context(), answer_within(50):
        files.save(BytesIO(PNG), "a.png", None, "alice")
    assert left == [100]


def test_a_saved_file_that_is_refused_fails_with_the_plugin_s_words(board: Flask, tmp_path: Path) -> None:
    scanner(board).check = refuse
    with board.app_context():
        with pytest.raises(FileRefused) as refused:
            files.save(BytesIO(PNG), "a.png", None, "alice")
        assert files.list("alice")[0].refusal == str(refused.value)
    assert (refused.value.problem, str(refused.value)) == ("refused", "a.png is <b>not</b> welcome.")
    assert states(board) == [("failed", "refused")]
    assert objects(tmp_path) == []
    assert known_objects(board) == {}


def test_the_person_reads_why_in_the_message_and_in_the_list(board: Flask) -> None:
    scanner(board).check = refuse
    client = board.test_client()
    data = {"csrf_token": token(client), "file": (BytesIO(PNG), "a.png")}
    page = client.post("/files/upload", data=data, follow_redirects=True).text
    assert page.count("a.png is &lt;b&gt;not&lt;/b&gt; welcome.") == 2
    assert "welcome" not in client.get("/files/", headers={"X-Test-User": "bob"}).text


def test_a_direct_upload_that_is_refused_says_why_each_time(board: Flask, tmp_path: Path) -> None:
    scanner(board).check = refuse
    client = board.test_client()
    headers = {"X-CSRFToken": token(client), "Accept": "application/json"}
    file_id = _sent(board, client, headers)
    for _ in range(2):
        answer = client.post(f"/files/uploads/{file_id}/complete", headers=headers)
        assert (answer.status_code, answer.get_json()["error"]["message"]) == (403, "a.png is <b>not</b> welcome.")
    assert len(scanner(board).seen) == 1
    assert states(board) == [("failed", "refused")]
    assert objects(tmp_path) == []


@pytest.mark.parametrize("words", ["", "x" * 5000])
def test_the_words_may_be_missing_or_many(board: Flask, words: str) -> None:
    def say(_: FileToCheck) -> None:
        raise Refused(words)

    scanner(board).check = say
    with board.app_context(), pytest.raises(FileRefused) as refused:
        files.save(BytesIO(PNG), "a.png", None, "alice")
    assert str(refused.value) == (words[:500] or "This file was refused.")
    assert board.test_client().get("/files/").status_code == 200


def test_a_scanner_that_breaks_down_lets_nothing_in_and_the_log_names_it(
    board: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scanner(board).check = break_down
    client = board.test_client()
    data = {"csrf_token": token(client), "file": (BytesIO(PNG), "a.png")}
    answer = client.post("/files/upload", data=data, headers={"Accept": "application/json"})
    assert answer.status_code == 503
    assert "could not be checked" in answer.get_json()["error"]["message"]
    assert states(board) == [("failed", "unchecked")]
    assert objects(tmp_path) == []
    assert "plugin scanner could not check" in caplog.text
    assert "the scanner is down" in caplog.text


def test_a_direct_upload_that_was_not_checked_can_be_completed_later(board: Flask, tmp_path: Path) -> None:
    client = board.test_client()
    headers = {"X-CSRFToken": token(client)}
    file_id = _sent(board, client, headers)
    scanner(board).check = break_down
    assert client.post(f"/files/uploads/{file_id}/complete", headers=headers).status_code == 503
    assert states(board) == [("pending", None)]
    assert set(objects(tmp_path)) == set(known_objects(board))
    assert len(objects(tmp_path)) == 1
    scanner(board).check = lambda file: None
    assert client.post(f"/files/uploads/{file_id}/complete", headers=headers).status_code == 200


def test_a_scanner_that_leaves_something_unsaved_has_not_checked(board: Flask) -> None:
    def write(_: FileToCheck) -> None:
        db.session.add(File(id="x", owner="eve", provider="local", key="x", filename="x", content_type="a/b"))

    scanner(board).check = write
    with board.app_context(), pytest.raises(FileRefused) as refused:
        files.save(BytesIO(PNG), "a.png", None, "alice")
    assert refused.value.problem == "unchecked"
    assert states(board) == [("failed", "unchecked")]


def test_every_scanner_is_asked_in_boot_order_until_one_refuses(make_board: MakeBoard) -> None:
    app = make_board(more={SecondScanner: {}, Scanner: {}})
    first = next(e.instance for e in board_of(app).plan.active if e.name == "scanner")
    second: Any = next(e.instance for e in board_of(app).plan.active if e.name == "second_scanner")
    assert isinstance(first, Scanner)
    with app.app_context():
        files.save(BytesIO(PNG), "a.png", None, "alice")
        first.check = refuse
        with pytest.raises(FileRefused):
            files.save(BytesIO(PNG), "a.png", None, "alice")
    assert (len(first.seen), len(second.seen)) == (2, 1)


def test_a_file_that_was_deleted_while_it_was_checked_stays_deleted(board: Flask, tmp_path: Path) -> None:
    def delete(_: FileToCheck) -> None:
        files.delete(files.list("alice")[0].id, "alice")

    scanner(board).check = delete
    with board.app_context():
        file, _ = files.begin_upload("a.png", "image/png", len(PNG), "alice")
        board_of(board).provider(FILES, "local").put(str(file.upload_key), BytesIO(PNG), content_type="image/png")
        with pytest.raises(NoSuchFile):
            files.complete_upload(file.id, "alice")
    assert states(board) == []
    assert objects(tmp_path) == []
