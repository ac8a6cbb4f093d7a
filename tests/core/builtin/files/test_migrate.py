"""`pegboard files migrate`: every file arrives or stays, and is readable at every moment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from pegboard.builtin.files.models import StoredObject
from pegboard.builtin.files.records import ANYONE
from pegboard.builtin.files.service import files
from pegboard.contracts.files import FILES
from pegboard.db import db, utc_now
from pegboard.errors import ProviderError
from pegboard.live import board_of
from tests.core.builtin.files.boards import PNG, MakeBoard, Moody, known_objects, moody, objects, states

TO_MOODY = ("--from", "local", "--to", "moody")


def migrated(app: Flask, *arguments: str, after: timedelta = timedelta(0), typed: str = "", yes: bool = True) -> Result:
    """What `pegboard files migrate` answers, so much later; run as a deployment without a file of its own."""
    words = [*arguments, "--yes"] if yes else [*arguments]
    with time_machine.travel(utc_now() + after):
        result = app.test_cli_runner().invoke(args=["files", "migrate", *words], input=typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pegboard.toml` is written into the current folder where the board was given its settings by code."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def board(make_board: MakeBoard, tmp_path: Path) -> Flask:
    """Three files at the local storage, one of them public; `moody` is the other one."""
    app = make_board("local")
    board_of(app).plan.sources.folder.joinpath("pegboard.toml").write_text("# ours\n[pegboard]\n", encoding="utf-8")
    with app.app_context():
        for number in range(3):
            files.save(BytesIO(PNG + bytes([number])), f"{number}.png", None, "alice", public=number == 2)
    return app


def contents(app: Flask) -> dict[str, bytes]:
    """What each file holds, by name."""
    found = {}
    with app.app_context():
        for file in files.list(ANYONE):
            with files.open(file.id, ANYONE) as pieces:
                found[file.filename] = b"".join(pieces)
    return found


EXPECTED = {f"{number}.png": PNG + bytes([number]) for number in range(3)}


def at(app: Flask) -> list[str]:
    """The provider of each file, by name."""
    with app.app_context():
        return [file.provider for file in sorted(files.list(ANYONE), key=lambda file: file.filename)]


def test_every_file_arrives_and_reads_follow_its_row(board: Flask, tmp_path: Path) -> None:
    result = migrated(board, *TO_MOODY)
    assert result.exit_code == 0, result.output
    assert "Moved 3 files (29.3 KiB) from local to moody." in result.output
    assert at(board) == ["moody"] * 3
    assert contents(board) == EXPECTED
    with board.app_context():
        for file in files.list(ANYONE):
            stat = moody(board).stat(file.key)
            assert (stat.size, stat.content_type) == (len(PNG) + 1, "image/png")
            assert file.key.startswith("public/") is file.public
            assert files.url(file.id, "alice").startswith("http://storage.test/")


def test_metadata_go_along(board: Flask) -> None:
    with board.app_context():
        file = files.list(ANYONE)[0]
        local = board_of(board).provider(FILES, "local")
        local.put(file.key, BytesIO(EXPECTED[file.filename]), content_type="image/png", metadata={"made-by": "us"})
    migrated(board, *TO_MOODY)
    with board.app_context():
        assert moody(board).stat(files.get(file.id, "alice").key).metadata == {"made-by": "us"}


def test_the_originals_stay_while_links_may_lead_to_them_and_the_next_run_removes_them(
    board: Flask, tmp_path: Path
) -> None:
    result = migrated(board, *TO_MOODY)
    assert "3 originals at local must stay until " in result.output
    assert "Restart the board, then run this once more" in result.output
    assert len(objects(tmp_path)) == 6
    assert sorted(known_objects(board).values()) == ["kept"] * 3 + ["unwanted"] * 3
    early = migrated(board, *TO_MOODY, after=timedelta(seconds=299))
    assert "3 originals at local must stay" in early.output
    late = migrated(board, *TO_MOODY, after=timedelta(minutes=7))
    assert "Removed 3 originals at local.\n" in late.output
    assert "Nothing of files is left at local." in late.output
    assert len(objects(tmp_path)) == 3
    assert list(known_objects(board).values()) == ["kept"] * 3
    assert contents(board) == EXPECTED


def test_a_sweep_removes_the_originals_as_well(board: Flask, tmp_path: Path) -> None:
    migrated(board, *TO_MOODY)
    with time_machine.travel(utc_now() + timedelta(minutes=7)):
        board.test_cli_runner().invoke(args=["files", "sweep"])
    assert len(objects(tmp_path)) == 3


def test_a_link_that_was_given_out_before_still_works_after(board: Flask) -> None:
    client = board.test_client()
    with board.app_context():
        file = next(file for file in files.list("alice") if file.filename == "0.png")
    link = client.get(f"/files/{file.id}").location
    migrated(board, *TO_MOODY)
    assert client.get(link).data == EXPECTED["0.png"]
    assert client.get(f"/files/{file.id}").location.startswith("http://storage.test/")


def test_a_file_that_is_deleted_after_it_was_moved_goes_from_both(board: Flask, tmp_path: Path) -> None:
    migrated(board, *TO_MOODY)
    with board.app_context():
        for file in files.list("alice"):
            files.delete(file.id, "alice")
    assert objects(tmp_path) == []


def test_the_setting_is_written_and_comments_stay(board: Flask) -> None:
    result = migrated(board, *TO_MOODY)
    file = board_of(board).plan.sources.folder / "pegboard.toml"
    assert 'Files = "moody" is written into pegboard.toml.' in result.output
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# ours\n[pegboard]\n")
    assert '[pegboard.providers]\nfiles = "moody"' in text


def test_moving_back_says_that_the_setting_is_there_already(board: Flask) -> None:
    migrated(board, *TO_MOODY)
    result = migrated(board, "--from", "moody", "--to", "local")
    assert 'Files = "local" is set already.' in result.output
    assert at(board) == ["local"] * 3
    assert contents(board) == EXPECTED


def test_a_dry_run_moves_nothing_and_writes_nothing(board: Flask, tmp_path: Path) -> None:
    result = migrated(board, *TO_MOODY, "--dry-run", yes=False)
    assert result.output == (
        'Would move 3 files (29.3 KiB) from local to moody, and write files = "moody" into pegboard.toml.\n'
    )
    assert at(board) == ["local"] * 3
    assert len(objects(tmp_path)) == 3
    assert "providers" not in (board_of(board).plan.sources.folder / "pegboard.toml").read_text(encoding="utf-8")
    assert json.loads(migrated(board, *TO_MOODY, "--dry-run", "--json", yes=False).stdout) == {
        "from": "local", "to": "moody", "dry_run": True, "files": 3, "bytes": 3 * len(PNG) + 3,
    }  # fmt: skip


def test_it_asks_first_and_no_is_no(board: Flask) -> None:
    result = migrated(board, *TO_MOODY, typed="n\n", yes=False)
    assert "Move 3 files (29.3 KiB) from local to moody?" in result.output
    assert result.exit_code == 1
    assert at(board) == ["local"] * 3
    assert migrated(board, *TO_MOODY, typed="y\n", yes=False).exit_code == 0
    assert at(board) == ["moody"] * 3


def test_json_says_everything(board: Flask) -> None:
    report = json.loads(migrated(board, *TO_MOODY, "--json").stdout)
    until = report["originals"].pop("until")
    assert until.endswith("+00:00")
    assert report == {
        "from": "local",
        "to": "moody",
        "dry_run": False,
        "files": 3,
        "bytes": 3 * len(PNG) + 3,
        "failed": [],
        "given_up": False,
        "originals": {"removed": 0, "waiting": 3, "stuck": None},
        "under_way": 0,
        "setting": 'files = "moody" is written into pegboard.toml',
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from", "local", "--to", "s3"), "no enabled plugin provides 's3' of files; one of: local, moody"),
        (("--from", "locl", "--to", "moody"), "did you mean 'local'?"),
        (("--from", "local", "--to", "local"), "the files are there already; other providers: moody"),
    ],
)
def test_a_wrong_name_is_an_error_that_names_the_choices(board: Flask, arguments: tuple[str, ...], words: str) -> None:
    result = migrated(board, *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.replace("│", " ").split())
    assert at(board) == ["local"] * 3


def test_a_variable_that_hides_the_file_is_named(make_board: MakeBoard, board: Flask) -> None:
    from dataclasses import replace

    from pegboard.sources import Variables

    plan = board_of(board).plan
    hiding = Variables("the environment", {"PEGBOARD_PROVIDERS": '{"files": "local"}'})
    plan.sources = replace(plan.sources, variables=(hiding,))
    result = migrated(board, *TO_MOODY)
    assert result.exit_code == 0
    assert (
        'PEGBOARD_PROVIDERS is set in the environment and hides the file: set files = "moody" there.' in result.output
    )
    assert "providers" not in (plan.sources.folder / "pegboard.toml").read_text(encoding="utf-8")


def _object_of(app: Flask, name: str) -> str:
    with app.app_context():
        return next(file.key for file in files.list(ANYONE) if file.filename == name)


def test_an_object_that_is_missing_at_the_source_is_reported_and_the_others_go_on(board: Flask) -> None:
    key = _object_of(board, "1.png")
    with board.app_context():
        board_of(board).provider(FILES, "local").delete(key)
    result = migrated(board, *TO_MOODY)
    assert result.exit_code == 1
    assert at(board) == ["moody", "local", "moody"]
    assert "1.png (" in result.stderr
    assert "stays at local: local has no object of it" in result.stderr
    assert f"restore the object {key} at local from a backup and run this again, or delete the file" in result.stderr
    assert "Files =" not in result.output
    assert "providers" not in (board_of(board).plan.sources.folder / "pegboard.toml").read_text(encoding="utf-8")
    failed = json.loads(migrated(board, *TO_MOODY, "--json").stdout)["failed"]
    assert [(one["name"], one["problem"]) for one in failed] == [("1.png", "local has no object of it")]


def test_an_object_of_another_size_at_the_source_stays_there(board: Flask) -> None:
    with board.app_context():
        board_of(board).provider(FILES, "local").put(_object_of(board, "1.png"), BytesIO(b"cut"))
    result = migrated(board, *TO_MOODY)
    assert "local has 3 bytes of it instead of 10009" in result.stderr
    assert at(board) == ["moody", "local", "moody"]


def test_what_arrives_with_another_digest_is_removed_and_the_file_stays(
    board: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    storage, put = moody(board), Moody.put

    def corrupt(key: str, stream: Any, **options: Any) -> Any:
        content = b"".join(iter(lambda: stream.read(4096), b""))
        changed = content[:-1] + b"!" if content.endswith(b"\x01") else content
        return put(storage, key, BytesIO(changed), **options)

    monkeypatch.setattr(storage, "put", corrupt)
    result = migrated(board, *TO_MOODY)
    assert result.exit_code == 1
    assert "what arrived at moody is not what local gave" in result.stderr
    assert at(board) == ["moody", "local", "moody"]
    assert contents(board) == EXPECTED
    assert len(objects(tmp_path / "moody")) == 2
    assert set(known_objects(board)) == set(objects(tmp_path))
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert migrated(board, *TO_MOODY).exit_code == 0
    assert at(board) == ["moody"] * 3


@pytest.mark.parametrize("operation", ["put", "read"])
def test_a_provider_that_fails_half_way_leaves_the_file_where_it_is(
    board: Flask, monkeypatch: pytest.MonkeyPatch, operation: str, tmp_path: Path
) -> None:
    storage = moody(board)
    broken: Any = getattr(storage, operation)

    def failing(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(storage, operation, broken)
        if operation == "put":
            args[1].read(100)
        raise ProviderError("the line is dead", provider="moody", operation=operation)

    monkeypatch.setattr(storage, "check", lambda: None)
    monkeypatch.setattr(storage, operation, failing)
    result = migrated(board, *TO_MOODY)
    assert result.exit_code == 1
    assert f"moody {operation}: the line is dead" in result.stderr
    assert "Moved 2 files (19.5 KiB)" in result.output
    assert sorted(at(board)) == ["local", "moody", "moody"]
    assert set(objects(tmp_path)) <= set(known_objects(board))
    assert migrated(board, *TO_MOODY).exit_code == 0
    assert contents(board) == EXPECTED
    with time_machine.travel(utc_now() + timedelta(hours=25)):
        board.test_cli_runner().invoke(args=["files", "sweep"])
    assert list(known_objects(board).values()) == ["kept"] * 3
    assert len(objects(tmp_path)) == 3


def test_a_provider_that_does_not_answer_any_more_is_given_up(board: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with board.app_context():
        for _ in range(9):
            files.save(BytesIO(PNG), "more.png", None, "alice")
    storage = moody(board)
    monkeypatch.setattr(storage, "check", lambda: None)
    storage.fails.add("put")
    result = migrated(board, *TO_MOODY)
    assert result.exit_code == 1
    assert result.stderr.count("stays at local") == 5
    assert "Nothing more was tried: a provider does not answer." in result.stderr
    assert set(at(board)) == {"local"}


def test_a_provider_that_is_down_from_the_start_is_an_error_and_nothing_is_touched(
    board: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise ProviderError("the line is dead", provider="moody", operation="check")

    monkeypatch.setattr(moody(board), "check", refuse)
    result = board.test_cli_runner().invoke(args=["files", "migrate", *TO_MOODY, "--yes"])
    assert isinstance(result.exception, ProviderError)
    assert list(known_objects(board).values()) == ["kept"] * 3


def test_originals_that_the_source_does_not_delete_are_reported(board: Flask) -> None:
    migrated(board, *TO_MOODY)
    migrated(board, "--from", "moody", "--to", "local", after=timedelta(minutes=7))
    moody(board).fails.add("delete")
    result = migrated(board, "--from", "moody", "--to", "local", after=timedelta(minutes=20))
    assert result.exit_code == 1
    assert "moody did not delete all originals: moody delete: there is no answer" in result.stderr


def test_uploads_under_way_stay_and_are_counted(board: Flask) -> None:
    with board.app_context():
        file, _ = files.begin_upload("late.png", "image/png", len(PNG), "alice")
    result = migrated(board, *TO_MOODY)
    assert "1 upload to local may still finish there." in result.output
    with board.app_context():
        board_of(board).provider(FILES, "local").put(str(file.upload_key), BytesIO(PNG), content_type="image/png")
        assert files.complete_upload(file.id, "alice").provider == "local"
    assert "Moved 1 file" in migrated(board, *TO_MOODY).output


@pytest.mark.parametrize("moment", ["put", "read"])
def test_a_file_that_is_deleted_while_it_is_moved_is_deleted(
    board: Flask, monkeypatch: pytest.MonkeyPatch, moment: str, tmp_path: Path
) -> None:
    storage = moody(board)
    call: Any = getattr(storage, moment)

    def deleted_meanwhile(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(storage, moment, call)
        with board.app_context():
            for file in files.list(ANYONE):
                files.delete(file.id, ANYONE)
        return call(*args, **options)

    monkeypatch.setattr(storage, moment, deleted_meanwhile)
    result = migrated(board, *TO_MOODY)
    assert result.exit_code == 0, result.output
    assert "Moved 0 files (0 bytes)" in result.output
    assert states(board) == []
    assert objects(tmp_path) == []


def test_two_moves_at_once_move_each_file_once(board: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    storage = moody(board)
    call = storage.put

    def other_run(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(storage, "put", call)
        migrated(board, *TO_MOODY)
        return call(*args, **options)

    monkeypatch.setattr(storage, "put", other_run)
    assert migrated(board, *TO_MOODY).exit_code == 0
    assert at(board) == ["moody"] * 3
    assert contents(board) == EXPECTED
    assert len(objects(tmp_path / "moody")) == 3


def test_a_large_file_is_moved_in_small_pieces(
    make_board: MakeBoard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    board = make_board("local")
    size = 40 * 1024 * 1024
    with board.app_context():
        files.save(BytesIO(bytes(size)), "large.bin", None, "alice")
    held: list[int] = []
    storage, put, read = moody(board), Moody.put, Moody.read

    def noting_put(key: str, stream: Any, **options: Any) -> Any:
        class Noted:
            def read(self, count: int, /) -> bytes:
                return noted(stream.read(count))

        return put(storage, key, Noted(), **options)

    def noted(piece: bytes) -> bytes:
        held.append(len(piece))
        return piece

    @contextmanager
    def noting_read(key: str, **options: Any) -> Iterator[Iterator[bytes]]:
        opened: AbstractContextManager[Iterator[bytes]] = read(storage, key, **options)
        with opened as pieces:
            yield map(noted, pieces)

    monkeypatch.setattr(storage, "put", noting_put)
    monkeypatch.setattr(storage, "read", noting_read)
    assert migrated(board, *TO_MOODY).exit_code == 0
    assert sum(held) == 2 * size
    assert max(held) <= 256 * 1024


def test_a_terminal_shows_how_far_it_is_and_how_fast(board: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from pegboard import progress

    quiet = migrated(board, *TO_MOODY)
    assert quiet.stderr == ""
    monkeypatch.setattr(progress, "_FIRST", 0.0)
    monkeypatch.setattr(progress, "_BETWEEN", 0.0)
    monkeypatch.setattr(progress, "on_a_terminal", lambda: True)
    shown = migrated(board, "--from", "moody", "--to", "local").stderr
    first, *_, last = (line.rstrip() for line in shown.split("\r") if line.strip())
    assert re.fullmatch(r"0 of 3 files, 9\.8 KiB of 29\.3 KiB, .+ [KMG]iB/s …", first)
    assert last.startswith("2 of 3 files, 29.3 KiB of 29.3 KiB")
    assert shown.endswith("\r")


def test_no_call_is_made_inside_a_transaction(board: Flask) -> None:
    migrated(board, *TO_MOODY)
    assert len(moody(board).in_transaction) >= 6
    assert not any(moody(board).in_transaction)


def test_an_object_is_known_before_the_target_makes_it(board: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    storage, put, found = moody(board), Moody.put, []

    def noting(key: str, *args: Any, **options: Any) -> Any:
        with db.engine.connect() as apart:
            row = apart.execute(
                select(StoredObject.provider, StoredObject.state).where(StoredObject.key == key)
            ).one_or_none()
        found.append(tuple(row or ()))
        return put(storage, key, *args, **options)

    monkeypatch.setattr(storage, "put", noting)
    monkeypatch.setattr(storage, "check", lambda: None)
    migrated(board, *TO_MOODY)
    assert found == [("moody", "open")] * 3
