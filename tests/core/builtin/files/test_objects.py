"""Every object is known by a row, from before it can exist until nothing can bring it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from pegboard.builtin.files.models import File, StoredObject
from pegboard.builtin.files.objects import Overtaken, adopt, tidy
from pegboard.builtin.files.records import transaction
from pegboard.builtin.files.service import FileRefused, NoSuchFile, files
from pegboard.contracts.files import FILES
from pegboard.db import db, utc_now
from pegboard.errors import ProviderError
from pegboard.live import board_of
from pegboard.migrations import differences, downgrade, upgrade
from tests.core.builtin.files.boards import PNG, MakeBoard, known_objects, moody, objects, states


def _sent(app: Flask, content: bytes = PNG) -> File:
    """A pending upload whose bytes have arrived; inside an application context."""
    file, _ = files.begin_upload("chart.png", "image/png", len(content), "alice")
    board_of(app).provider(FILES, file.provider).put(str(file.upload_key), BytesIO(content), content_type="image/png")
    return file


def _rows() -> list[StoredObject]:
    return list(db.session.scalars(select(StoredObject).execution_options(populate_existing=True)))


@pytest.mark.parametrize("operation", ["put", "copy"])
def test_the_row_of_an_object_is_committed_before_the_provider_is_asked_to_make_it(
    moody_board: Flask, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, found = moody(moody_board), []
    make: Callable[..., Any] = getattr(storage, operation)

    def noting(key: str, *args: Any, **kwargs: Any) -> Any:
        target = args[0] if operation == "copy" else key
        with db.engine.connect() as apart:
            found.append(apart.scalar(select(StoredObject.state).where(StoredObject.key == target)))
        return make(key, *args, **kwargs)

    with moody_board.app_context():
        sent = _sent(moody_board)
        monkeypatch.setattr(storage, operation, noting)
        files.save(BytesIO(PNG), "a.png", None, "alice")
        files.complete_upload(sent.id, "alice")
    assert found == ["open"]


def test_a_saved_file_is_one_object_that_nobody_writes_any_more(board: Flask, tmp_path: Path) -> None:
    with board.app_context():
        file = files.save(BytesIO(PNG), "a.png", None, "alice")
        (row,) = _rows()
    assert (row.key, row.state, row.open_until, row.size) == (file.key, "kept", None, len(PNG))
    assert known_objects(board) == dict.fromkeys(objects(tmp_path), "kept")


def test_deleting_a_saved_file_leaves_no_row(board: Flask) -> None:
    with board.app_context():
        files.delete(files.save(BytesIO(PNG), "a.png", None, "alice").id, "alice")
    assert known_objects(board) == {}


@pytest.mark.parametrize("finish", ["complete", "refuse", "delete"])
def test_what_a_signature_can_bring_back_stays_known(board: Flask, tmp_path: Path, finish: str) -> None:
    with board.app_context():
        file = _sent(board, PNG if finish != "refuse" else PNG[:-1])
        if finish == "refuse":
            board_of(board).provider(FILES, "local").put(str(file.upload_key), BytesIO(b"shorter"))
            with pytest.raises(FileRefused):
                files.complete_upload(file.id, "alice")
        else:
            (files.delete if finish == "delete" else files.complete_upload)(file.id, "alice")
        kept = set(objects(tmp_path))
        board_of(board).provider(FILES, "local").put(str(file.upload_key), BytesIO(PNG))
        (signed,) = [row for row in _rows() if row.key == file.upload_key]
    assert (signed.state, signed.file_id) == ("unwanted", file.id)
    assert signed.open_until is not None
    assert signed.open_until > utc_now()
    assert len(set(objects(tmp_path)) - kept) == 1
    assert set(objects(tmp_path)) <= set(known_objects(board))


def test_it_is_forgotten_once_the_signature_has_long_expired(board: Flask, tmp_path: Path) -> None:
    with board.app_context():
        file = _sent(board)
        files.delete(file.id, "alice")
        for hours, left in ((1, 1), (25, 0)):
            board_of(board).provider(FILES, "local").put(str(file.upload_key), BytesIO(PNG))
            _expire(file, hours)
            tidy()
            assert objects(tmp_path) == []
            assert len(known_objects(board)) == left


def _expire(file: File, hours: int) -> None:
    with transaction():
        for row in db.session.scalars(select(StoredObject).where(StoredObject.file_id == file.id)):
            row.open_until = utc_now() - timedelta(hours=hours)


def test_a_deleted_upload_is_in_no_list_and_nobody_s(board: Flask) -> None:
    with board.app_context():
        file = _sent(board)
        files.delete(file.id, "alice")
        assert files.count("alice") == 0
        with pytest.raises(NoSuchFile):
            files.get(file.id, "alice")


@pytest.mark.parametrize("call", ["get", "url", "open", "delete", "complete_upload"])
@pytest.mark.parametrize("state", ["pending", "ready", "failed", "deleting"])
def test_somebody_elses_file_is_no_file_in_any_state(moody_board: Flask, state: str, call: str) -> None:
    with moody_board.app_context():
        file = _sent(moody_board)
        with transaction():
            db.session.get_one(File, file.id).state = state
        with pytest.raises(NoSuchFile):
            files.open(file.id, "bob").__enter__() if call == "open" else getattr(files, call)(file.id, "bob")
        assert files.list("bob") == []
        assert (files.count("bob"), files.usage("bob").used) == (0, 0)
    assert states(moody_board) == [(state, None)]


def test_an_object_that_may_still_arrive_is_known_when_the_provider_did_not_answer(moody_board: Flask) -> None:
    moody(moody_board).fails.add("put")
    with moody_board.app_context():
        with pytest.raises(ProviderError):
            files.save(BytesIO(PNG), "a.png", None, "alice")
        (row,) = _rows()
    assert row.state == "unwanted"
    assert row.open_until is not None


def test_a_stream_that_is_refused_leaves_no_object_and_no_row(make_board: MakeBoard, tmp_path: Path) -> None:
    board = make_board(max_size=10)
    with board.app_context(), pytest.raises(FileRefused):
        files.save(BytesIO(PNG), "a.png", None, "alice")
    assert known_objects(board) == {}
    assert states(board) == [("failed", "too_large")]


def test_the_copy_of_an_attempt_that_failed_goes_when_a_later_one_succeeds(moody_board: Flask, tmp_path: Path) -> None:
    storage = moody(moody_board)
    with moody_board.app_context():
        file = _sent(moody_board)
        storage.fails.add("read")
        with pytest.raises(ProviderError):
            files.complete_upload(file.id, "alice")
        assert sorted(known_objects(moody_board).values()) == ["open", "unwanted"]
        assert set(objects(tmp_path)) == set(known_objects(moody_board))
        storage.fails.clear()
        files.complete_upload(file.id, "alice")
    assert len(objects(tmp_path)) == 1
    assert known_objects(moody_board)[objects(tmp_path)[0]] == "kept"


def test_an_object_that_nobody_wants_is_never_adopted(board: Flask) -> None:
    with board.app_context():
        file = _sent(board)
        with transaction():
            for row in db.session.scalars(select(StoredObject)):
                row.state = "unwanted"
        with pytest.raises(Overtaken), transaction():
            adopt(file, file.key, was="pending", state="ready")
    assert states(board) == [("pending", None)]


def test_a_provider_that_cannot_sign_leaves_no_row(moody_board: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise ProviderError("no credentials", provider="moody", operation="sign_upload")

    monkeypatch.setattr(moody(moody_board), "sign_upload", refuse)
    with moody_board.app_context(), pytest.raises(ProviderError):
        files.begin_upload("a.png", "image/png", 3, "alice")
    assert states(moody_board) == []
    assert known_objects(moody_board) == {}


OLDER = """
INSERT INTO files (id, owner, provider, key, upload_key, filename, content_type, size, state, public, created_at) VALUES
('saved', 'alice', 'local', 'aa/saved', NULL, 'a', 'a/b', 1, 'ready', false, '2026-01-01'),
('sent', 'alice', 'local', 'aa/sent', 'incoming/aa/sent', 'a', 'a/b', 2, 'ready', false, '2026-01-01'),
('coming', 'alice', 'local', 'incoming/aa/coming', 'incoming/aa/coming', 'a', 'a/b', 3, 'pending', false, '2026-01-01'),
('tried', 'alice', 'local', 'aa/tried', 'incoming/aa/tried', 'a', 'a/b', 4, 'pending', false, '2026-01-01'),
('failed', 'bob', 's3', 'aa/failed', NULL, 'a', 'a/b', NULL, 'failed', false, '2026-01-01')
"""
KNOWN = [
    ("aa/failed", "s3", "failed", "bob", None, "unwanted"),
    ("aa/saved", "local", "saved", "alice", 1, "kept"),
    ("aa/sent", "local", "sent", "alice", 2, "kept"),
    ("aa/tried", "local", "tried", "alice", 4, "open"),
    ("incoming/aa/coming", "local", "coming", "alice", 3, "open"),
    ("incoming/aa/sent", "local", "sent", "alice", 2, "unwanted"),
    ("incoming/aa/tried", "local", "tried", "alice", 4, "open"),
]


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.db)])
def test_the_migration_writes_down_the_objects_there_are(
    make_board: MakeBoard, database: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("new_database")() if database == "postgresql" else None
    board = make_board(database_url=url)
    plan = board_of(board).plan
    downgrade(board, plan, plan.database_url, "files", "files_0001")
    with board.app_context():
        db.session.execute(db.text(OLDER))
        db.session.commit()
    upgrade(board, plan, plan.database_url)
    with board.app_context():
        rows = sorted(_rows(), key=lambda row: row.key)
        assert [(r.key, r.provider, r.file_id, r.owner, r.size, r.state) for r in rows] == KNOWN
        ends: list[datetime | None] = [row.open_until for row in rows if row.state == "kept"]
        assert ends == [None, None]
        assert all(row.open_until and row.open_until > utc_now() for row in rows if row.state != "kept")
    downgrade(board, plan, plan.database_url, "files", "files_0001")
    upgrade(board, plan, plan.database_url)
    assert differences(board, plan, plan.database_url, "files") == {}
    with board.app_context():
        assert db.session.scalar(select(func.count()).select_from(File)) == 5
        assert len(_rows()) == len(KNOWN)
