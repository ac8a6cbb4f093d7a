"""`pegboard files sweep`: removes what nobody will ask for, and nothing else, while the site runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import Result
from flask import Flask

from pegboard.builtin.files import removal, sweeping
from pegboard.builtin.files.models import File, StoredObject
from pegboard.builtin.files.objects import expect
from pegboard.builtin.files.records import transaction
from pegboard.builtin.files.service import FileRefused, files
from pegboard.contracts.files import FILES, MIN_PART
from pegboard.db import db, utc_now
from pegboard.errors import ProviderError
from pegboard.live import board_of
from tests.core.builtin.files.boards import PNG, MakeBoard, known_objects, moody, objects, states

LATER = timedelta(hours=25)


def swept(app: Flask, *arguments: str, after: timedelta = timedelta(0)) -> Result:
    """What `pegboard files sweep` answers, so much later."""
    with time_machine.travel(utc_now() + after):
        result = app.test_cli_runner().invoke(args=["files", "sweep", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def _send(app: Flask, file: File) -> None:
    storage = board_of(app).provider(FILES, file.provider)
    storage.put(str(file.upload_key), BytesIO(PNG), content_type="image/png")


def _begun(app: Flask, *, sent: bool = True) -> File:
    file, _ = files.begin_upload("a.png", "image/png", len(PNG), "alice")
    if sent:
        _send(app, file)
    return file


def test_where_all_is_well_there_is_nothing_to_remove(board: Flask, tmp_path: Path) -> None:
    with board.app_context():
        files.save(BytesIO(PNG), "a.png", None, "alice")
    result = swept(board, after=timedelta(days=1000))
    assert (result.exit_code, result.output) == (0, "There is nothing to remove.\n")
    assert states(board) == [("ready", None)]
    assert len(objects(tmp_path)) == 1


def test_an_upload_that_never_finished_goes_with_its_object(board: Flask, tmp_path: Path) -> None:
    with board.app_context():
        _begun(board)
        _begun(board, sent=False)
    assert "nothing to remove" in swept(board, after=timedelta(hours=23)).output
    result = swept(board, after=timedelta(hours=24, minutes=1))
    assert result.output == (
        "Removed 2 uploads older than 24 h that never finished (2 objects, up to 19.5 KiB).\n"
        "2 objects must wait: links to them, or uploads, may still be in use.\n"
    )
    assert states(board) == []
    assert objects(tmp_path) == []
    swept(board, after=LATER)
    assert known_objects(board) == {}


def test_an_upload_that_may_still_be_sent_stays_however_old_it_is(make_board: MakeBoard) -> None:
    board = make_board(upload_seconds=86_400)
    with board.app_context():
        _begun(board)
    for arguments in (["--dry-run"], []):
        result = swept(board, "--older-than", "1", *arguments, after=timedelta(hours=23))
        assert result.output == "There is nothing to remove.\n"
    assert states(board) == [("pending", None)]
    swept(board, "--older-than", "1", after=LATER)
    assert states(board) == []


def test_an_upload_in_parts_stays_as_long_as_somebody_goes_on_with_it(make_board: MakeBoard) -> None:
    board = make_board(parts_above=MIN_PART, part_size=MIN_PART)
    with board.app_context():
        file, _ = files.begin_upload("a.bin", None, 3 * MIN_PART, "alice")
    with time_machine.travel(utc_now() + timedelta(hours=30)), board.app_context():
        files.sign_part(file.id, "alice", 1)
    assert "nothing to remove" in swept(board, after=timedelta(hours=40)).output
    assert states(board) == [("pending", None)]
    swept(board, after=timedelta(hours=60))
    assert states(board) == []


def test_older_than_says_how_old(board: Flask) -> None:
    with board.app_context():
        _begun(board)
    swept(board, "--older-than", "3", after=timedelta(hours=2))
    assert states(board) == [("pending", None)]
    assert "older than 3 h" in swept(board, "--older-than", "3", after=timedelta(hours=4)).output
    assert board.test_cli_runner().invoke(args=["files", "sweep", "--older-than", "0"]).exit_code == 2


def test_a_deletion_that_was_not_done_is_done(moody_board: Flask, tmp_path: Path) -> None:
    storage = moody(moody_board)
    with moody_board.app_context():
        file = files.save(BytesIO(PNG), "a.png", None, "alice")
        storage.fails.add("delete")
        with pytest.raises(ProviderError):
            files.delete(file.id, "alice")
    storage.fails.clear()
    result = swept(moody_board)
    assert result.output == "Removed 1 deleted file that was not gone yet (1 object, up to 9.8 KiB).\n"
    assert states(moody_board) == []
    assert objects(tmp_path) == []
    assert known_objects(moody_board) == {}


def test_failed_files_are_listed_for_a_week(make_board: MakeBoard) -> None:
    board = make_board(max_size=10)
    with board.app_context(), pytest.raises(FileRefused):
        files.save(BytesIO(PNG), "a.png", None, "alice")
    swept(board, after=timedelta(days=6))
    assert states(board) == [("failed", "too_large")]
    result = swept(board, after=timedelta(days=8))
    assert result.output == "Removed 1 failed upload older than 7 days (0 objects, up to 0 bytes).\n"
    assert states(board) == []


def test_what_was_sent_again_after_the_deletion_goes_once_the_signature_has_expired(
    board: Flask, tmp_path: Path
) -> None:
    with board.app_context():
        file = _begun(board)
        files.delete(file.id, "alice")
        _send(board, file)
    swept(board)
    assert len(objects(tmp_path)) == 1
    swept(board, after=timedelta(hours=1))
    assert objects(tmp_path) == []
    with board.app_context():
        _send(board, file)  # it was begun before the signature expired, and took long
    result = swept(board, after=LATER)
    assert result.output == "Removed 1 object, up to 9.8 KiB that nothing needs any more.\n"
    assert objects(tmp_path) == []
    assert known_objects(board) == {}


def test_what_a_killed_request_has_begun_to_write_goes_after_a_day(board: Flask, tmp_path: Path) -> None:
    with board.app_context():
        file = files.save(BytesIO(PNG), "a.png", None, "alice")
        with transaction():
            expect(file, "aa/killed")
        board_of(board).provider(FILES, "local").put("aa/killed", BytesIO(PNG))
    swept(board, after=timedelta(hours=23))
    assert len(objects(tmp_path)) == 2
    swept(board, after=LATER)
    assert len(objects(tmp_path)) == 1
    assert list(known_objects(board).values()) == ["kept"]
    with board.app_context(), files.open(file.id, "alice") as pieces:
        assert b"".join(pieces) == PNG


def test_an_object_that_links_may_lead_to_stays_until_they_have_expired(board: Flask, tmp_path: Path) -> None:
    with board.app_context():
        file = files.save(BytesIO(PNG), "a.png", None, "alice")
        with transaction():
            expect(file, "aa/moved")
        board_of(board).provider(FILES, "local").put("aa/moved", BytesIO(PNG))
        with transaction():
            moved = db.session.get_one(StoredObject, "aa/moved")
            moved.state, moved.open_until, moved.keep_until = "unwanted", None, utc_now() + timedelta(minutes=5)
    for arguments in (("--dry-run",), ()):
        output = swept(board, *arguments, after=timedelta(minutes=4)).output
        assert output.startswith("There is nothing to remove.\n1 object must wait")
    assert len(objects(tmp_path)) == 2
    swept(board, after=timedelta(minutes=6))
    assert len(objects(tmp_path)) == 1


def test_a_dry_run_says_the_same_and_changes_nothing(moody_board: Flask, tmp_path: Path) -> None:
    storage = moody(moody_board)
    with moody_board.app_context():
        _begun(moody_board)
        kept = files.save(BytesIO(PNG), "b.png", None, "alice")
        storage.fails.add("delete")
        with pytest.raises(ProviderError):
            files.delete(kept.id, "alice")
        storage.fails.clear()
        other = files.save(BytesIO(PNG), "c.png", None, "alice")
        with transaction():
            expect(kept, "aa/killed")
            expect(other, "aa/killed-too")
    calls, before = len(storage.in_transaction), (states(moody_board), known_objects(moody_board))
    after = timedelta(days=3)
    dry = swept(moody_board, "--dry-run", after=after)
    assert len(storage.in_transaction) == calls
    assert (states(moody_board), known_objects(moody_board)) == before
    assert dry.output.count("Would remove") == 3
    wet = swept(moody_board, after=after)
    assert wet.output == dry.output.replace("Would remove", "Removed")
    assert len(objects(tmp_path)) == 1


def test_json_says_it_by_kind(board: Flask) -> None:
    with board.app_context():
        _begun(board)
    dry = json.loads(swept(board, "--dry-run", "--json", after=timedelta(days=3)).stdout)
    wet = json.loads(swept(board, "--json", after=timedelta(days=3)).stdout)
    nothing = {"files": 0, "objects": 0, "bytes": 0}
    pending = {"files": 1, "objects": 1, "bytes": len(PNG)}
    removed = {"deleting": nothing, "pending": pending, "failed": nothing, "left": nothing}
    assert dry == {"dry_run": True, "removed": removed, "kept": [], "waiting": 0}
    assert wet == {"dry_run": False, "removed": removed, "kept": [], "waiting": 0}


def test_what_the_provider_keeps_is_reported_and_stays_for_the_next_time(moody_board: Flask, tmp_path: Path) -> None:
    storage = moody(moody_board)
    with moody_board.app_context():
        _begun(moody_board)
    storage.fails.add("delete")
    for kind in ("pending", "deleting"):
        result = swept(moody_board, after=timedelta(days=3))
        assert result.exit_code == 1, kind
        assert "moody did not delete 1 object: moody delete: there is no answer" in result.stderr
        assert "pegboard files doctor" in result.stderr
        assert states(moody_board) == [("deleting", None)]
    assert json.loads(swept(moody_board, "--json", after=timedelta(days=3)).stdout)["kept"] == [
        {"provider": "moody", "objects": 1, "reason": "moody delete: there is no answer"}
    ]
    storage.fails.clear()
    assert swept(moody_board, after=timedelta(days=3)).exit_code == 0
    assert states(moody_board) == []
    assert objects(tmp_path) == []


@pytest.mark.parametrize("what", ["files", "objects"])
def test_a_provider_that_does_not_answer_is_asked_five_times_and_others_still(
    make_board: MakeBoard, tmp_path: Path, what: str
) -> None:
    with make_board("local").app_context():
        board = make_board("local")
    with board.app_context():
        _begun(board)
    board = make_board("moody")
    storage = moody(board)
    with board.app_context():
        for _ in range(12):
            file = _begun(board, sent=False)
            if what == "objects":
                files.delete(file.id, "alice")
    storage.fails.add("delete")
    calls = len(storage.in_transaction)
    result = swept(board, after=timedelta(days=3))
    assert len(storage.in_transaction) - calls == 5
    assert "moody did not delete 12 objects" in result.stderr
    assert "Removed 1 upload" in result.output
    assert objects(tmp_path) == []


def test_a_provider_that_is_not_enabled_any_more_is_named(board: Flask) -> None:
    with board.app_context():
        file = _begun(board)
        with transaction():
            db.session.get_one(File, file.id).provider = "gone"
            db.session.get_one(StoredObject, file.key).provider = "gone"
    result = swept(board, after=LATER)
    assert result.exit_code == 1
    assert "no provider 'gone' of files is enabled; enabled: local, moody" in result.stderr


Meanwhile = Callable[[Flask, File], Any]


@pytest.mark.parametrize(
    ("meanwhile", "state"),
    [
        pytest.param(lambda app, file: files.complete_upload(file.id, "alice"), "ready", id="completed"),
        pytest.param(lambda app, file: files.delete(file.id, "alice"), None, id="deleted"),
    ],
)
def test_what_happens_to_a_file_just_before_it_is_swept_counts(
    board: Flask, monkeypatch: pytest.MonkeyPatch, meanwhile: Meanwhile, state: str | None
) -> None:
    erase = removal.erase

    def late(file: File, *which: Any) -> Any:
        meanwhile(board, file)
        return erase(file, *which)

    with board.app_context():
        _begun(board)
    monkeypatch.setattr(sweeping, "erase", late)
    assert "Removed" not in swept(board, after=LATER).output
    assert [found for found, _ in states(board)] == ([state] if state else [])


def test_an_upload_that_is_completed_while_it_is_swept_leaves_nothing_behind(
    moody_board: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    storage = moody(moody_board)
    copy = storage.copy

    def swept_meanwhile(source: str, target: str) -> object:
        stat = copy(source, target)
        swept(moody_board, after=LATER)
        return stat

    with moody_board.app_context():
        file = _begun(moody_board)
        monkeypatch.setattr(storage, "copy", swept_meanwhile)
        with pytest.raises(Exception, match="404"):
            files.complete_upload(file.id, "alice")
    assert states(moody_board) == []
    assert objects(tmp_path) == []


def test_a_sweep_makes_no_call_inside_a_transaction(moody_board: Flask) -> None:
    with moody_board.app_context():
        _begun(moody_board)
    moody(moody_board).in_transaction.clear()
    swept(moody_board, after=LATER)
    assert moody(moody_board).in_transaction == [False]
