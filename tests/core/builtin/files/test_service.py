"""The service: rows before objects, checks before `ready`, and nothing lost when the provider does not answer."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask

from pegboard.builtin.files.models import File
from pegboard.builtin.files.records import ANYONE, NoSuchFile
from pegboard.builtin.files.service import FileRefused, files
from pegboard.contracts.files import FILES
from pegboard.db import db
from pegboard.errors import PegboardError, ProviderError
from pegboard.live import board_of
from tests.core.builtin.files.boards import PNG, MakeBoard, MoodyFiles, moody, objects, states


def test_a_saved_file_comes_back_byte_for_byte(board: Flask) -> None:
    with board.app_context():
        file = files.save(BytesIO(PNG), "chart.png", "text/html", "alice")
        assert (file.state, file.content_type, file.size, file.provider) == ("ready", "image/png", len(PNG), "local")
        with files.open(file.id, "alice") as pieces:
            assert b"".join(pieces) == PNG


def test_the_row_is_committed_as_pending_before_the_provider_is_called(moody_board: Flask) -> None:
    with moody_board.app_context():
        files.save(BytesIO(PNG), "chart.png", None, "alice")
    assert moody(moody_board).states == ["pending"]


def test_no_provider_is_called_inside_a_transaction(moody_board: Flask) -> None:
    storage = moody(moody_board)
    with moody_board.app_context():
        file = files.save(BytesIO(PNG), "chart.png", None, "alice")
        sent, _ = files.begin_upload("b.png", "image/png", len(PNG), "alice")
        storage.put(str(sent.upload_key), BytesIO(PNG), content_type="image/png")
        files.complete_upload(sent.id, "alice")
        files.delete(file.id, "alice")
    assert len(storage.in_transaction) > 5
    assert not any(storage.in_transaction)


def test_a_caller_who_has_written_is_refused_and_keeps_what_was_written(board: Flask) -> None:
    with board.app_context():
        first = files.save(BytesIO(PNG), "a.png", None, "alice")
        db.session.add(
            File(id="x", owner="bob", provider="local", key="x", filename="x", content_type="a/b", state="ready")
        )
        for call in (
            lambda: files.save(BytesIO(PNG), "b.png", None, "alice"),
            lambda: files.begin_upload("b.png", None, 3, "alice"),
        ):
            with pytest.raises(PegboardError, match="commit or roll back first"):
                call()
        db.session.flush()
        with pytest.raises(PegboardError, match="commit or roll back first"):
            files.delete(first.id, "alice")
        db.session.commit()
        assert files.count(ANYONE) == 2


@pytest.mark.parametrize("lost", [b"", PNG[:-1], PNG + b"x"])
def test_a_stream_of_another_length_than_was_said_is_refused(board: Flask, tmp_path: Path, lost: bytes) -> None:
    with board.app_context(), pytest.raises(FileRefused) as refused:
        files.save(BytesIO(lost), "chart.png", None, "alice", size=len(PNG))
    assert refused.value.problem == "truncated"
    assert states(board) == [("failed", "truncated")]
    assert objects(tmp_path) == []


def test_a_stream_that_breaks_leaves_a_failed_row_and_no_object(board: Flask, tmp_path: Path) -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 5000:
                raise ConnectionError("hung up")
            return super().read(size)

    with board.app_context(), pytest.raises(ConnectionError):
        files.save(Broken(PNG), "chart.png", None, "alice")
    assert states(board) == [("failed", "truncated")]
    assert objects(tmp_path) == []


def test_what_is_too_large_is_refused_while_it_streams(make_board: MakeBoard, tmp_path: Path) -> None:
    board = make_board(max_size=len(PNG) - 1)
    with board.app_context(), pytest.raises(FileRefused) as refused:
        files.save(BytesIO(PNG), "chart.png", None, "alice")
    assert refused.value.problem == "too_large"
    assert states(board) == [("failed", "too_large")]
    assert objects(tmp_path) == []


def test_a_script_that_calls_itself_a_picture_is_refused(make_board: MakeBoard, tmp_path: Path) -> None:
    board = make_board(allowed_types=("image/*",))
    with board.app_context(), pytest.raises(FileRefused) as refused:
        files.save(BytesIO(b"<!doctype html><script>alert(1)</script>"), "cat.png", "image/png", "alice")
    assert refused.value.problem == "type"
    assert states(board) == [("failed", "type")]
    assert objects(tmp_path) == []


def test_a_provider_that_does_not_answer_leaves_a_failed_row(moody_board: Flask) -> None:
    moody(moody_board).fails.add("put")
    with moody_board.app_context(), pytest.raises(ProviderError):
        files.save(BytesIO(PNG), "chart.png", None, "alice")
    assert states(moody_board) == [("failed", "unreachable")]


def test_a_deletion_the_provider_did_not_do_can_be_done_again(moody_board: Flask, tmp_path: Path) -> None:
    storage = moody(moody_board)
    with moody_board.app_context():
        file = files.save(BytesIO(PNG), "chart.png", None, "alice")
        storage.fails.add("delete")
        with pytest.raises(ProviderError):
            files.delete(file.id, "alice")
        assert files.get(file.id, "alice").state == "deleting"
        with pytest.raises(NoSuchFile):
            files.url(file.id, "alice")
        storage.fails.clear()
        files.delete(file.id, "alice")
        assert files.count(ANYONE) == 0
    assert objects(tmp_path) == []


def test_each_row_names_its_provider_whatever_is_chosen_later(make_board: MakeBoard) -> None:
    with make_board("local").app_context():
        old = files.save(BytesIO(PNG), "old.png", None, "alice")
    with make_board("moody").app_context():
        new = files.save(BytesIO(PNG), "new.png", None, "alice")
        assert (old.provider, new.provider) == ("local", "moody")
        with files.open(old.id, "alice") as pieces:
            assert b"".join(pieces) == PNG


def test_keys_and_ids_cannot_be_guessed_and_hold_nothing_of_the_name(make_board: MakeBoard) -> None:
    with make_board(max_pending=100).app_context():
        made = [files.begin_upload("secret-plan.pdf", None, 3, "alice")[0] for _ in range(50)]
        made += [files.save(BytesIO(b"abc"), "secret-plan.pdf", None, "alice") for _ in range(50)]
    assert len({file.key for file in made} | {file.id for file in made}) == 200
    for file in made:
        assert len(file.key.rpartition("/")[2]) * 5 >= 140  # bits: base 32
        assert file.key == file.key.lower()
        assert "secret" not in file.key + file.id


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a\x00b\r\nSet-Cookie: x\x1b[0m.txt", "abSet-Cookie: x[0m.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("..", "file"),
        ("", "file"),
    ],
)
def test_names_are_cleaned(board: Flask, given: str, kept: str) -> None:
    with board.app_context():
        assert files.save(BytesIO(PNG), given, None, "alice").filename == kept


def test_a_name_of_ten_kilobytes_is_cut_and_keeps_its_extension(board: Flask) -> None:
    with board.app_context():
        name = files.save(BytesIO(PNG), "n" * 10_000 + ".png", None, "alice").filename
    assert len(name) <= 255
    assert name.endswith("n.png")


def _sent(
    content: bytes, name: str = "chart.png", kind: str = "image/png", size: int | None = None, **more: bool
) -> File:
    file, _ = files.begin_upload(name, kind, len(content) if size is None else size, "alice", **more)
    storage = board_of(db_app()).provider(FILES, file.provider)
    storage.put(str(file.upload_key), BytesIO(content), content_type=kind)
    return file


def db_app() -> Flask:
    from flask import current_app

    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]


def test_a_direct_upload_is_pending_until_it_was_looked_at(board: Flask, tmp_path: Path) -> None:
    with board.app_context():
        file = _sent(PNG)
        with pytest.raises(NoSuchFile):
            files.url(file.id, "alice")
        done = files.complete_upload(file.id, "alice")
        assert (done.state, done.content_type, done.size) == ("ready", "image/png", len(PNG))
        assert files.complete_upload(file.id, "alice").state == "ready"
    assert objects(tmp_path) == [f"{done.key.rpartition('/')[2]}@"]


def test_what_the_browser_sends_again_changes_nothing(board: Flask) -> None:
    with board.app_context():
        file = _sent(PNG)
        files.complete_upload(file.id, "alice")
        storage = board_of(board).provider(FILES, "local")
        storage.put(str(file.upload_key), BytesIO(b"<script>"), content_type="text/html")
        with files.open(file.id, "alice") as pieces:
            assert b"".join(pieces) == PNG


@pytest.mark.parametrize(
    ("content", "announced", "problem"),
    [
        pytest.param(PNG[:100], len(PNG), "truncated", id="shorter"),
        pytest.param(PNG, 10, "truncated", id="longer"),
        pytest.param(b"<html><script>", 14, "type", id="a page"),
    ],
)
def test_an_upload_that_is_not_what_was_announced_fails_and_is_removed(
    make_board: MakeBoard, tmp_path: Path, content: bytes, announced: int, problem: str
) -> None:
    board = make_board(allowed_types=("image/png",))
    with board.app_context():
        file = _sent(content, size=announced)
        for _ in range(2):
            with pytest.raises(FileRefused) as refused:
                files.complete_upload(file.id, "alice")
            assert refused.value.problem == problem
    assert states(board) == [("failed", problem)]
    assert objects(tmp_path) == []


def test_an_upload_that_never_came_fails(board: Flask) -> None:
    with board.app_context():
        file, _ = files.begin_upload("a.png", "image/png", 10, "alice")
        with pytest.raises(FileRefused):
            files.complete_upload(file.id, "alice")
    assert states(board) == [("failed", "truncated")]


def test_a_public_upload_must_be_the_type_it_was_stored_as(board: Flask) -> None:
    with board.app_context():
        file = _sent(b"<html><script>alert(1)</script>", kind="image/png", public=True)
        with pytest.raises(FileRefused):
            files.complete_upload(file.id, "alice")


@pytest.mark.parametrize("operation", ["copy", "read"])
def test_a_provider_that_does_not_answer_leaves_the_upload_pending(moody_board: Flask, operation: str) -> None:
    storage = moody(moody_board)
    with moody_board.app_context():
        file = _sent(PNG)
        storage.fails.add(operation)
        with pytest.raises(ProviderError):
            files.complete_upload(file.id, "alice")
        assert states(moody_board) == [("pending", None)]
        storage.fails.clear()
        assert files.complete_upload(file.id, "alice").state == "ready"


def test_a_file_deleted_on_its_way_leaves_no_object(
    moody_board: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = moody(moody_board)
    copy = storage.copy
    with moody_board.app_context():
        file = _sent(PNG)

        def deleted_meanwhile(source: str, target: str) -> object:
            stat = copy(source, target)
            files.delete(file.id, "alice")
            storage.put(target, BytesIO(PNG), content_type="image/png")
            return stat

        monkeypatch.setattr(storage, "copy", deleted_meanwhile)
        with pytest.raises(NoSuchFile):
            files.complete_upload(file.id, "alice")
    assert objects(tmp_path) == []


def test_two_requests_that_complete_one_upload_both_find_it_ready(
    moody_board: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = moody(moody_board)
    copy = storage.copy
    with moody_board.app_context():
        file = _sent(PNG)

        def overtaken(source: str, target: str) -> object:
            monkeypatch.setattr(storage, "copy", copy)
            files.complete_upload(file.id, "alice")
            return copy(source, target)

        monkeypatch.setattr(storage, "copy", overtaken)
        assert files.complete_upload(file.id, "alice").state == "ready"
        with files.open(file.id, "alice") as pieces:
            assert b"".join(pieces) == PNG
    assert states(moody_board) == [("ready", None)]


def test_bytes_sent_again_while_two_requests_complete_are_never_served(
    moody_board: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = moody(moody_board)
    copy = storage.copy
    with moody_board.app_context():
        file = _sent(PNG)

        def replaced(source: str, target: str) -> object:
            monkeypatch.setattr(storage, "copy", copy)
            files.complete_upload(file.id, "alice")
            storage.put(source, BytesIO(b"<script>".ljust(len(PNG))), content_type="image/png")
            return copy(source, target)

        monkeypatch.setattr(storage, "copy", replaced)
        assert files.complete_upload(file.id, "alice").state == "ready"
        with files.open(file.id, "alice") as pieces:
            assert b"".join(pieces) == PNG


@pytest.mark.parametrize("call", ["get", "open", "url", "delete", "complete_upload"])
def test_somebody_elses_file_is_no_file(board: Flask, call: str) -> None:
    with board.app_context():
        file = files.save(BytesIO(PNG), "a.png", None, "alice")
        with pytest.raises(NoSuchFile):
            files.open(file.id, "bob").__enter__() if call == "open" else getattr(files, call)(file.id, "bob")
        assert files.list("bob") == []
        assert files.count("bob") == 0
        assert [found.id for found in files.list("alice")] == [file.id]


def test_a_file_needs_an_owner(board: Flask) -> None:
    with board.app_context(), pytest.raises(ValueError, match="needs an owner"):
        files.save(BytesIO(PNG), "a.png")


def test_a_private_file_has_no_public_address(board: Flask) -> None:
    with board.app_context():
        private = files.save(BytesIO(PNG), "a.png", None, "alice")
        shown = files.save(BytesIO(PNG), "a.png", None, "alice", public=True)
        with pytest.raises(NoSuchFile):
            files.public_url(private.id)
        assert files.public_url(shown.id).endswith(f"/{shown.key}")
        assert shown.key.startswith("public/")


def test_the_storage_is_made_once_and_only_when_it_is_needed(moody_board: Flask) -> None:
    made = board_of(moody_board).plugin(MoodyFiles).made
    with moody_board.app_context():
        files.list("alice")
        assert made == []
        files.begin_upload("a.png", None, 3, "alice")
        files.begin_upload("a.png", None, 3, "alice")
        assert len(made) == 1
