"""A process that forks shares no connection with its children."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, text

from pegboard import BoardSettings, create_app
from pegboard.db import db

MakeBoard = Callable[..., Flask]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_child_opens_connections_of_its_own(make_board: MakeBoard, tmp_path: Path) -> None:
    app = make_board(database_url=f"sqlite:///{tmp_path}/test.db")
    with app.app_context():
        with db.engine.connect() as connection:
            connection.info["opened"] = "by the parent"
        assert db.engine.pool.checkedin() == 1  # type: ignore[attr-defined]
        child = os.fork()
        if child == 0:
            with db.engine.connect() as connection:
                fresh = connection.info.get("opened") is None
                connection.execute(text("SELECT 1"))
            os._exit(0 if fresh and db.engine.pool.checkedin() == 1 else 1)  # type: ignore[attr-defined]
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        with db.engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_child_does_not_say_goodbye_on_the_connection_of_its_parent(make_board: MakeBoard, tmp_path: Path) -> None:
    """A server would take that for the parent's own goodbye."""
    app = make_board(database_url=f"sqlite:///{tmp_path}/test.db")
    goodbye = tmp_path / "goodbye"
    with app.app_context():
        event.listen(db.engine, "close", lambda *_: goodbye.touch())
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
    assert not goodbye.exists()


def test_create_app_opens_no_connection(tmp_path: Path) -> None:
    opened: list[object] = []
    file = tmp_path / "test.db"
    app = create_app(BoardSettings(env="test", builtins=(), instance_path=tmp_path, database_url=f"sqlite:///{file}"))
    with app.app_context():
        event.listen(db.engine, "connect", lambda *values: opened.append(values))
    assert not file.exists()
    app.test_client().get("/healthz")
    assert not file.exists()
    with app.app_context(), db.engine.connect():
        assert len(opened) == 1
        assert file.exists()
