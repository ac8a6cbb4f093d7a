"""What one owner may store: bytes in all and uploads at once, also under twenty threads, on both databases."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from threading import Barrier

import pytest
from flask import Flask

from pegboard.builtin.files.models import StoredObject
from pegboard.builtin.files.records import transaction
from pegboard.builtin.files.service import FileRefused, Usage, files
from pegboard.contracts.files import FILES
from pegboard.db import db, utc_now
from pegboard.live import board_of
from tests.core.builtin.files.boards import PNG, MakeBoard, known_objects, moody, objects, states, token

ROOM = 3 * len(PNG)
PRECISE = (
    "You use 29.3 KiB of 29.3 KiB, and this file does not fit. Delete files you no longer need, then upload it again."
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.db)])
def any_board(request: pytest.FixtureRequest, make_board: MakeBoard) -> MakeBoard:
    """Boards on each of the databases."""
    url = request.getfixturevalue("new_database")() if request.param == "postgresql" else None
    return lambda **settings: make_board(database_url=url, **settings)


def _all_at_once(app: Flask, count: int, call: Callable[[], object]) -> list[str]:
    """The outcome of each of so many threads that begin together: `done`, or the problem."""
    barrier = Barrier(count)

    def run(_: int) -> str:
        with app.app_context():
            barrier.wait()
            try:
                call()
            except FileRefused as refused:
                return refused.problem
            return "done"

    with ThreadPoolExecutor(count) as threads:
        return sorted(threads.map(run, range(count)))


def test_twenty_threads_announce_no_more_than_fits(any_board: MakeBoard) -> None:
    app = any_board(quota=5 * 1000)
    found = _all_at_once(app, 20, lambda: files.begin_upload("a.txt", "text/plain", 1000, "alice"))
    assert found == ["done"] * 5 + ["quota"] * 15
    with app.app_context():
        assert files.usage("alice") == Usage(5000, 5000)
        assert files.begin_upload("a.txt", "text/plain", 1000, "bob")


def test_twenty_threads_have_no_more_on_their_way_than_they_may(any_board: MakeBoard) -> None:
    app = any_board(max_pending=7)
    found = _all_at_once(app, 20, lambda: files.begin_upload("a.txt", "text/plain", 1, "alice"))
    assert found == ["done"] * 7 + ["pending"] * 13


def test_twenty_streams_of_unknown_size_leave_no_more_than_fits(any_board: MakeBoard, tmp_path: Path) -> None:
    app = any_board(quota=ROOM)
    found = _all_at_once(app, 20, lambda: files.save(BytesIO(PNG), "a.png", None, "alice"))
    assert found.count("done") == 3
    assert set(found) == {"done", "quota"}
    with app.app_context():
        assert files.usage("alice").used == ROOM
    assert len(objects(tmp_path)) == 3
    assert set(known_objects(app)) == set(objects(tmp_path))


def test_a_stream_of_unknown_size_stops_at_what_is_left(make_board: MakeBoard, tmp_path: Path) -> None:
    class Endless:
        sent = 0

        def read(self, size: int, /) -> bytes:
            self.sent += size
            assert self.sent < 1_000_000, "it reads on"
            return b"x" * size

    app = make_board(quota=ROOM)
    with app.app_context():
        files.save(BytesIO(PNG), "a.png", None, "alice")
        with pytest.raises(FileRefused) as refused:
            files.save(Endless(), "b.txt", None, "alice")
    assert refused.value.problem == "quota"
    assert states(app) == [("ready", None), ("failed", "quota")]
    assert len(objects(tmp_path)) == 1


def test_a_file_that_fits_when_it_begins_and_not_when_it_ends_is_refused(moody_board: Flask, tmp_path: Path) -> None:
    app, storage = moody_board, moody(moody_board)
    object.__setattr__(_settings(app), "quota", ROOM)
    put = storage.put

    def slowly(*args: object, **kwargs: object) -> object:
        storage.put = put  # type: ignore[method-assign]
        for _ in range(3):
            files.save(BytesIO(PNG), "quick.png", None, "alice")
        return put(*args, **kwargs)  # type: ignore[arg-type]

    storage.put = slowly  # type: ignore[method-assign,assignment]
    with app.app_context(), pytest.raises(FileRefused) as refused:
        files.save(BytesIO(PNG), "slow.png", None, "alice")
    assert str(refused.value) == PRECISE
    assert states(app) == [("failed", "quota")] + [("ready", None)] * 3
    assert set(objects(tmp_path)) == set(known_objects(app))
    assert len(objects(tmp_path)) == 3


def test_a_direct_upload_is_refused_where_the_quota_has_shrunk_meanwhile(board: Flask, tmp_path: Path) -> None:
    with board.app_context():
        file, _ = files.begin_upload("a.png", "image/png", len(PNG), "alice")
        board_of(board).provider(FILES, "local").put(str(file.upload_key), BytesIO(PNG), content_type="image/png")
        object.__setattr__(_settings(board), "quota", 10)
        with pytest.raises(FileRefused) as refused:
            files.complete_upload(file.id, "alice")
    assert refused.value.problem == "quota"
    assert states(board) == [("failed", "quota")]
    assert objects(tmp_path) == []


def _settings(app: Flask) -> object:
    from pegboard.builtin.files.plugin import Files

    return board_of(app).plugin(Files).settings


def test_what_is_deleted_or_failed_makes_room_again(make_board: MakeBoard) -> None:
    app = make_board(quota=len(PNG))
    with app.app_context():
        for _ in range(3):
            file = files.save(BytesIO(PNG), "a.png", None, "alice")
            with pytest.raises(FileRefused):
                files.save(BytesIO(b"x"), "b.txt", None, "alice")
            files.delete(file.id, "alice")
        assert files.usage("alice") == Usage(0, len(PNG))


def test_what_the_provider_did_not_delete_takes_up_room(make_board: MakeBoard) -> None:
    app = make_board("moody", quota=len(PNG))
    storage = moody(app)
    with app.app_context():
        file = files.save(BytesIO(PNG), "a.png", None, "alice")
        storage.fails.add("delete")
        with pytest.raises(Exception, match="there is no answer"):
            files.delete(file.id, "alice")
        assert files.usage("alice").left == 0
        with pytest.raises(FileRefused):
            files.begin_upload("b.txt", None, 1, "alice")


def test_uploads_that_were_cancelled_count_until_they_cannot_arrive_any_more(make_board: MakeBoard) -> None:
    app = make_board(max_pending=3)
    with app.app_context():
        made = [files.begin_upload("a.txt", None, 1, "alice")[0] for _ in range(3)]
        for file in made:
            files.delete(file.id, "alice")
        with pytest.raises(FileRefused) as refused:
            files.begin_upload("a.txt", None, 1, "alice")
        assert refused.value.problem == "pending"
        with transaction():
            for row in db.session.scalars(db.select(StoredObject)):
                row.open_until = utc_now()
        assert files.begin_upload("a.txt", None, 1, "alice")


def test_uploads_that_arrived_do_not_count_as_on_their_way(make_board: MakeBoard) -> None:
    app = make_board(max_pending=1)
    with app.app_context():
        for _ in range(3):
            file, _ = files.begin_upload("a.png", "image/png", len(PNG), "alice")
            board_of(app).provider(FILES, "local").put(str(file.upload_key), BytesIO(PNG), content_type="image/png")
            files.complete_upload(file.id, "alice")


def test_without_a_quota_there_is_always_room(board: Flask) -> None:
    with board.app_context():
        files.save(BytesIO(PNG), "a.png", None, "alice")
        assert files.usage("alice") == Usage(len(PNG), 0)
        assert files.usage("alice").left is None
        assert files.usage("bob").used == 0


@pytest.fixture
def full_board(make_board: MakeBoard) -> Flask:
    app = make_board(quota=ROOM, max_pending=2)
    with app.app_context():
        for _ in range(3):
            files.save(BytesIO(PNG), "a.png", None, "alice")
    return app


def test_the_script_is_told_how_much_is_used_and_what_to_do(full_board: Flask) -> None:
    client = full_board.test_client()
    headers = {"X-CSRFToken": token(client)}
    answer = client.post("/files/uploads", json={"name": "a", "type": "", "size": 1}, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]["message"]) == (413, PRECISE)


def test_the_form_says_it_too_and_a_client_of_the_form_gets_413(full_board: Flask) -> None:
    client = full_board.test_client()

    def sent() -> dict[str, object]:
        return {"csrf_token": token(client), "file": (BytesIO(PNG), "chart.png")}

    page = client.post("/files/upload", data=sent(), follow_redirects=True).text
    assert f"chart.png: {PRECISE}" in page
    answer = client.post("/files/upload", data=sent(), headers={"Accept": "application/json"})
    assert answer.status_code == 413
    assert states(full_board) == [("ready", None)] * 3


def test_too_many_on_their_way_is_429_with_words(make_board: MakeBoard) -> None:
    client = make_board(max_pending=1).test_client()
    headers = {"X-CSRFToken": token(client)}
    first, second = (
        client.post("/files/uploads", json={"name": "a", "type": "", "size": 1}, headers=headers) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (201, 429)
    assert "Too many of your uploads have not finished." in second.get_json()["error"]["message"]


def test_the_page_shows_what_is_used_in_words_and_as_a_meter(full_board: Flask) -> None:
    page = full_board.test_client().get("/files/").text
    assert "29.3 KiB of 29.3 KiB used." in page
    meter = re.search(r"<meter ([^>]*)>", page)
    assert meter
    assert f'max="{ROOM}"' in meter[1]
    assert f'value="{ROOM}"' in meter[1]
    assert 'aria-labelledby="quota-text"' in meter[1]
    theirs = full_board.test_client().get("/files/", headers={"X-Test-User": "bob"}).text
    assert "0 bytes of 29.3 KiB used." in theirs
    everyone = full_board.test_client().get("/files/all", headers={"X-Test-User": "mona"}).text
    assert "<meter" not in everyone


def test_a_page_without_a_quota_has_no_meter(board: Flask) -> None:
    assert "<meter" not in board.test_client().get("/files/").text
