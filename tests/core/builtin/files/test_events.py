"""What happens to files is told to whoever listens: when one can be read, when it cannot be any more, and when it never will."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from pegboard import Plugin, hookimpl
from pegboard.builtin.files.service import FileRefused, files
from pegboard.db import db
from pegboard.events import FileDeleted, FileFailed, FileReady
from pegboard.live import board_of
from pegboard.work.kinds import kind_of
from pegboard.work.models import Work

PNG = b"\x89PNG\r\n\x1a\n" + bytes(2000)


class Listener(Plugin[Any]):
    """Hears everything about files."""

    name = "listener"

    @hookimpl
    def file_ready(self, event: FileReady) -> None: ...

    @hookimpl
    def file_failed(self, event: FileFailed) -> None: ...

    @hookimpl
    def file_deleted(self, event: FileDeleted) -> None: ...


@pytest.fixture
def app(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Flask]:
    """A board with files and the listener, and its context."""
    from pegboard.testing.boards import making_boards

    with making_boards(tmp_path / "instance") as make:
        app = make("files", Listener, config={"files": {"max_size": 5_000}})
        with app.app_context():
            yield app


def told(app: Flask) -> list[Any]:
    from pegboard.events.coding import decoded

    rows = db.session.scalars(select(Work).order_by(Work.id)).all()
    return [decoded(kind_of(board_of(app), str(row.event_type)), 1, str(row.data)) for row in rows]


def test_a_file_that_can_be_read_is_told_and_so_is_its_end(app: Flask) -> None:
    file = files.save(BytesIO(PNG), "a.png", "image/png", owner="alice")
    (ready,) = told(app)
    assert isinstance(ready, FileReady)
    assert (ready.file, ready.owner, ready.filename) == (file.id, "alice", "a.png")
    assert (ready.content_type, ready.size, ready.public) == ("image/png", len(PNG), False)
    files.delete(file.id, "alice")
    assert [type(event) for event in told(app)] == [FileReady, FileDeleted]


def test_a_file_that_is_refused_is_told_with_the_reason(app: Flask) -> None:
    with pytest.raises(FileRefused):
        files.save(BytesIO(PNG * 3), "a.png", "image/png", owner="alice")
    (failed,) = told(app)
    assert isinstance(failed, FileFailed)
    assert failed.problem == "too_large"


def test_the_end_of_a_file_that_nobody_could_read_is_not_told(app: Flask) -> None:
    file, _ = files.begin_upload("a.png", "image/png", 100, "alice")
    files.delete(file.id, "alice")
    assert told(app) == []
