"""The console on PostgreSQL: its lists, an item, a replay, and what it says where tables are missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from pegboard.db import db
from pegboard.testing.boards import BoardClient, MakeBoard
from tests.core.builtin.console.office import FAILING, PAY, Office, failed, status_of, trail
from tests.postgres import new_database, postgres

__all__ = ["new_database", "postgres"]
pytestmark = pytest.mark.db


@pytest.fixture
def board(make_board: MakeBoard, new_database: Callable[[], str]) -> Flask:
    FAILING["now"] = True
    return make_board("console", "accounts", Office, database_url=new_database())


def test_what_is_dead_is_seen_and_set_to_work_again(board: Flask, client: BoardClient) -> None:
    first, second = failed(board, "ada", "grace", lane="one")
    for path in ("/console/", "/console/work", "/console/webhooks", f"/console/?handler={PAY}&before={second}"):
        assert client.get(path).status_code == 200
    assert "no money for grace" in client.get("/console/?handler=%00").text
    assert client.get(f"/console/work/{2**63 - 1}").status_code == 404
    client.submit(f"/console/work/{first}/replay", page=f"/console/work/{first}", seen="dead")
    client.submit("/console/replay", page=f"/console/replay?handler={PAY}", handler=PAY)
    assert [item for item, _, _ in trail(board)] == [first, second]
    assert [status_of(board, item) for item in (first, second)] == ["pending", "waiting"]


def test_pending_migrations_are_named(board: Flask, client: BoardClient) -> None:
    with board.app_context(), db.engine.begin() as connection:
        connection.execute(text("DROP TABLE work, work_replays, work_gates, alembic_version_core"))
    answer = client.get("/console/")
    assert answer.status_code == 503
    assert "Migrations are pending for: <code>core</code>" in answer.text
